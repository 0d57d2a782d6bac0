"""Recording rules and burn alerts of one objective.

Events first, ratios last: level 0 records bad and total events per second with identical labels, zero-filled.
Short windows read the counters, longer ones sum level 0; an average of ratios would weigh a quiet night like a busy
noon (docs/decisions/sums-not-averages.md). Alerts stand in the group of the recordings they read, because groups run at
different offsets.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from watchkeeper import budget, conventions, promql
from watchkeeper.compile import texts
from watchkeeper.compile.scope import scoped
from watchkeeper.formats.prometheus import Alerting, Group, Recording
from watchkeeper.model import BudgetState, Catalog, Kind, Outcome, Queries, Service, Severity, Slo
from watchkeeper.promql import build
from watchkeeper.promql.nodes import Node, Selector
from watchkeeper.promql.scope import KEYS
from watchkeeper.quantity import Duration

LEVEL_0 = Duration.of(minutes=5)
LONGEST_FAST = Duration.of(hours=6)
"""Longer windows are evaluated in the slow group."""
LONGEST_RAW = Duration.of(hours=1)
"""Windows of what pages at any hour are read from the counters up to here: they must not wait for level 0. Of six hours
every evaluation would read 4,320 samples a series, which took 40 ms for each objective (bench/rules.py)."""
NARROW = 300
"""Series in the reference deployment. A counter with more is read for the shortest window only."""
REPORTED = (LEVEL_0, Duration.of(hours=1))
YOUNG = Duration.of(hours=1)
OFF_THE_HOUR = Duration.of(minutes=1)
"""Steps of five minutes stand at round times, and so do deploys: what restarts on the seam between two rates is in
neither. A minute beside it the budget is off by half as much (bench/exactness.py)."""
COVERAGE_STEPS = 120
"""Of the whole window."""
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
    total: Selector
    part: Selector
    """Of the total, the events with this `outcome`."""
    outcome: Outcome
    objective: budget.Objective
    burns: tuple[Burning, ...]
    longest_raw: Duration
    """Windows up to here read the counters, longer ones what was recorded of them."""

    def bad_rate(self, window: Duration) -> Node:
        """Per second, by service and environment."""
        return self._bad(lambda counter: build.rate(counter, window))

    def bad_increase(self, window: Duration) -> Node:
        return self._bad(lambda counter: build.increase(counter, window))

    def _bad(self, count: Callable[[Selector], Node]) -> Node:
        part = build.sum_by(KEYS, count(self.part))
        if self.outcome is Outcome.BAD:
            return part
        total = build.sum_by(KEYS, count(self.total))
        good = build.or_(part, build.multiply(build.number(0), total))
        return build.call("clamp_min", build.subtract(total, good), build.number(0))

    def recorded(self, name: str) -> Selector:
        return build.selector(name, slo=self.slo.name, service=self.service.name)

    def ratio(self, window: Duration) -> Selector:
        return self.recorded(conventions.error_ratio(window))


def sli(catalog: Catalog, service: Service, slo: Slo) -> Sli:
    total, part, outcome = _events(service, slo)
    objective = budget.Objective(slo.target, slo.window)
    scrape = _scrape(catalog, slo)
    longest_raw = _longest_raw(catalog, slo, total.name)
    burns = tuple(
        Burning(
            tier.severity,
            budget.BurnAlert(
                objective,
                tier.budget_share,
                tier.long_window,
                scrape,
                recorded_over=LEVEL_0 if tier.long_window > longest_raw else Duration.of(),
                read_every=LEVEL_0 + OFF_THE_HOUR if tier.long_window > LONGEST_FAST else Duration.of(),
            ),
        )
        for tier in slo.tiers
    )
    return Sli(catalog, service, slo, total, part, outcome, objective, burns, longest_raw)


def _scrape(catalog: Catalog, slo: Slo) -> Duration:
    """How often the events arrive; counters of others are taken to be on the standard path."""
    foreign = isinstance(slo.events, Queries)
    return catalog.intervals.scrape_standard if foreign else catalog.intervals.scrape_critical


def _longest_raw(catalog: Catalog, slo: Slo, counter: str) -> Duration:
    known = (metric for metric in catalog.metrics if metric.name == counter)
    wide = any(metric.planned * catalog.reference.of(metric.emitter) > NARROW for metric in known)
    pages = any(_tempo(tier.severity, tier.long_window) is Tempo.PAGE for tier in slo.tiers)
    return LONGEST_RAW if pages and not wide else LEVEL_0


class Tempo(StrEnum):
    """Which of an objective's groups a rule stands in: what pages at any hour, the rest, windows of a day and more."""

    PAGE = "page"
    STANDARD = "standard"
    SLOW = "slow"


def tempo(burn: Burning) -> Tempo:
    return _tempo(burn.severity, burn.alert.long_window)


def _tempo(severity: Severity, long_window: Duration) -> Tempo:
    if long_window > LONGEST_FAST:
        return Tempo.SLOW
    return Tempo.PAGE if severity is Severity.CRITICAL else Tempo.STANDARD


def interval(catalog: Catalog, chosen: Tempo) -> Duration:
    intervals = catalog.intervals
    return {
        Tempo.PAGE: intervals.rules_critical,
        Tempo.STANDARD: intervals.rules_standard,
        Tempo.SLOW: intervals.rules_slow,
    }[chosen]


def groups(catalog: Catalog, service: Service, slo: Slo) -> dict[Tempo, Group]:
    """What pages at any hour if anything does, the slower alerts with what they read, and the long windows."""
    o = sli(catalog, service, slo)
    rules = {chosen: tuple(_rules(o, chosen)) for chosen in Tempo}
    return {
        chosen: Group(conventions.slo_group(service.name, slo.name, chosen.value), interval(catalog, chosen), own)
        for chosen, own in rules.items()
        if own
    }


def fastest(o: Sli) -> Tempo:
    """Of the groups of an objective: the page group, if the objective can call somebody at any hour."""
    return Tempo.PAGE if any(tempo(burn) is Tempo.PAGE for burn in o.burns) else Tempo.STANDARD


def _rules(o: Sli, chosen: Tempo) -> Iterator[Recording | Alerting]:
    """In the order of their reading: events, ratios, what is derived from them, alerts."""
    if chosen is Tempo.STANDARD:
        yield _record(o, conventions.SLI_TOTAL, _total_rate(o, LEVEL_0))
        yield _record(o, conventions.SLI_ERRORS, _recorded_bad_rate(o))
    yield from _ratios(o, chosen)
    if chosen is Tempo.SLOW:
        yield from _counted(o)
        yield _record(o, conventions.BUDGET_REMAINING, _remaining(o))
        yield _record(o, conventions.HISTORY_COVERAGE, _coverage(o))
    if chosen is fastest(o):
        yield _record(o, conventions.EXHAUSTED_IN, _exhausted_in(o, build.compare(o.ratio(LEVEL_0), ">", 0)))
    yield from _burn_alerts(o, chosen)
    if chosen is Tempo.SLOW:
        yield from _budget_alerts(o)
    if chosen is fastest(o):
        yield _missing(o)


def _ratios(o: Sli, chosen: Tempo) -> Iterator[Recording]:
    """The whole window has a rule of its own."""
    for window, own in sorted(_windows(o).items()):
        if own is chosen and window != o.slo.window:
            yield _record(o, conventions.error_ratio(window), _ratio(o, window, own))


def _windows(o: Sli) -> dict[Duration, Tempo]:
    """Every window of the objective's ratios, and the fastest group that needs it."""
    found = dict.fromkeys(REPORTED, Tempo.STANDARD)
    for burn in o.burns:
        for window in (burn.alert.long_window, burn.alert.short_window):
            found[window] = Tempo.SLOW if window > LONGEST_FAST else Tempo.STANDARD
    for burn in o.burns:
        if tempo(burn) is Tempo.PAGE:
            found |= dict.fromkeys((burn.alert.long_window, burn.alert.short_window), Tempo.PAGE)
    return found | {LEVEL_0: fastest(o)}


def _events(service: Service, slo: Slo) -> tuple[Selector, Selector, Outcome]:
    if isinstance(slo.events, Queries):
        total, part = scoped(slo.events.total, service), scoped(slo.events.part, service)
        if not (isinstance(total, Selector) and isinstance(part, Selector)):
            raise TypeError(f"{slo.name}: events are plain counters")
        return build.any_spelling(total), build.any_spelling(part), slo.events.outcome
    return (
        build.selector(conventions.SLI_EVENTS, slo=slo.name, service=service.name, outcome=build.one_of(*Outcome)),
        build.selector(conventions.SLI_EVENTS, slo=slo.name, service=service.name, outcome=Outcome.BAD.value),
        Outcome.BAD,
    )


def _record(o: Sli, name: str, node: Node) -> Recording:
    return Recording(name, promql.lay_out(node), (("slo", o.slo.name),))


def _total_rate(o: Sli, window: Duration) -> Node:
    return build.sum_by(KEYS, build.rate(o.total, window))


def _bad_rate(o: Sli, window: Duration) -> Node:
    """Zero while there is traffic without errors; the fill is the total's own expression, so that the labels agree."""
    zero = build.multiply(build.number(0), _total_rate(o, window))
    return build.or_(o.bad_rate(window), zero)


def _recorded_bad_rate(o: Sli) -> Node:
    """Filled from the total that was recorded a moment before: a wide counter is dear to read once more."""
    zero = build.multiply(build.number(0), o.recorded(conventions.SLI_TOTAL))
    return build.binary("or", o.bad_rate(LEVEL_0), zero, on=KEYS)


def _ratio(o: Sli, window: Duration, chosen: Tempo) -> Node:
    if window == LEVEL_0 and chosen is Tempo.STANDARD:
        return _share(o.recorded(conventions.SLI_ERRORS), o.recorded(conventions.SLI_TOTAL))
    if window <= o.longest_raw:
        return _share(_bad_rate(o, window), _total_rate(o, window))
    return _share(_events_over(o, conventions.SLI_ERRORS, window), _events_over(o, conventions.SLI_TOTAL, window))


def _share(bad: Node, total: Node) -> Node:
    return build.divide(bad, build.compare(total, ">", 0))


def _events_over(o: Sli, level_0: str, window: Duration) -> Node:
    """Recorded rates times how far they lie apart.

    Each rate covers its own five minutes, so the slow windows read one in five minutes: every event is in one of them.
    All that is recorded says the same ten times over. Steps stand at round times; until a new objective has met its
    first, all that it has recorded is summed.
    """
    recorded, every = o.recorded(level_0), interval(o.catalog, Tempo.STANDARD)
    if window <= LONGEST_FAST:
        return _times(build.sum_over_time(recorded, window), every)
    stepped = build.call("sum_over_time", build.stepped(build.earlier(recorded, OFF_THE_HOUR), window, LEVEL_0))
    return build.or_(_times(stepped, LEVEL_0), _times(build.sum_over_time(recorded, YOUNG), every))


def _times(node: Node, step: Duration) -> Node:
    return build.multiply(node, build.number(step.seconds))


def _counted(o: Sli) -> Iterator[Recording]:
    """Events of the whole window, each kind read once."""
    window = o.slo.window
    names = (conventions.bad_events(window), conventions.total_events(window))
    for name, level_0 in zip(names, (conventions.SLI_ERRORS, conventions.SLI_TOTAL), strict=True):
        yield _record(o, name, _events_over(o, level_0, window))
    bad, total = map(o.recorded, names)
    yield _record(o, conventions.error_ratio(window), _share(bad, total))


def _remaining(o: Sli) -> Node:
    consumed = build.divide(o.ratio(o.slo.window), build.number(o.objective.error_share.value))
    return build.subtract(build.number(1), consumed)


def _coverage(o: Sli) -> Node:
    """Looked at in steps so wide that most of what is stored is passed over; before the first, all is counted.

    Left-open windows of Prometheus 3 hold one sample less than those of 2.x: never more than 1.
    """
    recorded, step = o.recorded(conventions.SLI_TOTAL), o.slo.window / COVERAGE_STEPS
    seen = build.call("count_over_time", build.stepped(recorded, o.slo.window, step))
    samples = build.number(o.slo.window / interval(o.catalog, Tempo.STANDARD))
    young = build.divide(build.count_over_time(recorded, step), samples)
    share = build.or_(build.divide(seen, build.number(COVERAGE_STEPS)), young)
    return build.call("clamp_max", share, build.number(1))


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


def _burn_alerts(o: Sli, chosen: Tempo) -> Iterator[Alerting]:
    """One alert per severity, its tiers as alternatives; it stands in the slowest group that any of them needs."""
    slowest = list(Tempo)
    for severity in Severity:
        burns = [burn for burn in o.burns if burn.severity is severity]
        if burns and max(map(tempo, burns), key=slowest.index) is chosen:
            yield _burn_alert(o, severity, tuple(burn.alert for burn in burns), interval(o.catalog, chosen))


def _burn_alert(o: Sli, severity: Severity, burns: tuple[budget.BurnAlert, ...], every: Duration) -> Alerting:
    labels = texts.labels(
        o.service.team,
        o.slo.component,
        severity,
        kind=Kind.SYMPTOM,
        priority=o.slo.priority,
        slo=o.slo.name,
        tier=severity.value,
    )
    return Alerting(
        conventions.burn_alert(severity),
        promql.lay_out(build.or_(*(_burning(o, burn) for burn in burns))),
        Duration.of(),
        labels,
        texts.burn(o.catalog, o.slo, burns, labels, every),
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
    raw = window <= o.longest_raw
    counted = o.bad_increase(window) if raw else _events_over(o, conventions.SLI_ERRORS, window)
    return build.compare(counted, ">=", o.slo.min_bad_events)


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
        texts.missing(o.catalog, o.slo, MISSING_FOR, labels, interval(o.catalog, fastest(o))),
    )
