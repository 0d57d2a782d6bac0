"""Numbers, spans and times as a person reads them. Every format of every page uses these, so they cannot disagree."""

import math
from datetime import datetime, tzinfo
from decimal import Decimal

from watchkeeper.model import Unit
from watchkeeper.quantity import Duration

NEVER = "not at this pace"


def lasting(seconds: float) -> str:
    """`4 min`, `1 h 54 min`; infinity is `not at this pace`."""
    if math.isinf(seconds):
        return NEVER
    if seconds < 1:
        return "less than 1 s"
    return Duration(Decimal(round(seconds))).words


def share(ratio: float) -> str:
    """`38 %`, `97.5 %`, `99.94 %`, `0.063 %`: the digits that tell, never rounded up to `100 %` or down to `0 %`."""
    if not math.isfinite(ratio):
        return "not a number"
    if ratio < 0:
        return "-" + share(-ratio)
    percent = ratio * 100
    if percent in (0, 100) or (10 <= percent < 90) or percent > 100:
        return f"{_grouped(round(percent))} %"
    if percent >= 90:
        return f"{_two_digits(percent, of=100 - percent)} %" if percent < 99.999 else "> 99.999 %"
    if percent < 0.001:
        return "< 0.001 %"
    return f"{_two_digits(percent, of=percent)} %"


def _two_digits(percent: float, *, of: float) -> str:
    digits = max(0 if of == percent else 1, 1 - math.floor(math.log10(of)))
    text = f"{percent:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def amount(value: float, unit: Unit) -> str:
    """A value with its unit: `27 %`, `1.5 s`, `$3.10`, `512 MiB`."""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else ("-" if value < 0 else "") + "infinite"
    match unit:
        case Unit.RATIO:
            return share(value)
        case Unit.SECONDS:
            return _seconds(value)
        case Unit.DOLLARS:
            return f"${value:,.2f}"
        case Unit.BYTES:
            return _bytes(value)
        case Unit.NUMBER:
            return number(value)


def number(value: float) -> str:
    """Three digits that tell, without an exponent: `14.4`, `0.0123`, `1 234 567`."""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "infinite"
    if abs(value) >= 1000:
        return _grouped(round(value))
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _seconds(value: float) -> str:
    if abs(value) >= 60:
        return ("-" if value < 0 else "") + lasting(abs(value))
    if 0 < abs(value) < 1:
        return f"{number(value * 1000)} ms"
    return f"{number(value)} s"


def _bytes(value: float) -> str:
    for suffix in ("B", "KiB", "MiB", "GiB"):
        if abs(value) < 1024:
            return f"{number(value)} {suffix}"
        value /= 1024
    return f"{number(value)} TiB"


def factor(value: float) -> str:
    """A burn rate: `14.4x`."""
    return number(value) + "x"


def clock(at: float, now: float, zone: tzinfo) -> str:
    """`14:03` within the last day, else with its date: `21 Nov 14:03`."""
    moment, today = datetime.fromtimestamp(at, zone), datetime.fromtimestamp(now, zone)
    if moment.date() == today.date():
        return f"{moment:%H:%M}"
    return f"{moment.day} {moment:%b %H:%M}" if moment.year == today.year else f"{moment.day} {moment:%b %Y %H:%M}"


def iso(at: float, zone: tzinfo) -> str:
    return datetime.fromtimestamp(at, zone).isoformat(timespec="seconds")


def zone_name(now: float, zone: tzinfo) -> str:
    return datetime.fromtimestamp(now, zone).tzname() or "local time"


def sentence(text: str) -> str:
    """Starts with a capital and ends with a stop, so that texts of different authors can stand in a row."""
    text = " ".join(text.split())
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")


def clause(text: str) -> str:
    """Without the stop, so that a text can stand inside a sentence."""
    return " ".join(text.split()).rstrip(".")


def second(at: float, zone: tzinfo) -> str:
    """`14:03:07`, for what is refreshed while one looks."""
    return f"{datetime.fromtimestamp(at, zone):%H:%M:%S}"
