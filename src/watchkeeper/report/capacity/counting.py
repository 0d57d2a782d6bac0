"""How many series a selector finds and an expression gives: from label flow and the declared domains and plans.

A bound where a domain is a cap. Two things are taken for granted: a plan has each value of a label equally often, and
processes of one kind have the same label values, so that what is summed over them is as many series as one of them has.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, reduce
from math import ceil, prod
from operator import or_

from watchkeeper import promql
from watchkeeper.compile import rules
from watchkeeper.formats.prometheus import Alerting, Recording
from watchkeeper.model import Catalog, Metric
from watchkeeper.promql.functions import Type
from watchkeeper.promql.labels import labels, type_of
from watchkeeper.promql.nodes import (
    SET_OPERATORS,
    Aggregate,
    Aggregation,
    Binary,
    Call,
    Negation,
    Node,
    Number,
    Operator,
    Range,
    Selector,
    String,
    Subquery,
)
from watchkeeper.quantity import Duration
from watchkeeper.report.capacity.domain import Domain, admits
from watchkeeper.report.capacity.load import Load
from watchkeeper.spec.references import TARGET_LABELS
from watchkeeper.spec.series import HISTOGRAM_ENDINGS, OF_PROMETHEUS

_PICKING = frozenset({Aggregate.TOPK, Aggregate.BOTTOMK, Aggregate.LIMITK, Aggregate.LIMIT_RATIO})

parse = cache(promql.parse)


@dataclass(frozen=True, slots=True)
class Size:
    combinations: int
    """Of label values, the process aside."""
    processes: int

    @property
    def series(self) -> int:
        return self.combinations * self.processes


_ONE, _NONE = Size(1, 1), Size(0, 1)


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled rule and how often it is evaluated."""

    rule: Recording | Alerting
    interval: Duration

    @property
    def name(self) -> str:
        return self.rule.alert if isinstance(self.rule, Alerting) else self.rule.record

    @property
    def node(self) -> Node:
        return parse(self.rule.expr)


def compiled(catalog: Catalog) -> tuple[Rule, ...]:
    return tuple(Rule(rule, group.interval) for group in rules.compiled(catalog).groups for rule in group.rules)


class Counting:
    """Counts in one load; every recorded series is worked out once."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.rules = compiled(load.catalog)
        self._names = [service.name for service in load.catalog.services]
        self._metrics = {metric.name: metric for metric in load.catalog.metrics}
        self._recorded: dict[str, list[Rule]] = defaultdict(list)
        for rule in self.rules:
            if isinstance(rule.rule, Recording):
                self._recorded[rule.name].append(rule)
        self._labels: dict[str, frozenset[str]] = {}
        self._sizes: dict[str, Size] = {}

    # --- what is asked from outside ----------------------------------------------------------------

    def recorded(self, rule: Rule) -> int:
        """Series that a recording rule makes."""
        return self._of_rule(rule).series

    def every(self, selector: Selector) -> Duration:
        """How often the series of a selector get a sample: the fastest of them."""
        paces = [rule.interval for rule in self._recorded.get(selector.name, ())]
        metric = self._metric(selector.name)
        if metric is not None:
            paces.append(self.load.scrape(metric))
        return min(paces, default=self.load.catalog.intervals.rules_standard)

    def undeclared(self) -> tuple[str, ...]:
        """Names that rules read and the definitions do not declare: nobody knows how many series those are."""
        names = {name for rule in self.rules for name in promql.metrics(rule.node)}
        known = (name for name in names if self._metric(name) or name in self._recorded or name in OF_PROMETHEUS)
        return tuple(sorted(names - set(known)))

    def size(self, node: Node) -> Size:
        """Of what an expression gives; nothing for names that are not declared."""
        match node:
            case Number() | String():
                found = _ONE
            case Selector():
                found = self._selected(node)
            case Range():
                found = self._selected(node.selector)
            case Subquery() | Negation():
                found = self.size(node.expr)
            case Call():
                found = self._called(node)
            case Aggregation():
                found = self._aggregated(node)
            case Binary():
                found = self._joined(node)
        return found

    # --- series ------------------------------------------------------------------------------------

    def _metric(self, series: str) -> Metric | None:
        if series in self._metrics:
            return self._metrics[series]
        stems = (series.removesuffix(ending) for ending in HISTOGRAM_ENDINGS if series.endswith(ending))
        return next((self._metrics[stem] for stem in stems if stem in self._metrics), None)

    def _selected(self, selector: Selector) -> Size:
        metric = self._metric(selector.name)
        if metric is not None:
            services = self._services(selector).size if self.load.catalog.times(metric.emitter) > 1 else 1
            return Size(self._matched(metric, selector) * services, self.load.processes(metric.emitter))
        return self._sum(rule for rule in self._recorded.get(selector.name, ()) if _may_match(rule, selector))

    def _services(self, selector: Selector) -> Domain:
        """Rules of a service name it; those about the monitoring read what all services have."""
        return Domain(frozenset(self._names)).admitted("service", selector.matchers)

    def _matched(self, metric: Metric, selector: Selector) -> int:
        """A plan is spread evenly over the values of a label."""
        each = len(metric.buckets) + 3 if metric.buckets else 1
        parts = _domain(metric, "le").admitted("le", selector.matchers).size if _is_bucket(metric, selector) else 1
        shares = (_share(_domain(metric, label.name), label.name, selector) for label in metric.labels)
        planned = self.load.combinations(metric) // each * prod(shares, start=Fraction(1))
        return ceil(planned) * parts

    def _sum(self, found: Iterable[Rule]) -> Size:
        sizes = [self._of_rule(rule) for rule in found]
        combinations = sum(size.combinations for size in sizes)
        return Size(combinations, max((size.processes for size in sizes), default=1))

    def _of_rule(self, rule: Rule) -> Size:
        """A rule that reads what it makes adds nothing by that."""
        key = f"{rule.name} {rule.rule.labels} {rule.rule.expr}"
        if key not in self._sizes:
            self._sizes[key] = _NONE
            self._sizes[key] = self.size(rule.node)
        return self._sizes[key]

    # --- labels ------------------------------------------------------------------------------------

    def labels_of(self, series: str) -> frozenset[str] | None:
        metric = self._metric(series)
        if metric is not None:
            own = {label.name for label in metric.labels}
            return TARGET_LABELS | own | ({"le"} if series.endswith("_bucket") and metric.buckets else set())
        if series in self._recorded:
            return self._of_recorded(series)
        return None

    def _of_recorded(self, name: str) -> frozenset[str]:
        if name not in self._labels:
            self._labels[name] = frozenset()
            found: frozenset[str] = frozenset()
            for rule in self._recorded[name]:
                found |= labels(rule.node, self.labels_of).possible | {label for label, _ in rule.rule.labels}
            self._labels[name] = found
        return self._labels[name]

    def values(self, label: str, node: Node) -> int | None:
        """How many values a label can have within a node; None where nothing bounds it."""
        found = self._within(label, node).size
        return found or None

    def _within(self, label: str, node: Node) -> Domain:
        return reduce(or_, (self._domain(label, selector) for selector in promql.selectors(node)), Domain())

    def _domain(self, label: str, selector: Selector) -> Domain:
        if label == "service" and len(self._names) > 1:
            return self._services(selector)
        if label in TARGET_LABELS - {"instance"}:
            return Domain(cap=1)
        metric = self._metric(selector.name)
        domain = self._of_rules(label, selector) if metric is None else _domain(metric, label)
        return domain.admitted(label, selector.matchers)

    def _of_rules(self, label: str, selector: Selector) -> Domain:
        found = [rule for rule in self._recorded.get(selector.name, ()) if _may_match(rule, selector)]
        fixed = frozenset(value for rule in found for name, value in rule.rule.labels if name == label)
        flowing = (self._within(label, rule.node) for rule in found if label not in dict(rule.rule.labels))
        return reduce(or_, flowing, Domain(fixed))

    # --- operations --------------------------------------------------------------------------------

    def _called(self, node: Call) -> Size:
        vectors = [part for part in node.arguments if type_of(part) in {Type.VECTOR, Type.RANGE}]
        if type_of(node) is Type.SCALAR or not vectors or node.function in {"absent", "absent_over_time", "vector"}:
            return _ONE
        inner = self.size(vectors[0])
        if node.function in {"histogram_quantile", "histogram_fraction"}:
            return self._bounded(node, self._without_le(inner, vectors[0], frozenset()))
        return inner

    def _aggregated(self, node: Aggregation) -> Size:
        inner = self.size(node.expr)
        kept = labels(node, self.labels_of).possible
        found = self._bounded(node, self._without_le(inner, node.expr, kept))
        if node.operator in _PICKING and isinstance(node.parameter, Number):
            grouped = replace(node, operator=Aggregate.SUM, parameter=None)
            most = self.size(grouped).series * int(node.parameter.value)
            return Size(min(found.series, most), 1) if most < found.series else found
        return found

    def _without_le(self, inner: Size, node: Node, kept: frozenset[str]) -> Size:
        """Every bucket of a histogram is there for each combination, so without `le` there are that many fewer."""
        buckets = self.values("le", node) if "le" in labels(node, self.labels_of).possible - kept else None
        return Size(-(-inner.combinations // buckets), inner.processes) if buckets else inner

    def _joined(self, node: Binary) -> Size:
        left, right = self.size(node.lhs), self.size(node.rhs)
        if type_of(node.lhs) is Type.SCALAR:
            return right
        if type_of(node.rhs) is Type.SCALAR or node.operator in SET_OPERATORS - {Operator.OR}:
            return left
        if node.operator is Operator.OR:
            both = Size(left.combinations + right.combinations, max(left.processes, right.processes))
            return self._bounded(node, both)
        if node.group is not None:
            return left if node.group.side.value == "group_left" else right
        return self._bounded(
            node, Size(min(left.combinations, right.combinations), min(left.processes, right.processes))
        )

    def _bounded(self, node: Node, size: Size) -> Size:
        """No more than the labels that come out can tell apart."""
        possible = labels(node, self.labels_of).possible
        counts = [self.values(label, node) for label in possible - {"instance"}]
        known = [count for count in counts if count is not None]
        bound = prod(known) if len(known) == len(counts) else size.combinations
        return Size(min(size.combinations, bound), size.processes if "instance" in possible else 1)


def _may_match(rule: Rule, selector: Selector) -> bool:
    fixed: Mapping[str, str] = dict(rule.rule.labels)
    return all(admits(matcher, fixed[matcher.label]) for matcher in selector.matchers if matcher.label in fixed)


def _is_bucket(metric: Metric, selector: Selector) -> bool:
    return bool(metric.buckets) and selector.name.endswith("_bucket")


def _domain(metric: Metric, label: str) -> Domain:
    if label == "le":
        return Domain(frozenset((*(f"{bound:f}" for bound in metric.buckets), "+Inf"))) if metric.buckets else Domain()
    for each in metric.labels:
        if each.name == label:
            return Domain(frozenset(each.values), 0 if each.values else each.cap)
    return Domain()


def _share(domain: Domain, label: str, selector: Selector) -> Fraction:
    return Fraction(domain.admitted(label, selector.matchers).size, domain.size)
