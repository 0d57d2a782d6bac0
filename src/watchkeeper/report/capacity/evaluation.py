"""What the rules cost: how many series and samples each reads from its windows, and the processor time that takes."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from watchkeeper import measured
from watchkeeper.model import Catalog
from watchkeeper.promql.nodes import Node, Range, Selector, Subquery
from watchkeeper.promql.rewrite import children
from watchkeeper.quantity import Duration
from watchkeeper.report.capacity.counting import Counting, Rule

_SERVICE = "service"
"""The label that tells rules of several services apart."""


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


@dataclass(frozen=True, slots=True)
class Together:
    """One rule as it is defined: every service has one of its own, and they differ in nothing but whose they are."""

    costs: tuple[Cost, ...]
    services: tuple[str, ...]
    """Those it is for. What watches the monitoring itself is one rule for all of them."""

    @property
    def name(self) -> str:
        return self.costs[0].rule.name

    @property
    def labels(self) -> tuple[tuple[str, str], ...]:
        """What they have in common: all but the service."""
        return tuple(pair for pair in self.costs[0].rule.rule.labels if pair[0] != _SERVICE)

    @property
    def interval(self) -> Duration:
        return self.costs[0].rule.interval

    @property
    def read(self) -> Read:
        return _sum(cost.read for cost in self.costs)

    @property
    def seconds(self) -> Decimal:
        """Processor time of one evaluation of each."""
        return sum((cost.seconds for cost in self.costs), Decimal(0))

    @property
    def cores(self) -> Decimal:
        return self.seconds / self.interval.seconds


def together(found: tuple[Cost, ...], catalog: Catalog) -> tuple[Together, ...]:
    """The dearest first, by what all services spend on them."""
    alike: dict[object, list[Cost]] = defaultdict(list)
    for cost in found:
        alike[_definition(cost.rule)].append(cost)
    rules = (Together(tuple(costs), _services(costs, catalog)) for costs in alike.values())
    return tuple(sorted(rules, key=lambda rule: (-rule.cores, rule.name, rule.labels)))


def _definition(rule: Rule) -> object:
    """What is the same for all rules of one definition; a rule of no service has none beside it."""
    labels = dict(rule.rule.labels)
    own = "" if labels.pop(_SERVICE, "") else rule.rule.expr
    return type(rule.rule), rule.name, tuple(labels.items()), rule.interval, own


def _services(costs: list[Cost], catalog: Catalog) -> tuple[str, ...]:
    owners = {dict(cost.rule.rule.labels).get(_SERVICE) for cost in costs}
    return tuple(service.name for service in catalog.services if owners & {service.name, None})


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
