"""Recording rules and burn alerts of one objective.

Events first, ratios last: level 0 records bad and total events per second with identical labels, zero-filled.
Short windows read the counters, longer ones sum level 0; an average of ratios would weigh a quiet night like a busy
noon (docs/decisions/sums-not-averages.md). Page alerts stand in the group of the recordings they read, because groups
run at different offsets.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from watchkeeper import budget, conventions, promql
from watchkeeper.compile import texts
from watchkeeper.compile.scope import scoped
from watchkeeper.formats.prometheus import Alerting, Group, Recording
from watchkeeper.model import BudgetState, Catalog, Kind, Queries, Service, Severity, Slo
from watchkeeper.promql import build
from watchkeeper.promql.nodes import Node, Selector
from watchkeeper.promql.scope import KEYS
from watchkeeper.quantity import Duration

LEVEL_0 = Duration.of(minutes=5)
LONGEST_FAST = Duration.of(hours=6)
"""Longer windows are evaluated in the slow group."""
LONGEST_RAW_UNKNOWN = Duration.of(hours=1)
"""Windows read from a counter that the catalog does not know up to here: it may have thousands of series."""
NARROW = 300
"""Series in the reference deployment. A counter with more is read for the shortest window only: each second of a window
is read again at every evaluation (bench/rules.py)."""
REPORTED = (LEVEL_0, Duration.of(hours=1))
HISTORY_STEP = Duration.of(hours=1)
"""History is counted in steps of this: reading every sample of a month would cost more than the budget itself."""
MISSING_FOR = Duration.of(minutes=2)


@dataclass(frozen=True, slots=True)
class Burning:
    """A tier's alert and whom it calls."""

    severity: Severity
    alert: budget.BurnAlert


@dataclass(frozen=True, slots=True)
class Sli:
    """One objective of one service, with its events found and its tiers derived."""

    catalog: Catalog
    service: Service
    slo: Slo
    bad: Selector
    total: Selector
    objective: budget.Objective
    burns: tuple[Burning, ...]
    longest_raw: Duration
    """Windows up to here read the counters, longer ones what was recorded of them."""

    def recorded(self, name: str) -> Selector:
        return build.selector(name, slo=self.slo.name, service=self.service.name)

    def ratio(self, window: Duration) -> Selector:
        return self.recorded(conventions.error_ratio(window))


def sli(catalog: Catalog, service: Service, slo: Slo) -> Sli:
    bad, total = _events(service, slo)
    objective = budget.Objective(slo.target, slo.window)
    scrape = _scrape(catalog, slo)
    burns = tuple(
        Burning(tier.severity, budget.BurnAlert(objective, tier.budget_share, tier.long_window, scrape))
        for tier in slo.tiers
    )
    return Sli(catalog, service, slo, bad, total, objective, burns, _longest_raw(catalog, total.name))


def _scrape(catalog: Catalog, slo: Slo) -> Duration:
    """How often the events arrive; counters of others are taken to be on the standard path."""
    foreign = isinstance(slo.events, Queries)
    return catalog.intervals.scrape_standard if foreign else catalog.intervals.scrape_critical


def _longest_raw(catalog: Catalog, counter: str) -> Duration:
    for metric in catalog.metrics:
        if metric.name == counter:
            narrow = metric.planned * catalog.reference.of(metric.emitter) <= NARROW
            return LONGEST_FAST if narrow else LEVEL_0
    return LONGEST_RAW_UNKNOWN


def groups(catalog: Catalog, service: Service, slo: Slo) -> tuple[Group, Group]:
    """The fast group with the page alerts, the slow group with windows of a day and more."""
    o = sli(catalog, service, slo)
    windows = {*REPORTED, slo.window} | {
        w for burn in o.burns for w in (burn.alert.long_window, burn.alert.short_window)
    }
    fast = sorted(window for window in windows if LEVEL_0 != window <= LONGEST_FAST)
    slow = sorted(window for window in windows if LONGEST_FAST < window != slo.window)
    return (
        Group(
            conventions.slo_group(service.name, slo.name),
            catalog.intervals.rules_critical,
            (
                *_level_0(o),
                *(_record(o, conventions.error_ratio(window), _ratio(o, window)) for window in fast),
                _record(o, conventions.EXHAUSTED_IN, _exhausted_in(o, build.compare(o.ratio(LEVEL_0), ">", 0))),
                *_burn_alerts(o, slow=False),
                _missing(o),
            ),
        ),
        Group(
            conventions.slo_slow_group(service.name, slo.name),
            catalog.intervals.rules_slow,
            (
                *(_record(o, conventions.error_ratio(window), _ratio(o, window)) for window in slow),
                *_counted(o),
                _record(o, conventions.BUDGET_REMAINING, _remaining(o)),
                _record(o, conventions.HISTORY_COVERAGE, _coverage(o)),
                *_burn_alerts(o, slow=True),
                *_budget_alerts(o),
            ),
        ),
    )


def _events(service: Service, slo: Slo) -> tuple[Selector, Selector]:
    if isinstance(slo.events, Queries):
        bad, total = scoped(slo.events.bad, service), scoped(slo.events.total, service)
        if not (isinstance(bad, Selector) and isinstance(total, Selector)):
            raise TypeError(f"{slo.name}: events are plain counters")
        return bad, total
    return (
        build.selector(conventions.SLI_EVENTS, slo=slo.name, service=service.name, outcome="bad"),
        build.selector(conventions.SLI_EVENTS, slo=slo.name, service=service.name, outcome=build.one_of("good", "bad")),
    )


def _record(o: Sli, name: str, node: Node) -> Recording:
    return Recording(name, promql.lay_out(node), (("slo", o.slo.name),))


def _total_rate(o: Sli, window: Duration) -> Node:
    return build.sum_by(KEYS, build.rate(o.total, window))


def _bad_rate(o: Sli, window: Duration) -> Node:
    """Zero while there is traffic without errors; the fill is the total's own expression, so that the labels agree."""
    zero = build.multiply(build.number(0), _total_rate(o, window))
    return build.or_(build.sum_by(KEYS, build.rate(o.bad, window)), zero)


def _level_0(o: Sli) -> Iterator[Recording]:
    yield _record(o, conventions.SLI_ERRORS, _bad_rate(o, LEVEL_0))
    yield _record(o, conventions.SLI_TOTAL, _total_rate(o, LEVEL_0))
    errors, total = o.recorded(conventions.SLI_ERRORS), o.recorded(conventions.SLI_TOTAL)
    yield _record(o, conventions.error_ratio(LEVEL_0), build.divide(errors, build.compare(total, ">", 0)))


def _ratio(o: Sli, window: Duration) -> Node:
    return _raw_ratio(o, window) if window <= o.longest_raw else _summed_ratio(o, window)


def _raw_ratio(o: Sli, window: Duration) -> Node:
    return build.divide(_bad_rate(o, window), build.compare(_total_rate(o, window), ">", 0))


def _summed_ratio(o: Sli, window: Duration) -> Node:
    errors, total = o.recorded(conventions.SLI_ERRORS), o.recorded(conventions.SLI_TOTAL)
    return build.divide(build.sum_over_time(errors, window), build.compare(build.sum_over_time(total, window), ">", 0))


def _counted(o: Sli) -> Iterator[Recording]:
    """Events of the whole window, each kind read once: at a month's length this is what the objective costs."""
    window, seconds = o.slo.window, build.number(o.catalog.intervals.rules_critical.seconds)
    names = (conventions.bad_events(window), conventions.total_events(window))
    for name, level_0 in zip(names, (conventions.SLI_ERRORS, conventions.SLI_TOTAL), strict=True):
        yield _record(o, name, build.multiply(build.sum_over_time(o.recorded(level_0), window), seconds))
    bad, total = map(o.recorded, names)
    yield _record(o, conventions.error_ratio(window), build.divide(bad, build.compare(total, ">", 0)))


def _remaining(o: Sli) -> Node:
    consumed = build.divide(o.ratio(o.slo.window), build.number(o.objective.error_share.value))
    return build.subtract(build.number(1), consumed)


def _coverage(o: Sli) -> Node:
    """Left-open windows of Prometheus 3 hold one sample less than those of 2.x: never more than 1."""
    expected = o.slo.window / HISTORY_STEP
    seen = build.call("count_over_time", build.stepped(o.recorded(conventions.SLI_TOTAL), o.slo.window, HISTORY_STEP))
    return build.call("clamp_max", build.divide(seen, build.number(expected)), build.number(1))


def _exhausted_in(o: Sli, ratio: Node) -> Node:
    """Budget as seconds of total outage, times what is left of it, over the share that fails now.

    Without enough history the budget counts as whole: the first bad minute of a new service is no spent month.
    """
    known = build.binary("and", o.recorded(conventions.BUDGET_REMAINING), _enough_history(o))
    whole = build.add(build.number(1), build.multiply(build.number(0), ratio))
    left = build.or_(build.call("clamp_min", known, build.number(0)), whole)
    seconds = o.objective.budget_time.seconds
    return build.divide(build.multiply(build.number(seconds), left), ratio)


def _enough_history(o: Sli) -> Node:
    return build.compare(o.recorded(conventions.HISTORY_COVERAGE), ">=", budget.ENOUGH_HISTORY)


def _burn_alerts(o: Sli, *, slow: bool) -> Iterator[Alerting]:
    """One alert per severity, its tiers as alternatives; one that reads sums of level 0 stands in the slow group."""
    interval = o.catalog.intervals.rules_slow if slow else o.catalog.intervals.rules_critical
    for severity in Severity:
        burns = tuple(burn.alert for burn in o.burns if burn.severity is severity)
        if burns and slow is any(burn.long_window > LONGEST_FAST for burn in burns):
            labels = texts.labels(
                o.service.team,
                o.slo.component,
                severity,
                kind=Kind.SYMPTOM,
                priority=o.slo.priority,
                slo=o.slo.name,
                tier=severity.value,
            )
            yield Alerting(
                conventions.burn_alert(severity),
                promql.lay_out(build.or_(*(_burning(o, burn) for burn in burns))),
                Duration.of(),
                labels,
                texts.burn(o.catalog, o.slo, burns, labels, interval),
            )


def _burning(o: Sli, burn: budget.BurnAlert) -> Node:
    """The value is the time until the budget is spent at the pace of the short window."""
    threshold = burn.threshold.value
    return build.and_on(
        KEYS,
        _exhausted_in(o, build.compare(o.ratio(burn.short_window), ">", threshold)),
        build.compare(o.ratio(burn.long_window), ">", threshold),
        _enough_bad_events(o, burn.long_window),
    )


def _enough_bad_events(o: Sli, window: Duration) -> Node:
    if window <= o.longest_raw:
        events: Node = build.sum_by(KEYS, build.increase(o.bad, window))
    else:
        errors = build.sum_over_time(o.recorded(conventions.SLI_ERRORS), window)
        events = build.multiply(errors, build.number(o.catalog.intervals.rules_critical.seconds))
    return build.compare(events, ">=", o.slo.min_bad_events)


def _budget_alerts(o: Sli) -> Iterator[Alerting]:
    for state in o.service.budget_policy:
        if state.severity is not None:
            yield _budget_alert(o, state, state.severity)


def _budget_alert(o: Sli, state: BudgetState, severity: Severity) -> Alerting:
    consumed = build.subtract(build.number(1), o.recorded(conventions.BUDGET_REMAINING))
    spent = build.compare(consumed, ">=", state.consumed.value)
    return Alerting(
        conventions.budget_alert(state.consumed),
        promql.lay_out(build.binary("and", spent, _enough_history(o))),
        Duration.of(),
        texts.labels(o.service.team, o.slo.component, severity, kind=Kind.SYMPTOM, slo=o.slo.name),
        texts.budget_state(o.service, o.slo, state, severity),
    )


def _missing(o: Sli) -> Alerting:
    """Blind is not healthy: without events every other alert of the objective is silent."""
    labels = texts.labels(
        o.service.team, o.slo.component, Severity.HIGH, kind=Kind.MONITORING, slo=o.slo.name, service=o.service.name
    )
    return Alerting(
        conventions.SLI_MISSING,
        promql.lay_out(build.absent(o.total)),
        MISSING_FOR,
        labels,
        texts.missing(o.catalog, o.slo, MISSING_FOR, labels),
    )
