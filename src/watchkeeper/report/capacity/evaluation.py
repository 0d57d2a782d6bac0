"""What the rules cost: how many series and samples each reads from its windows, and the processor time that takes."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from watchkeeper import measured
from watchkeeper.promql.nodes import Node, Range, Selector, Subquery
from watchkeeper.promql.rewrite import children
from watchkeeper.quantity import Duration
from watchkeeper.report.capacity.counting import Counting, Rule


@dataclass(frozen=True, slots=True)
class Read:
    """What one evaluation reads."""

    series: Decimal
    samples: Decimal

    def __add__(self, other: "Read") -> "Read":
        return Read(self.series + other.series, self.samples + other.samples)

    def __mul__(self, factor: Decimal) -> "Read":
        return Read(self.series * factor, self.samples * factor)


@dataclass(frozen=True, slots=True)
class Cost:
    rule: Rule
    read: Read

    @property
    def seconds(self) -> Decimal:
        """Processor time of one evaluation."""
        return (
            measured.SECONDS_PER_RULE
            + self.read.series * measured.SECONDS_PER_SERIES_READ
            + self.read.samples * measured.SECONDS_PER_SAMPLE_READ
        )

    @property
    def cores(self) -> Decimal:
        return self.seconds / self.rule.interval.seconds

    @property
    def samples_per_second(self) -> Decimal:
        return self.read.samples / self.rule.interval.seconds


def costs(counting: Counting) -> tuple[Cost, ...]:
    """The dearest first."""
    found = (Cost(rule, read(rule.node, counting)) for rule in counting.rules)
    return tuple(sorted(found, key=lambda cost: (-cost.cores, cost.rule.name, cost.rule.rule.labels)))


def read(node: Node, counting: Counting) -> Read:
    match node:
        case Selector():
            series = Decimal(counting.size(node).series)
            return Read(series, series)
        case Range():
            return _window(node.selector, node.duration, counting)
        case Subquery(expr=Selector() as selector):
            return _window(selector, node.duration, counting)  # steps skip samples, but the chunks are decoded
        case Subquery():
            step = node.step or counting.load.catalog.intervals.rules_standard
            return read(node.expr, counting) * _times(node.duration, step)
        case _:
            return _sum(read(child, counting) for child in children(node))


def _window(selector: Selector, window: Duration, counting: Counting) -> Read:
    series = Decimal(counting.size(selector).series)
    return Read(series, series * _times(window, counting.every(selector)))


def _times(window: Duration, step: Duration) -> Decimal:
    return max(Decimal(1), window / step)


def _sum(reads: Iterator[Read]) -> Read:
    return sum(reads, Read(Decimal(0), Decimal(0)))
