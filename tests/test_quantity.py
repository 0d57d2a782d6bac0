"""Quantities: what is read, what is refused and how, exact arithmetic, printing that can be read again."""

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.quantity import (
    Bytes,
    Duration,
    Measure,
    Money,
    Quantity,
    QuantityError,
    Ratio,
    parse_threshold,
    plain,
)

# --- durations -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", "0.25"),
        ("30s", "30"),
        ("5m", "300"),
        ("1h30m", "5400"),
        ("90m", "5400"),
        ("2h", "7200"),
        ("7d", "604800"),
        ("2w", "1209600"),
        ("1w2d3h4m5s6ms", "788645.006"),  # 604800 + 172800 + 10800 + 240 + 5 + 0.006
        ("0s", "0"),
        ("30d", "2592000"),
    ],
)
def test_duration_is_read(text: str, seconds: str) -> None:
    assert Duration.parse(text).seconds == Decimal(seconds)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("0.5", "a duration needs a unit", "500ms, 30s, 5m, 2h, 7d, 2w"),
        ("5", "a duration needs a unit", "5s, 5m or 5h, whichever is meant"),
        ("1.5h", "not a duration", "write 1h30m"),
        ("1.5s", "not a duration", "write 1500ms"),
        ("0.0001s", "not a duration", ""),
        ("2 minutes", "not a duration", "write 2m"),
        ("3 days", "not a duration", "write 3d"),
        ("10 s", "not a duration", "write 10s"),
        ("5M", "not a duration", "write 5m"),
        ("30s1m", "not a duration", "each unit once, the largest first, as in 1d2h30m"),
        ("1m1m", "not a duration", "each unit once, the largest first, as in 1d2h30m"),
        ("12:30", "not a duration", "write 12m30s or 12h30m, whichever is meant"),
        ("-5s", "a duration is never negative", ""),
        ("5y", "not a duration", ""),
        ("", "not a duration", ""),
        ("soon", "not a duration", ""),
        ("5m ", "not a duration", "write 5m"),
        ("99999999d", "a duration of more than a century", ""),
        ("٥m", "not a duration", ""),  # digits of another script
    ],
)
def test_duration_is_refused_with_a_way_out(text: str, message: str, hint: str) -> None:
    with pytest.raises(QuantityError) as caught:
        Duration.parse(text)
    error = caught.value
    assert (error.message, error.hint) == (message, hint)
    assert error.allowed
    assert error.found == text
    assert str(error) == (f"{message}; {hint}" if hint else message)


def test_what_is_shown_of_a_long_text_is_short() -> None:
    with pytest.raises(QuantityError) as caught:
        Duration.parse("x" * 10_000)
    assert len(caught.value.found) == 40


@pytest.mark.parametrize(
    ("text", "canonical", "words"),
    [
        ("90m", "1h30m", "1 h 30 min"),
        ("2w", "14d", "14 d"),
        ("30d", "30d", "30 d"),
        ("75s", "1m15s", "1 min 15 s"),
        ("250ms", "250ms", "250 ms"),
        ("2500ms", "2s500ms", "2.5 s"),
        ("0s", "0s", "0 s"),
        ("3599700ms", "59m59s700ms", "1 h"),  # 59 min 59.7 s rounds to 60 min 0 s
        ("16h40m", "16h40m", "16 h 40 min"),
        ("1d2h3m", "1d2h3m", "1 d 2 h"),
    ],
)
def test_duration_is_printed(text: str, canonical: str, words: str) -> None:
    duration = Duration.parse(text)
    assert str(duration) == duration.promql == canonical
    assert duration.words == words


def test_duration_arithmetic_is_exact() -> None:
    month = Duration.of(days=30)
    assert Duration.of(hours=1) / 12 == Duration.parse("5m")
    assert Duration.of(minutes=15) / 12 == Duration.parse("75s")
    assert month / Duration.of(hours=1) == Decimal(720)
    assert month * Ratio.parse("99.9%").complement == Duration.parse("43m12s")  # 2592000 x 0.001 = 2592 s
    assert 2 * Duration.parse("5m") == Duration.parse("10m") == Duration.parse("5m") * 2
    assert Duration.parse("1h") + Duration.parse("1ms") - Duration.parse("1h") == Duration.of(milliseconds=1)
    assert month / Decimal("43.2") == Duration.parse("16h40m")  # 2592000 / 43.2 = 60000 s
    assert Duration.parse("1s") / Ratio.parse("50%") == Duration.parse("2s")


def test_duration_that_is_no_whole_millisecond_is_printed_rounded() -> None:
    third = Duration.of(seconds=10) / 3
    assert third.promql == "3s333ms"
    assert third.words == "3.33 s"
    assert third.milliseconds == 3333


def test_durations_are_ordered_and_hashable() -> None:
    assert Duration.parse("90s") > Duration.parse("1m")
    assert len({Duration.parse("60s"), Duration.parse("1m"), Duration.of(minutes=1)}) == 1
    assert not Duration.parse("0s")
    assert Duration.parse("1ms")


def test_negative_durations_cannot_be_made() -> None:
    with pytest.raises(QuantityError, match="never negative"):
        Duration.parse("1s") - Duration.parse("2s")
    with pytest.raises(QuantityError):
        Duration(Decimal("NaN"))


@given(st.integers(min_value=0, max_value=36525 * 86_400_000))
def test_printing_and_reading_a_duration_is_the_identity(milliseconds: int) -> None:
    duration = Duration.of(milliseconds=milliseconds)
    assert Duration.parse(str(duration)) == duration


@given(st.text(max_size=30))
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    with contextlib.suppress(QuantityError):
        assert Duration.parse(text).seconds >= 0


# --- ratios ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "printed"),
    [
        ("85%", "0.85", "85%"),
        ("99.9%", "0.999", "99.9%"),
        ("99.9 %", "0.999", "99.9%"),
        ("0%", "0", "0%"),
        ("150%", "1.5", "150%"),
        ("0.01%", "0.0001", "0.01%"),
        ("100%", "1", "100%"),
    ],
)
def test_ratio_is_read_and_printed(text: str, value: str, printed: str) -> None:
    ratio = Ratio.parse(text)
    assert ratio.value == Decimal(value)
    assert str(ratio) == printed


def test_complement_is_exact() -> None:
    assert Ratio.parse("99.9%").complement.value == Decimal("0.001")
    assert str(Ratio.parse("99.9%").complement) == "0.1%"
    assert str(Ratio.parse("99.95%").complement.value) == "0.0005"
    assert Ratio.of(percent=95).complement == Ratio(Decimal("0.05"))


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("0.85", "a ratio needs its percent sign", "write 85% (or 0.85% if that is meant)"),
        ("85", "a ratio needs its percent sign", "write 85%"),
        ("a%", "not a percentage", ""),
        ("", "not a percentage", ""),
        ("%", "not a percentage", ""),
        ("-5%", "not a percentage", ""),
        ("1e2%", "not a percentage", ""),
    ],
)
def test_ratio_is_refused_with_a_way_out(text: str, message: str, hint: str) -> None:
    with pytest.raises(QuantityError) as caught:
        Ratio.parse(text)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_ratio_arithmetic() -> None:
    assert Ratio.parse("5%") * Decimal("14.4") == Ratio.parse("72%")
    assert Ratio.parse("50%") * Ratio.parse("50%") == Ratio.parse("25%")
    assert Ratio.parse("99.95%").words == "99.95 %"
    assert Ratio(Decimal(1) / 3).words == "33.33 %"
    with pytest.raises(QuantityError):
        Ratio(Decimal(-1))


@given(st.decimals(min_value=0, max_value=1000, places=6))
def test_printing_and_reading_a_ratio_is_the_identity(value: Decimal) -> None:
    assert Ratio.parse(str(Ratio(value))) == Ratio(value)


# --- bytes and money -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "printed", "words"),
    [
        ("512B", 512, "512B", "512 B"),
        ("64KiB", 65_536, "64KiB", "64 KiB"),
        ("10GiB", 10_737_418_240, "10GiB", "10 GiB"),
        ("1.5GiB", 1_610_612_736, "1.5GiB", "1.5 GiB"),
        ("5MB", 5_000_000, "5000000B", "4.77 MiB"),
        ("1 TiB", 2**40, "1TiB", "1 TiB"),
    ],
)
def test_bytes_are_read_and_printed(text: str, value: int, printed: str, words: str) -> None:
    size = Bytes.parse(text)
    assert size.value == value
    assert str(size) == printed
    assert size.words == words
    assert Bytes.parse(printed) == size


@pytest.mark.parametrize(("text", "hint"), [("10gb", "write 10GB"), ("5", ""), ("3 gib", "write 3GiB"), ("x", "")])
def test_bytes_are_refused_with_a_way_out(text: str, hint: str) -> None:
    with pytest.raises(QuantityError) as caught:
        Bytes.parse(text)
    assert caught.value.hint == hint


@pytest.mark.parametrize(("text", "printed"), [("$5", "$5"), ("$0.5", "$0.50"), ("$0.0003", "$0.0003")])
def test_money_is_read_and_printed(text: str, printed: str) -> None:
    assert str(Money.parse(text)) == printed


def test_money_adds_exactly() -> None:
    assert Money.parse("$0.1") + Money.parse("$0.2") == Money.parse("$0.3")


@pytest.mark.parametrize(("text", "hint"), [("5", "write $5"), ("5 USD", "write $5"), ("€5", ""), ("$", "")])
def test_money_is_refused_with_a_way_out(text: str, hint: str) -> None:
    with pytest.raises(QuantityError) as caught:
        Money.parse(text)
    assert caught.value.hint == hint


# --- thresholds ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "measure", "printed"),
    [
        ("85%", "0.85", Measure.RATIO, "85%"),
        ("90 %", "0.9", Measure.RATIO, "90%"),
        ("100ms", "0.1", Measure.SECONDS, "100ms"),
        ("2m", "120", Measure.SECONDS, "2m"),
        ("10GiB", "10737418240", Measure.BYTES, "10GiB"),
        ("$5", "5", Measure.DOLLARS, "$5"),
        ("5", "5", Measure.NUMBER, "5"),
        ("-3", "-3", Measure.NUMBER, "-3"),
        ("0.5/s", "0.5", Measure.NUMBER, "0.5"),
        ("0", "0", Measure.NUMBER, "0"),
    ],
)
def test_threshold_is_told_by_its_unit(text: str, value: str, measure: Measure, printed: str) -> None:
    threshold = parse_threshold(text)
    assert threshold == Quantity(Decimal(value), measure)
    assert str(threshold) == printed


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("30/min", "rates are per second: write 0.5/s"),
        ("7/min", "rates are per second"),
        ("5 per second", "rates are per second: write 5/s"),
        ("10gb", "write 10GB"),
        ("5M", "write 5MB"),
        ("10 USD", "write $10"),
        ("2 minutes", "write 2m"),
        ("1.5s", "write 1500ms"),
        ("1e5", ""),
        ("NaN", ""),
        ("", ""),
        ("high", ""),
    ],
)
def test_threshold_is_refused_with_a_way_out(text: str, hint: str) -> None:
    with pytest.raises(QuantityError) as caught:
        parse_threshold(text)
    assert caught.value.hint == hint


def test_a_threshold_that_is_no_whole_millisecond_is_still_printed() -> None:
    assert str(Quantity(Decimal("0.0005"), Measure.SECONDS)) == "0.0005s"


@pytest.mark.parametrize(
    ("value", "text"),
    [("1E+2", "100"), ("0.10", "0.1"), ("0.001", "0.001"), ("-0", "0"), ("0E-7", "0"), ("1E-9", "0.000000001")],
)
def test_plain_numbers_have_no_exponent(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text
