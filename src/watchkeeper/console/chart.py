"""The geometry of a line chart: values to points, ticks and a table. Pure; `chart.html` prints it as SVG."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from watchkeeper.console import words
from watchkeeper.model import Unit

MOST_LINES = 5
_ROWS = 13
_TICK_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Line:
    """One series to draw."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """The drawing area and the room around it for labels."""

    width: int
    height: int
    left: int
    right: int = 12
    top: int = 14
    bottom: int = 24
    x_ticks: int = 6


WIDE = Frame(960, 230, 58)
NARROW = Frame(340, 220, 52, x_ticks=3)


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Drawn:
    name: str
    path: str
    end: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Chart:
    frame: Frame
    lines: tuple[Drawn, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    threshold: float | None
    """Height of the line, in the drawing."""


@dataclass(frozen=True, slots=True)
class Span:
    """What part of time is drawn, and in which zone it is labelled."""

    start: float
    end: float
    step: float
    zone: tzinfo


def chart(lines: Sequence[Line], threshold: float | None, unit: Unit, span: Span, frame: Frame) -> Chart:
    """At most `MOST_LINES` lines; a gap in the data is a gap in the line."""
    shown = lines[:MOST_LINES]
    low, high = _bounds(shown, threshold)
    ticks = nice_ticks(low, high)
    low, high = min(low, ticks[0]), max(high, ticks[-1])

    def x(at: float) -> float:
        share = (at - span.start) / (span.end - span.start)
        return round(frame.left + share * (frame.width - frame.left - frame.right), 1)

    def y(value: float) -> float:
        share = (value - low) / (high - low)
        return round(frame.height - frame.bottom - share * (frame.height - frame.top - frame.bottom), 1)

    return Chart(
        frame=frame,
        lines=tuple(
            Drawn(line.name, _path(line.points, x, y, 2.5 * span.step), (x(line.points[-1][0]), y(line.points[-1][1])))
            for line in shown
            if line.points
        ),
        x_ticks=tuple(Tick(x(at), label) for at, label in _times(span, frame.x_ticks)),
        y_ticks=tuple(Tick(y(tick), words.amount(tick, unit)) for tick in ticks),
        threshold=y(threshold) if threshold is not None else None,
    )


def _bounds(lines: Sequence[Line], threshold: float | None) -> tuple[float, float]:
    values = [value for line in lines for _, value in line.points if math.isfinite(value)]
    values += [threshold] if threshold is not None else []
    low, high = min(0.0, *values) if values else 0.0, max(0.0, *values) if values else 1.0
    return (low, high) if high > low else (low, low + 1)


def nice_ticks(low: float, high: float) -> tuple[float, ...]:
    """Round numbers from at most `low` to at least `high`, about four steps apart."""
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((power * factor for factor in _TICK_STEPS if power * factor >= rough * 0.999), power * 10)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(round(index * step, 12) for index in range(first, last + 1))


def _path(
    points: Sequence[tuple[float, float]], x: Callable[[float], float], y: Callable[[float], float], gap: float
) -> str:
    parts: list[str] = []
    before: float | None = None
    for at, value in points:
        if not math.isfinite(value):
            before = None
            continue
        joined = before is not None and at - before <= gap
        parts.append(f"{'L' if joined else 'M'}{x(at):g} {y(value):g}")
        before = at
    return "".join(parts)


def _times(span: Span, count: int) -> list[tuple[float, str]]:
    """Whole and half hours of the local clock, about `count` of them."""
    every = next((step for step in (600, 1800, 3600, 7200) if (span.end - span.start) / step <= count), 14400)
    offset = datetime.fromtimestamp(span.start, span.zone).utcoffset()
    shift = offset.total_seconds() if offset else 0.0
    first = math.ceil((span.start + shift) / every) * every - shift
    times = range(int(first), int(span.end) + 1, every)
    return [(float(at), f"{datetime.fromtimestamp(at, span.zone):%H:%M}") for at in times]


def table(line: Line, unit: Unit, span: Span) -> tuple[tuple[str, str], ...]:
    """The last values in words: what the drawing says to those who cannot see it."""
    every = (span.end - span.start) / (_ROWS - 1)
    rows = []
    for index in range(_ROWS):
        at = span.start + index * every
        near = min(line.points, key=lambda point: abs(point[0] - at), default=None)
        value = words.amount(near[1], unit) if near and abs(near[0] - at) <= span.step else "nothing known"
        rows.append((f"{datetime.fromtimestamp(at, span.zone):%H:%M}", value))
    return tuple(rows)


def described(lines: Sequence[Line], threshold: float | None, unit: Unit) -> str:
    """One sentence with the current values."""
    if not any(line.points for line in lines):
        return "Nothing is known of this time."
    named = [
        f"{line.name + ': ' if line.name else ''}{words.amount(line.points[-1][1], unit)}"
        for line in lines
        if line.points
    ]
    limit = f" The line it is compared with stands at {words.amount(threshold, unit)}." if threshold is not None else ""
    return f"Now {', '.join(named[:MOST_LINES])}.{limit}"
