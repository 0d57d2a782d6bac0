"""The raw outage alert, the traffic-collapse alert and the breach of the objective over all requests.

What must be seen even when budgets, history and the service's own view fail.
"""

from watchkeeper import conventions, promql
from watchkeeper.compile import texts
from watchkeeper.compile.slo import LEVEL_0, Sli, Tempo, fastest, interval, sli
from watchkeeper.formats.prometheus import Alerting, Group
from watchkeeper.model import Catalog, Kind, Priority, Requests, Service, Severity, Slo
from watchkeeper.promql import build
from watchkeeper.promql.nodes import Node
from watchkeeper.promql.scope import KEYS
from watchkeeper.quantity import Duration, Ratio

COLLAPSE_SHARE = Ratio.of(percent=10)
COLLAPSE_FOR = Duration.of(minutes=2)
USUAL_OVER = Duration.of(hours=1)
USUAL_BEFORE = Duration.of(minutes=10)
BREACH_OVER = (LEVEL_0, Duration.of(hours=1))
"""A healthy service misses 99.9 % in up to 7 % of its five minutes (docs/decisions/availability-breach.md)."""
BREACH_FOR = Duration.of(minutes=5)
WORTH_WATCHING = 1
"""Requests per second over the hour before; below it, a quiet five minutes are nothing strange."""


def group(catalog: Catalog, service: Service) -> Group:
    """Without an objective that counts failures of all requests, what remains is the probe."""
    rule = _outage(catalog, service, over_all_requests(service))
    return Group(conventions.outage_group(service.name), catalog.intervals.rules_critical, (rule,))


def alerts(catalog: Catalog, service: Service) -> tuple[Alerting, ...]:
    """Every alert of this module, whichever group it stands in."""
    slo = over_all_requests(service)
    outage = _outage(catalog, service, slo)
    return (outage,) if slo is None else (outage, *(alert for _, alert in joining(catalog, service, slo)))


def joining(catalog: Catalog, service: Service, slo: Slo) -> tuple[tuple[Tempo, Alerting], ...]:
    """Alerts on all requests, each with the group of their objective that records what it reads."""
    events = sli(catalog, service, slo)
    return ((Tempo.STANDARD, _collapse(catalog, events)), (fastest(events), _breach(catalog, events)))


def over_all_requests(service: Service) -> Slo | None:
    return next((slo for slo in service.slos if _counts_all(slo)), None)


def _counts_all(slo: Slo) -> bool:
    """What the SDK classifies says so itself; of foreign counters we know it by the objective's name."""
    if isinstance(slo.events, Requests):
        return not slo.events.request_class
    return slo.name == "availability"


def _outage(catalog: Catalog, service: Service, slo: Slo | None) -> Alerting:
    probe = _probe_failing(catalog, service)
    node = probe if slo is None else build.binary("or", _failing(catalog, service, slo), probe, on=KEYS)
    component = slo.component if slo else "api"
    labels = texts.labels(service.team, component, Severity.CRITICAL, kind=Kind.OUTAGE, priority=Priority.P0)
    return Alerting(
        conventions.OUTAGE,
        promql.lay_out(node),
        Duration.of(),
        labels,
        texts.outage(catalog, service.outage, labels),
    )


def _failing(catalog: Catalog, service: Service, slo: Slo) -> Node:
    rule, events = service.outage, sli(catalog, service, slo)
    share = build.divide(
        events.bad_rate(rule.window),
        build.compare(build.sum_by(KEYS, build.rate(events.total, rule.window)), ">", 0),
    )
    return build.and_on(
        KEYS,
        build.compare(share, ">", rule.bad_share.value),
        build.compare(events.bad_increase(rule.window), ">", rule.min_bad_events),
    )


def _probe_failing(catalog: Catalog, service: Service) -> Node:
    """Every sample of the window is a failure, and more than half of the expected samples are there.

    A window survives restarts of Prometheus, a `for` does not.
    """
    window = service.outage.probe_failing_for
    probe = build.selector(conventions.PROBE_SUCCESS, service=service.name)
    failed = build.subtract(build.number(1), build.max_by(KEYS, build.max_over_time(probe, window)))
    enough = build.compare(
        build.max_by(KEYS, build.count_over_time(probe, window)), ">", window / catalog.intervals.scrape_critical / 2
    )
    return build.and_on(KEYS, build.compare(failed, "==", 1), enough)


def _collapse(catalog: Catalog, events: Sli) -> Alerting:
    total, slo = events.recorded(conventions.SLI_TOTAL), events.slo
    usual = build.avg_over_time(build.earlier(total, USUAL_BEFORE), USUAL_OVER)
    share = build.divide(total, build.compare(usual, ">", WORTH_WATCHING))
    labels = texts.labels(events.service.team, slo.component, Severity.HIGH, kind=Kind.SYMPTOM)
    return Alerting(
        conventions.TRAFFIC_COLLAPSE,
        promql.lay_out(build.compare(share, "<", COLLAPSE_SHARE.value)),
        COLLAPSE_FOR,
        labels,
        texts.collapse(catalog, LEVEL_0, COLLAPSE_SHARE, COLLAPSE_FOR, labels),
    )


def _breach(catalog: Catalog, events: Sli) -> Alerting:
    """The objective itself as a limit."""
    slo, allowed = events.slo, events.objective.error_share
    now, longer = (build.compare(events.ratio(window), ">", allowed.value) for window in BREACH_OVER)
    failed = events.bad_increase(BREACH_OVER[0])
    node = build.and_on(KEYS, now, longer, build.compare(failed, ">=", slo.min_bad_events))
    team, every = events.service.team, interval(catalog, fastest(events))
    labels = texts.labels(team, slo.component, Severity.CRITICAL, kind=Kind.SYMPTOM, priority=Priority.P1)
    return Alerting(
        conventions.AVAILABILITY_BREACH,
        promql.lay_out(node),
        BREACH_FOR,
        labels,
        texts.breach(catalog, slo, BREACH_OVER, labels, waiting=BREACH_FOR, every=every),
    )
