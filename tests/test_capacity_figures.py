"""How figures are said."""

from decimal import Decimal

import pytest

from watchkeeper.report.capacity.figure import Amount, Figure, Unit, grouped, in_bytes, table


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("0", "0"),
        ("0.002134", "0.00213"),
        ("0.5", "0.5"),
        ("1.10", "1.1"),
        ("19.2901", "19.3"),
        ("104", "104"),
        ("1104.6", "1,105"),
        ("30077385.6", "30,077,386"),
        ("999.6", "1,000"),
    ],
)
def test_three_digits(value: str, words: str) -> None:
    assert grouped(Decimal(value)) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(999, "999 B"), (1000, "1 kB"), (6400, "6.4 kB"), (48_520_000_000, "48.5 GB"), (2_380_000_000_000, "2.38 TB")],
)
def test_bytes_are_told_in_powers_of_a_thousand(value: int, words: str) -> None:
    assert in_bytes(Decimal(value)) == words


@pytest.mark.parametrize(
    ("low", "high", "unit", "words"),
    [
        (8_000_000_000, 16_000_000_000, Unit.BYTES, "8 to 16 GB"),
        (567_000_000, 3_260_000_000, Unit.BYTES, "567 MB to 3.26 GB"),
        (3, 3, Unit.COUNT, "3"),
        (1_250_000, 1_250_000, Unit.COUNT, "1,250,000"),
        ("19.3", "57.9", Unit.PER_SECOND, "19.3/s to 57.9/s"),
        ("0.1", "0.5", Unit.SHARE, "10 to 50 %"),
        ("0.0653", "0.0653", Unit.SECONDS, "65.3 ms"),
        ("6.53", "6.53", Unit.SECONDS, "6.53 s"),
        ("103.7", "518.4", Unit.TIMES, "104 to 518 times"),
    ],
)
def test_an_amount_says_its_unit_once(low: float | str, high: float | str, unit: Unit, words: str) -> None:
    assert Amount(Decimal(low), Decimal(high), unit).words == words


def test_json_has_numbers() -> None:
    figure = Figure("disk", Amount(Decimal("1.5"), Decimal(3), Unit.BYTES), "why")
    assert figure.json == {"label": "disk", "low": 1.5, "high": 3.0, "unit": "bytes", "derivation": "why"}


def test_columns_of_a_table() -> None:
    assert table((("", "1x"), ("series", "16,615"))) == "            1x\nseries  16,615"
