"""What everybody who draws a panel must agree on: the expression asked, and the limits drawn into it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from watchkeeper import budget, promql
from watchkeeper.compile.lookback import interval
from watchkeeper.model import (
    Catalog,
    Colour,
    Comparison,
    OfAlert,
    OfSlo,
    Panel,
    PanelKind,
    Query,
    Reading,
    Requests,
    Scrape,
    Service,
    Severity,
    Slo,
)
from watchkeeper.promql import build
from watchkeeper.promql.nodes import Aggregate, Aggregation, Edge, Node, Selector, String
from watchkeeper.promql.rewrite import bottom_up
from watchkeeper.quantity import Duration

ENVIRONMENT = "$environment"
"""What a query writes where it must speak of the environment itself: alerts about something absent have none."""
OTHER = "other"
"""The slice of everything beyond the largest."""


@dataclass(frozen=True, slots=True)
class Limit:
    """From here on (`direction`) a value means `colour`."""

    value: Decimal
    direction: Comparison
    colour: Colour


# --- what is asked ---------------------------------------------------------------------------------


def expression(panel: Panel, query: Query) -> Node:
    """The query as whoever draws it asks it; which service and environment is meant is added by them."""
    node = promql.parse(query.value)
    match panel.kind:
        case PanelKind.DONUT:
            return build.call("sort_desc", _slices(node, query.top, query.labels[0]))
        case PanelKind.BARS:
            return build.call("sort_desc", node)
        case _:
            return build.binary("and", node, _largest(_at_end(node), query.top)) if query.top else node


def chosen(node: Node, service: str, environment: str) -> Node:
    """The expression for one service and environment, where a definition says `$environment`, too."""

    def fill(part: Node) -> Node:
        if not isinstance(part, Selector):
            return part
        filled = (replace(each, value=each.value.replace(ENVIRONMENT, environment)) for each in part.matchers)
        return replace(part, matchers=tuple(filled))

    matchers = (build.equals("service", service), build.equals("environment", environment))
    return promql.inject(bottom_up(node, fill), matchers)


def _largest(node: Node, count: int) -> Node:
    return Aggregation(Aggregate.TOPK, node, parameter=build.number(count))


def _at_end(node: Node) -> Node:
    """As it is at the end of what is looked at: the same few series at every step, or a chart collects them all."""

    def change(part: Node) -> Node:
        return replace(part, at=Edge.END) if isinstance(part, Selector) and part.at is None else part

    return bottom_up(node, change)


def _slices(node: Node, count: int, label: str) -> Node:
    """The largest, and all others as one; the condition keeps a difference of rounding from being a slice."""
    largest = _largest(node, count)
    rest = build.subtract(_sum(node), _sum(largest))
    named = build.call("label_replace", rest, String(label), String(OTHER), String(""), String(""))
    more = build.compare(Aggregation(Aggregate.COUNT, node), ">", count)
    return build.or_(largest, build.and_on((), named, more))


def _sum(node: Node) -> Node:
    return Aggregation(Aggregate.SUM, node)


def pace(catalog: Catalog, panel: Panel) -> Duration:
    """How often the fastest series of a panel gets a new sample."""
    names = {name for query in panel.queries for name in promql.metrics(promql.parse(query.value))}
    return min((_pace(catalog, name) for name in names), default=catalog.intervals.rules_standard)


def _pace(catalog: Catalog, name: str) -> Duration:
    intervals = catalog.intervals
    paces = {each.pace for service in catalog.services for each in service.recordings if each.name == name}
    if paces:
        return min(interval(catalog, pace) for pace in paces)
    for metric in catalog.metrics:
        if name == metric.name or (metric.buckets and name.startswith(metric.name + "_")):
            return intervals.scrape_critical if metric.scrape is Scrape.CRITICAL else intervals.scrape_standard
    return intervals.rules_critical  # of objectives, or made by Prometheus itself


# --- what it is compared with ----------------------------------------------------------------------


def limits(service: Service, panel: Panel) -> tuple[Limit, ...]:
    """The thresholds of a panel for one service, ascending; what the service has switched off draws nothing."""
    found = [limit for threshold in panel.thresholds for limit in _limits(service, threshold)]
    return tuple(sorted(set(found), key=lambda limit: (limit.value, _BADNESS.index(limit.colour))))


def _limits(service: Service, threshold: OfAlert | OfSlo) -> Iterator[Limit]:
    if isinstance(threshold, OfAlert):
        for alert in service.alerts:
            if alert.name == threshold.alert:
                yield Limit(alert.threshold.value, alert.threshold.comparison, _colour(alert.severity))
        return
    for slo in service.slos:
        if slo.name == threshold.slo:
            yield from _of_slo(service, slo, threshold.at)


def _of_slo(service: Service, slo: Slo, at: Reading) -> Iterator[Limit]:
    match at:
        case Reading.TARGET:
            yield Limit(slo.target.value, Comparison.BELOW, Colour.BAD)
        case Reading.ALLOWED:
            yield Limit(slo.target.complement.value, Comparison.ABOVE, Colour.BAD)
        case Reading.WITHIN:
            if isinstance(slo.events, Requests) and slo.events.within is not None:
                yield Limit(slo.events.within.seconds, Comparison.ABOVE, Colour.BAD)
        case Reading.BURN:
            for severity, factor in _burn_factors(slo):
                yield Limit(factor, Comparison.ABOVE, _colour(severity))
        case Reading.BUDGET_LEFT:
            for state in service.budget_policy:
                if state.severity is not None:
                    yield Limit(state.consumed.complement.value, Comparison.BELOW, _colour(state.severity))


def _burn_factors(slo: Slo) -> Iterator[tuple[Severity, Decimal]]:
    objective = budget.Objective(slo.target, slo.window)
    for tier in slo.tiers:
        # the scrape interval has no part in the factor
        alert = budget.BurnAlert(objective, tier.budget_share, tier.long_window, Duration.of(seconds=1))
        yield tier.severity, alert.factor


_BADNESS = (Colour.OK, Colour.WARN, Colour.BAD)


def _colour(severity: Severity) -> Colour:
    return Colour.BAD if severity in {Severity.CRITICAL, Severity.HIGH} else Colour.WARN


@dataclass(frozen=True, slots=True)
class Zone:
    """A stretch of values with one meaning."""

    start: Decimal | None
    """None: from the lowest."""
    colour: Colour


def zones(found: tuple[Limit, ...]) -> tuple[Zone, ...]:
    """Every value's colour: the worst that any limit says of it. Neighbours of one colour are one zone."""
    edges: list[Decimal | None] = [None, *sorted({limit.value for limit in found})]
    result: list[Zone] = []
    for edge in edges:
        colour = max((_said(limit, edge) for limit in found), key=_BADNESS.index, default=Colour.OK)
        if not result or result[-1].colour is not colour:
            result.append(Zone(edge, colour))
    return tuple(result)


def _said(limit: Limit, edge: Decimal | None) -> Colour:
    """What a limit says of the values from an edge up to the next."""
    beyond = edge is not None and edge >= limit.value
    bad = beyond if limit.direction is Comparison.ABOVE else not beyond
    return limit.colour if bad else Colour.OK
