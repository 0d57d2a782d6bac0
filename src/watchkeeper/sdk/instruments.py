"""Metric cells: what the typed instruments of a generated module are made of.

An update appends to a queue and never takes a lock, so it is safe from any thread, from a signal handler and from the
garbage collector. Whoever fills the queue, or scrapes, applies what is in it.
"""

import itertools
import math
import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Generic, Literal, Protocol, TypeVar

from watchkeeper.sdk.containment import SaidOnce
from watchkeeper.sdk.exposition import Kind, histogram_prefixes, label_text, number_text
from watchkeeper.sdk.labels import OTHER, Domain, Label
from watchkeeper.sdk.policy import Policy
from watchkeeper.sdk.tracing.policy import TracePolicy

Values = tuple[str, ...]
Apply = Callable[[float], None]
ScrapeClass = Literal["critical", "standard"]
Signal = Literal["logs", "metrics", "traces"]
Loss = Literal["overflow", "refused", "error"]

_QUEUE_LIMIT = 4096
_DRAIN_PATIENCE = 1.0


@dataclass(frozen=True, slots=True)
class Definition:
    """One metric as the definitions declare it."""

    name: str
    help: str
    labels: tuple[Label, ...]
    scrape: ScrapeClass
    buckets: tuple[float, ...] = ()


class Cell(Protocol):
    """One time series (for histograms: one set of them)."""

    def lines(self) -> Iterator[str]: ...


C_co = TypeVar("C_co", bound=Cell, covariant=True)


class Registry:
    """Every instrument of one process, and the queue of updates that have not reached their cells yet."""

    def __init__(self) -> None:
        self.instruments: list[Instrument[Cell]] = []
        self.said = SaidOnce()
        self.creation = threading.RLock()
        self._queue: deque[tuple[Apply, float]] = deque()
        self._draining = threading.Lock()
        self._overflow: Counter | None = None
        self._dropped: Counter | None = None
        self._errors: Counter | None = None

    def register(self, instrument: "Instrument[C_co]") -> None:
        self.instruments.append(instrument)
        if isinstance(instrument, Counter):
            if instrument.definition.name == "watchkeeper_label_overflow_total":
                self._overflow = instrument
            elif instrument.definition.name == "watchkeeper_internal_errors_total":
                self._errors = instrument
            elif instrument.definition.name == "watchkeeper_dropped_total":
                self._dropped = instrument

    def find(self, name: str) -> "Instrument[Cell] | None":
        return next((found for found in self.instruments if found.definition.name == name), None)

    def post(self, apply: Apply, value: float) -> None:
        """Queue one update."""
        self._queue.append((apply, value))
        if len(self._queue) >= _QUEUE_LIMIT:
            self.drain(patience=0)

    def drain(self, patience: float = _DRAIN_PATIENCE) -> None:
        """Apply what is queued. Another thread that is at it already is waited for, up to `patience` seconds."""
        if not (self._draining.acquire(timeout=patience) if patience else self._draining.acquire(blocking=False)):
            return
        try:
            for _ in range(len(self._queue)):
                apply, value = self._queue.popleft()
                apply(value)
        finally:
            self._draining.release()

    def overflowed(self, metric: str, label: str) -> None:
        """A label value had to be folded into `__other__`."""
        if self._overflow is not None and metric != self._overflow.definition.name:
            self._overflow.add((metric, label))

    def dropped(self, signal: Signal, reason: Loss, count: int = 1) -> None:
        """Something that the service told us, or that we measured, reaches nobody."""
        if self._dropped is not None:
            self._dropped.add((signal, reason), count)

    @property
    def size(self) -> int:
        """How many time series there are."""
        return sum(instrument.size for instrument in tuple(self.instruments))

    def internal_error(self, where: str, text: str = "") -> None:
        """Count an error that was kept away from the service, and say it once. Never raises."""
        try:
            if self._errors is not None:
                self._errors.add((where,))
            said = text or f"watchkeeper: an error in {where} was kept away from the service"
            self.said.warn(where, said, error=not text)
        except Exception:  # noqa: BLE001, S110 - the last wall: there is nobody left to tell
            pass

    def after_fork(self) -> None:
        """A forked child inherits locks that no thread of its own will ever release."""
        self.creation = threading.RLock()
        self._draining = threading.Lock()


def amount(value: float) -> float:
    """A finite number that is not negative. Raises ValueError, TypeError or OverflowError for anything else."""
    number = float(value)
    if not 0 <= number < math.inf:
        raise ValueError(f"{number} is not a finite amount")
    return number


class Instrument(Generic[C_co]):
    """A metric with its cells, one for each combination of label values seen."""

    kind: ClassVar[Kind]
    starts_at_zero: ClassVar[bool] = True
    """Every combination of enumerated label values exists from the start, so that no series is born at 1."""

    def __init__(self, registry: Registry, definition: Definition) -> None:
        self.definition = definition
        self.registry = registry
        self._names = tuple(label.name for label in definition.labels)
        self._domains = tuple(Domain(label) for label in definition.labels)
        self._cells: dict[Values, C_co] = {}
        registry.register(self)
        if self.starts_at_zero and all(label.values for label in definition.labels):
            for values in itertools.product(*(label.values for label in definition.labels)):
                self.touch(values)

    @property
    def series(self) -> tuple[Values, ...]:
        """The label values of every cell, in the order in which they were created."""
        return tuple(self._cells)

    @property
    def size(self) -> int:
        """How many time series a scrape sees of it."""
        return len(self._cells)

    def cells(self) -> tuple[C_co, ...]:
        return tuple(self._cells.values())

    def touch(self, values: Values) -> None:
        """Create the cell at zero, if it does not exist and the domains have room for it."""
        if values not in self._cells:
            self._bounded(values, self._fold_silently)

    def internal_error(self, where: str) -> None:
        """An update that cannot be counted: of a value that is no finite amount, most of the time."""
        self.registry.dropped("metrics", "refused")
        self.registry.internal_error(f"{self.definition.name}.{where}")

    def _new(self, labels: str) -> C_co:
        raise NotImplementedError

    def _cell(self, values: Values) -> C_co:
        try:
            found = self._cells.get(values)
        except Exception:  # noqa: BLE001 - a value's own `__hash__` or `__eq__` may raise anything
            found = None
        return found if found is not None else self._bounded(values, self._fold)

    def _bounded(self, values: Values, fold: Callable[[Domain, object], str]) -> C_co:
        """The cell of the values as the domains admit them. Only these are kept: a million odd values cost nothing."""
        if len(values) != len(self._domains):
            raise ValueError(f"{self.definition.name} has the labels {', '.join(self._names) or 'none'}")
        with self.registry.creation:
            bounded = tuple(map(fold, self._domains, values))
            if bounded not in self._cells:
                self._cells[bounded] = self._new(label_text(self._names, bounded))
            return self._cells[bounded]

    @staticmethod
    def _fold_silently(domain: Domain, value: object) -> str:
        return domain.admit(value) or OTHER

    def _fold(self, domain: Domain, value: object) -> str:
        text = domain.admit(value)
        if text is None:
            self.registry.overflowed(self.definition.name, domain.label.name)
            return OTHER
        return text


class _Number:
    """A cell that is one number."""

    __slots__ = ("_prefix", "value")

    def __init__(self, prefix: str) -> None:
        self.value = 0.0
        self._prefix = prefix

    def add(self, by: float) -> None:
        self.value += by

    def set(self, value: float) -> None:
        self.value = value

    def lines(self) -> Iterator[str]:
        yield f"{self._prefix} {number_text(self.value)}"


class _Buckets:
    """A histogram's cell: counts by bucket (the last one is everything above), and their sum."""

    __slots__ = ("_bounds", "_prefixes", "counts", "sum")

    def __init__(self, name: str, labels: str, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._prefixes = histogram_prefixes(name, labels, bounds)
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        self.counts[bisect_left(self._bounds, value)] += 1
        self.sum += value

    def lines(self) -> Iterator[str]:
        running = 0
        for prefix, count in zip(self._prefixes[:-2], self.counts, strict=True):
            running += count
            yield f"{prefix} {running}"
        yield f"{self._prefixes[-2]} {running}"
        yield f"{self._prefixes[-1]} {number_text(self.sum)}"


class _Numbers(Instrument[_Number]):
    def value(self, *values: str) -> float:
        """What the series stands at now; 0.0 for one that does not exist."""
        self.registry.drain()
        cell = self._cells.get(values)
        return cell.value if cell is not None else 0.0

    def _new(self, labels: str) -> _Number:
        return _Number(self.definition.name + labels)


class Counter(_Numbers):
    kind = "counter"

    def add(self, values: Values, by: float = 1.0) -> None:
        """Raises ValueError for a negative or infinite amount."""
        self.registry.post(self._cell(values).add, amount(by))


class Gauge(_Numbers):
    kind = "gauge"
    starts_at_zero = False  # a zero nobody measured would be a lie: `dependency_up 0` pages

    def write(self, values: Values, value: float) -> None:
        self.registry.post(self._cell(values).set, float(value))

    def shift(self, values: Values, by: float) -> None:
        """Up or down by a finite number."""
        number = float(by)
        if not math.isfinite(number):
            raise ValueError(f"{number} is not a finite amount")
        self.registry.post(self._cell(values).add, number)


class Histogram(Instrument[_Buckets]):
    kind = "histogram"

    @property
    def size(self) -> int:
        """Each cell is a series for every bound and for infinity, a count and a sum."""
        return len(self._cells) * (len(self.definition.buckets) + 3)

    def record(self, values: Values, value: float) -> None:
        """Raises ValueError for a negative or infinite value."""
        self.registry.post(self._cell(values).add, amount(value))

    def count(self, *values: str) -> int:
        """How many values the series has seen."""
        self.registry.drain()
        cell = self._cells.get(values)
        return sum(cell.counts) if cell is not None else 0

    def total(self, *values: str) -> float:
        """The sum of the values the series has seen."""
        self.registry.drain()
        cell = self._cells.get(values)
        return cell.sum if cell is not None else 0.0

    def _new(self, labels: str) -> _Buckets:
        return _Buckets(self.definition.name, labels, self.definition.buckets)


class InstrumentSet:
    """What a generated module's `Instruments` extends: one attribute for each metric."""

    policy: ClassVar[Policy]
    tracing: ClassVar[TracePolicy] = TracePolicy()
    prices: ClassVar[str] = ""
    """The price snapshot as text; empty when no model has a price."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
