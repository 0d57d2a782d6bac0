"""One figure of a plan: an amount, or two between which it lies, and where it comes from."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum

_DIGITS = 3
_BYTES = (("TB", 12), ("GB", 9), ("MB", 6), ("kB", 3))


class Unit(StrEnum):
    COUNT = "count"
    PER_SECOND = "per-second"
    BYTES = "bytes"
    SECONDS = "seconds"
    TIMES = "times"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class Amount:
    low: Decimal
    high: Decimal
    unit: Unit

    @classmethod
    def of(cls, value: Decimal | int, unit: Unit) -> "Amount":
        return cls(Decimal(value), Decimal(value), unit)

    @property
    def words(self) -> str:
        """`8.1 to 16 GB`; the unit once where both have the same."""
        low, high = (said(value, self.unit) for value in (self.low, self.high))
        if low == high:
            return high
        (number, unit), (_, other) = ((*text.split(" ", 1), "")[:2] for text in (low, high))
        return f"{number if unit == other else low} to {high}"


@dataclass(frozen=True, slots=True)
class Figure:
    label: str
    amount: Amount
    derivation: str

    @property
    def json(self) -> dict[str, str | float]:
        amount = self.amount
        return {
            "label": self.label,
            "low": float(amount.low),
            "high": float(amount.high),
            "unit": amount.unit.value,
            "derivation": self.derivation,
        }


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()


def said(value: Decimal, unit: Unit) -> str:
    """As people say it, to three digits; counts to the last one."""
    match unit:
        case Unit.COUNT:
            words = f"{value:,.0f}"
        case Unit.BYTES:
            words = in_bytes(value)
        case Unit.SECONDS:
            words = f"{grouped(value)} s" if value >= 1 else f"{grouped(value * 1000)} ms"
        case Unit.SHARE:
            words = f"{grouped(value * 100)} %"
        case Unit.PER_SECOND:
            words = f"{grouped(value)}/s"
        case Unit.TIMES:
            words = f"{grouped(value)} times"
    return words


def grouped(value: Decimal) -> str:
    """To three digits, with commas: `1,104`, `19.3`, `0.00213`."""
    if value == 0:
        return "0"
    places = max(0, _DIGITS - 1 - value.adjusted())
    text = f"{value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def in_bytes(value: Decimal) -> str:
    """In powers of a thousand, as disks are sold."""
    name, power = next(((name, power) for name, power in _BYTES if value >= Decimal(10) ** power), ("B", 0))
    return f"{grouped(value.scaleb(-power))} {name}"


def table(rows: tuple[tuple[str, ...], ...]) -> str:
    """The first column to the left, the others to the right, two spaces between."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) if first else cell.rjust(width) for first, cell, width in _placed(row, widths))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def _placed(row: tuple[str, ...], widths: list[int]) -> list[tuple[bool, str, int]]:
    return [(number == 0, cell, width) for number, (cell, width) in enumerate(zip(row, widths, strict=True))]
