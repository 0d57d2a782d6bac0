"""Quantities with units, exact: durations, ratios, bytes, money. Parse, print, arithmetic; never a float."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import Self, overload

_NUMBER = r"[0-9]{1,15}(?:\.[0-9]{1,12})?"
_CENTURY = Decimal(36525 * 86400)
"""Prometheus counts durations in 64-bit nanoseconds (292 years); a century is more than anyone means."""
_MAX_SHOWN = 40


class QuantityError(ValueError):
    """A text is no quantity: what was found, what is allowed, what to write instead."""

    def __init__(self, message: str, *, found: str, allowed: str, hint: str = "") -> None:
        super().__init__(f"{message}; {hint}" if hint else message)
        self.message = message
        self.found = found
        self.allowed = allowed
        self.hint = hint


def plain(value: Decimal) -> str:
    """A decimal as people write it: no exponent, no trailing zeros, no sign on zero."""
    if value == 0:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _shown(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"


def _number(text: str) -> Decimal | None:
    return Decimal(text) if re.fullmatch(_NUMBER, text) else None


def _rounded(value: Decimal, digits: int) -> Decimal:
    """To so many significant digits, whole numbers kept whole."""
    places = min(0, value.adjusted() - digits + 1)
    return value.quantize(Decimal(1).scaleb(places), rounding=ROUND_HALF_EVEN)


# --- durations ------------------------------------------------------------------------------------

_UNITS = {
    "w": Decimal(604800),
    "d": Decimal(86400),
    "h": Decimal(3600),
    "m": Decimal(60),
    "s": Decimal(1),
    "ms": Decimal("0.001"),
}
_PRINTED = ("d", "h", "m", "s", "ms")
"""Weeks are read but never printed: everyone says `14d`, few say `2w`."""
_WORDS = {"d": "d", "h": "h", "m": "min", "s": "s", "ms": "ms"}
_DURATION = re.compile("".join(rf"(?:(?P<{unit}>[0-9]{{1,15}}){unit}(?![a-z]))?" for unit in _UNITS))
_DURATION_ALLOWED = "whole numbers with units, largest first: 500ms, 30s, 5m, 1h30m, 7d, 2w"
_LONG_UNITS = {
    "sec": "s", "secs": "s", "second": "s", "seconds": "s", "min": "m", "mins": "m", "minute": "m", "minutes": "m",
    "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "day": "d", "days": "d", "week": "w", "weeks": "w",
    "msec": "ms", "millis": "ms", "milliseconds": "ms",
}  # fmt: skip


def _duration_error(text: str) -> QuantityError:
    message, hint = "not a duration", _duration_hint(text.strip())
    if re.fullmatch(_NUMBER, text):
        whole = text.isdigit() and len(text) < 6
        hint = f"{text}s, {text}m or {text}h, whichever is meant" if whole else "500ms, 30s, 5m, 2h, 7d, 2w"
        message = "a duration needs a unit"
    elif text.startswith("-"):
        message = "a duration is never negative"
    return QuantityError(message, found=_shown(text), allowed=_DURATION_ALLOWED, hint=hint)


def _duration_hint(text: str) -> str:
    if re.fullmatch(r"(?:[0-9]+(?:ms|[wdhms])){2,}", text):
        return "each unit once, the largest first, as in 1d2h30m"
    if clock := re.fullmatch(r"([0-9]{1,2}):([0-9]{2})", text):
        return f"write {clock[1]}m{clock[2]}s or {clock[1]}h{clock[2]}m, whichever is meant"
    number_unit = re.fullmatch(rf"({_NUMBER})\s*([A-Za-z]+)", text)
    if number_unit is None:
        return ""
    unit = _LONG_UNITS.get(number_unit[2].lower(), number_unit[2].lower())
    seconds = Decimal(number_unit[1]) * _UNITS.get(unit, Decimal("NaN"))
    if seconds.is_nan() or seconds * 1000 % 1 != 0 or seconds > _CENTURY:
        return ""
    return f"write {plain(seconds * 1000)}ms" if seconds % 1 else f"write {Duration(seconds)}"


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A length of time, exact. Never negative."""

    seconds: Decimal

    def __post_init__(self) -> None:
        if not self.seconds.is_finite() or self.seconds < 0:
            raise QuantityError(
                "a duration is never negative", found=f"{self.seconds} seconds", allowed=_DURATION_ALLOWED
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `1h30m`, `250ms`, `30d`, `2w`: Prometheus' own grammar. Raises QuantityError."""
        match = _DURATION.fullmatch(text) if text else None
        if match is None:
            raise _duration_error(text)
        seconds = sum((Decimal(count) * _UNITS[unit] for unit, count in match.groupdict("0").items()), Decimal(0))
        if seconds > _CENTURY:
            raise QuantityError("a duration of more than a century", found=_shown(text), allowed="up to 36525d")
        return cls(seconds)

    @classmethod
    def of(
        cls,
        *,
        days: int | Decimal = 0,
        hours: int | Decimal = 0,
        minutes: int | Decimal = 0,
        seconds: int | Decimal = 0,
        milliseconds: int | Decimal = 0,
    ) -> Self:
        parts = {"d": days, "h": hours, "m": minutes, "s": seconds, "ms": milliseconds}
        return cls(sum((Decimal(count) * _UNITS[unit] for unit, count in parts.items()), Decimal(0)))

    @property
    def milliseconds(self) -> int:
        """Rounded to the nearest whole one."""
        return int((self.seconds * 1000).to_integral_value(rounding=ROUND_HALF_EVEN))

    @property
    def promql(self) -> str:
        """As PromQL takes it, to the millisecond: `1h30m`."""
        return "".join(f"{count}{unit}" for count, unit in self._parts()) or "0s"

    @property
    def words(self) -> str:
        """As people say it, in its two largest units: `1 h 30 min`."""
        if self.seconds == 0:
            return "0 s"
        if self.seconds < 60:
            ms = self.seconds < 1
            value = _rounded(self.seconds * 1000 if ms else self.seconds, 3)
            return f"{plain(value)} {'ms' if ms else 's'}"
        top = next(index for index, unit in enumerate(_PRINTED) if self.seconds >= _UNITS[unit])
        finest = _UNITS[_PRINTED[top + 1]]
        rounded = Duration((self.seconds / finest).to_integral_value(rounding=ROUND_HALF_EVEN) * finest)
        return " ".join(f"{count} {_WORDS[unit]}" for count, unit in rounded._parts())

    def _parts(self) -> list[tuple[int, str]]:
        left = self.milliseconds
        parts: list[tuple[int, str]] = []
        for unit in _PRINTED:
            count, left = divmod(left, int(_UNITS[unit] * 1000))
            if count:
                parts.append((count, unit))
        return parts

    def __str__(self) -> str:
        return self.promql

    def __bool__(self) -> bool:
        return self.seconds != 0

    def __add__(self, other: "Duration") -> "Duration":
        return Duration(self.seconds + other.seconds)

    def __sub__(self, other: "Duration") -> "Duration":
        return Duration(self.seconds - other.seconds)

    def __mul__(self, factor: "int | Decimal | Ratio") -> "Duration":
        return Duration(self.seconds * (factor.value if isinstance(factor, Ratio) else factor))

    __rmul__ = __mul__

    @overload
    def __truediv__(self, divisor: "Duration") -> Decimal: ...
    @overload
    def __truediv__(self, divisor: "int | Decimal | Ratio") -> "Duration": ...
    def __truediv__(self, divisor: "Duration | int | Decimal | Ratio") -> "Duration | Decimal":
        if isinstance(divisor, Duration):
            return self.seconds / divisor.seconds
        return Duration(self.seconds / (divisor.value if isinstance(divisor, Ratio) else divisor))


# --- ratios ---------------------------------------------------------------------------------------

_RATIO_ALLOWED = "a percentage: 5%, 99.9%"


@dataclass(frozen=True, slots=True, order=True)
class Ratio:
    """A share of something, exact. May exceed one (150 % of a budget), never negative."""

    value: Decimal

    def __post_init__(self) -> None:
        if not self.value.is_finite() or self.value < 0:
            raise QuantityError("a ratio is never negative", found=str(self.value), allowed=_RATIO_ALLOWED)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `85%` or `99.9 %`. A bare number is refused: nobody can tell 0.5 from 0.5 %. Raises QuantityError."""
        number = _number(text[:-1].rstrip(" ")) if text.endswith("%") else None
        if number is not None:
            return cls(number / 100)
        bare = _number(text)
        if bare is None:
            raise QuantityError("not a percentage", found=_shown(text), allowed=_RATIO_ALLOWED)
        hint = (
            f"write {plain(bare)}%" if bare > 1 else f"write {plain(bare * 100)}% (or {plain(bare)}% if that is meant)"
        )
        raise QuantityError("a ratio needs its percent sign", found=_shown(text), allowed=_RATIO_ALLOWED, hint=hint)

    @classmethod
    def of(cls, *, percent: int | Decimal) -> Self:
        return cls(Decimal(percent) / 100)

    @property
    def percent(self) -> Decimal:
        return self.value * 100

    @property
    def complement(self) -> "Ratio":
        """What is missing to one: the error budget of an objective."""
        return Ratio(1 - self.value)

    @property
    def words(self) -> str:
        """As people say it, to four digits: `99.95 %`."""
        return f"{plain(_rounded(self.percent, 4))} %"

    def __str__(self) -> str:
        return f"{plain(self.percent)}%"

    def __mul__(self, factor: "int | Decimal | Ratio") -> "Ratio":
        return Ratio(self.value * (factor.value if isinstance(factor, Ratio) else factor))

    __rmul__ = __mul__


# --- bytes and money ------------------------------------------------------------------------------

_BYTE_UNITS = {
    "B": Decimal(1),
    "KiB": Decimal(2**10), "MiB": Decimal(2**20), "GiB": Decimal(2**30), "TiB": Decimal(2**40),
    "kB": Decimal(10**3), "MB": Decimal(10**6), "GB": Decimal(10**9), "TB": Decimal(10**12),
}  # fmt: skip
_BYTES = re.compile(rf"({_NUMBER}) ?({'|'.join(_BYTE_UNITS)})")
_BYTES_ALLOWED = "a number with a unit: 512B, 64KiB, 10GiB, 5MB"
_BINARY = ("TiB", "GiB", "MiB", "KiB")


@dataclass(frozen=True, slots=True, order=True)
class Bytes:
    """An amount of memory or storage. `Ki`, `Mi`, `Gi` are powers of 1024; `k`, `M`, `G` of 1000."""

    value: Decimal

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises QuantityError."""
        match = _BYTES.fullmatch(text)
        if match is None:
            spelling = {unit.lower(): unit for unit in _BYTE_UNITS} | {"k": "kB", "m": "MB", "g": "GB", "t": "TB"}
            close = re.fullmatch(rf"({_NUMBER}) ?([A-Za-z]+)", text)
            unit = spelling.get(close[2].lower(), "") if close else ""
            hint = f"write {close[1]}{unit}" if close and unit else ""
            raise QuantityError("not a number of bytes", found=_shown(text), allowed=_BYTES_ALLOWED, hint=hint)
        return cls(Decimal(match[1]) * _BYTE_UNITS[match[2]])

    def __str__(self) -> str:
        """The largest binary unit that holds it in few digits, exact: `1.5GiB`, else plain bytes."""
        for unit in _BINARY:
            scaled = self.value / _BYTE_UNITS[unit]
            if scaled >= 1 and scaled * 100 % 1 == 0:
                return f"{plain(scaled)}{unit}"
        return f"{plain(self.value)}B"

    @property
    def words(self) -> str:
        """As people say it, to three digits: `1.5 GiB`."""
        unit = next((unit for unit in _BINARY if self.value >= _BYTE_UNITS[unit]), "B")
        return f"{plain(_rounded(self.value / _BYTE_UNITS[unit], 3))} {unit}"


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """US dollars, exact: a model call costs parts of a cent."""

    value: Decimal

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `$5` or `$0.25`. Raises QuantityError."""
        number = _number(text[1:]) if text.startswith("$") else None
        if number is None:
            bare = re.fullmatch(rf"({_NUMBER}) ?(?:\$|USD|usd|dollars?)?", text)
            hint = f"write ${bare[1]}" if bare else ""
            raise QuantityError("not an amount of money", found=_shown(text), allowed="dollars: $5, $0.25", hint=hint)
        return cls(number)

    def __str__(self) -> str:
        text = plain(self.value)
        return f"${self.value:.2f}" if re.search(r"\.[0-9]$", text) else f"${text}"

    def __add__(self, other: "Money") -> "Money":
        return Money(self.value + other.value)


# --- thresholds -----------------------------------------------------------------------------------


class Measure(StrEnum):
    """What a threshold measures, and so how its value is shown."""

    RATIO = "ratio"
    SECONDS = "seconds"
    BYTES = "bytes"
    DOLLARS = "dollars"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in the base unit of its measure: 0.9 for `90%`, 0.1 for `100ms`."""

    value: Decimal
    measure: Measure

    def __str__(self) -> str:
        match self.measure:
            case Measure.RATIO:
                return f"{plain(self.value * 100)}%"
            case Measure.SECONDS:
                whole_ms = self.value >= 0 and self.value * 1000 % 1 == 0
                return str(Duration(self.value)) if whole_ms else f"{plain(self.value)}s"
            case Measure.BYTES:
                return str(Bytes(self.value))
            case Measure.DOLLARS:
                return str(Money(self.value))
            case Measure.NUMBER:
                return plain(self.value)


_THRESHOLD_ALLOWED = "a number with its unit: 85%, 100ms, 10GiB, $5, 0.5/s; or a plain number for a count: 5"


def parse_threshold(text: str) -> Quantity:
    """Read `85%`, `100ms`, `10GiB`, `$5`, `5` or `0.5/s`, told apart by the unit. Raises QuantityError."""
    if re.fullmatch(rf"-?{_NUMBER}", text):
        return Quantity(Decimal(text), Measure.NUMBER)
    if text.endswith("/s") and (rate := _number(text[:-2])) is not None:
        return Quantity(rate, Measure.NUMBER)
    if text.endswith("%"):
        return Quantity(Ratio.parse(text).value, Measure.RATIO)
    if text.startswith("$"):
        return Quantity(Money.parse(text).value, Measure.DOLLARS)
    if _BYTES.fullmatch(text):
        return Quantity(Bytes.parse(text).value, Measure.BYTES)
    if text and _DURATION.fullmatch(text):
        return Quantity(Duration.parse(text).seconds, Measure.SECONDS)
    raise QuantityError("not a threshold", found=_shown(text), allowed=_THRESHOLD_ALLOWED, hint=_threshold_hint(text))


def _threshold_hint(text: str) -> str:
    if rate := re.fullmatch(rf"({_NUMBER}) ?(?:/ ?|per ?)(m|min|minute|h|hour|sec|second)", text):
        per = {"m": 60, "h": 3600, "s": 1}[rate[2][0]]
        value = Decimal(rate[1]) / per
        return f"rates are per second: write {plain(value)}/s" if value * 10**6 % 1 == 0 else "rates are per second"
    for parse in (Bytes.parse, Duration.parse, Money.parse):
        try:
            parse(text)
        except QuantityError as error:
            if error.hint.startswith("write "):
                return error.hint
    return ""
