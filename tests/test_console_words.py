"""Numbers and times as a person reads them."""

import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from watchkeeper.console import words
from watchkeeper.model import Unit

NOW = datetime(2026, 11, 23, 14, 7, 9, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (0, "0 %"),
        (1, "100 %"),
        (0.38, "38 %"),
        (0.5, "50 %"),
        (0.055, "5.5 %"),
        (0.00063, "0.063 %"),
        (0.0004, "0.04 %"),
        (0.000001, "< 0.001 %"),
        (0.975, "97.5 %"),
        (0.9, "90 %"),
        (0.9994, "99.94 %"),
        (0.99998, "99.998 %"),
        (0.999999, "> 99.999 %"),
        (1.23, "123 %"),
        (12.5, "1 250 %"),
        (-3.0, "-300 %"),
        (math.nan, "not a number"),
        (math.inf, "not a number"),
    ],
)
def test_share(ratio: float, text: str) -> None:
    assert words.share(ratio) == text


def test_a_share_is_never_rounded_to_all_or_nothing() -> None:
    for exponent in range(1, 12):
        tiny = 10.0**-exponent
        assert words.share(tiny) != "0 %"
        assert words.share(1 - tiny) != "100 %"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "less than 1 s"), (45, "45 s"), (240, "4 min"), (6821, "1 h 54 min"), (math.inf, "not at this pace")],
)
def test_lasting(seconds: float, text: str) -> None:
    assert words.lasting(seconds) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.27, Unit.RATIO, "27 %"),
        (1.5, Unit.SECONDS, "1.5 s"),
        (0.131, Unit.SECONDS, "131 ms"),
        (-0.5, Unit.SECONDS, "-500 ms"),
        (6840, Unit.SECONDS, "1 h 54 min"),
        (-120, Unit.SECONDS, "-2 min"),
        (3.1, Unit.DOLLARS, "$3.10"),
        (536870912, Unit.BYTES, "512 MiB"),
        (100, Unit.BYTES, "100 B"),
        (2**50, Unit.BYTES, "1 024 TiB"),
        (0, Unit.NUMBER, "0"),
        (1234567, Unit.NUMBER, "1 234 567"),
        (0.01234, Unit.NUMBER, "0.0123"),
        (14.4, Unit.NUMBER, "14.4"),
        (math.nan, Unit.RATIO, "not a number"),
        (-math.inf, Unit.SECONDS, "-infinite"),
    ],
)
def test_amount(value: float, unit: Unit, text: str) -> None:
    assert words.amount(value, unit) == text


def test_number_of_what_is_none() -> None:
    assert words.number(math.nan) == "not a number"
    assert words.number(math.inf) == "infinite"
    assert words.factor(14.4) == "14.4x"


def test_clock_shows_the_date_only_where_it_is_needed() -> None:
    assert words.clock(NOW - 240, NOW, UTC) == "14:03"
    assert words.clock(NOW - 86400, NOW, UTC) == "22 Nov 14:07"
    assert words.clock(NOW - 400 * 86400, NOW, UTC) == "19 Oct 2025 14:07"


def test_clock_follows_the_zone() -> None:
    zone = ZoneInfo("America/New_York")
    assert words.clock(NOW, NOW, zone) == "09:07"
    assert words.second(NOW, zone) == "09:07:09"
    assert words.iso(NOW, zone) == "2026-11-23T09:07:09-05:00"
    assert words.zone_name(NOW, zone) == "EST"


def test_texts_of_different_authors_stand_in_a_row() -> None:
    assert words.sentence("the cache\n is gone") == "The cache is gone."
    assert words.sentence("Already done!") == "Already done!"
    assert words.sentence(" ") == ""
    assert words.clause("It ends.") == "It ends"
