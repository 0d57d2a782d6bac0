"""Alerts as their owners wrote them: value, threshold and how long, rendered to one expression."""

from collections.abc import Iterator

from watchkeeper import budget, conventions, promql
from watchkeeper.compile import texts
from watchkeeper.compile.detection import Detection, evaluation, group_wait
from watchkeeper.compile.scope import scoped
from watchkeeper.formats.prometheus import Alerting, Group, Pairs
from watchkeeper.model import Alert, Catalog, Comparison, Kind, Scrape, Service, Severity, Unit
from watchkeeper.promql import build
from watchkeeper.promql.nodes import Call, Node, Selector
from watchkeeper.promql.rewrite import metrics, ranges, walk
from watchkeeper.quantity import Duration


def groups(catalog: Catalog) -> Iterator[Group]:
    """Of every alert that was written."""
    for service in catalog.services:
        yield from of_service(catalog, service)
    yield from of_monitoring(catalog)


def of_service(catalog: Catalog, service: Service) -> Iterator[Group]:
    """One group on the critical path and one for the rest."""
    for critical in (True, False):
        own = [
            alert
            for alert in service.alerts
            if not alert.kind.about_monitoring and (alert.severity is Severity.CRITICAL) is critical
        ]
        if own:
            name = conventions.alert_group(service.name, critical=critical)
            rules = tuple(alerting(catalog, service, alert) for alert in own)
            yield Group(name, evaluation(catalog, own[0]), rules)


def of_monitoring(catalog: Catalog) -> Iterator[Group]:
    """Alerts about the monitoring itself, once for all services."""
    once = {alert.name: (service, alert) for service in catalog.services for alert in service.alerts}
    for kind, name in (
        (Kind.MONITORING, conventions.MONITORING_GROUP),
        (Kind.WATCHDOG, conventions.WATCHDOG_GROUP),
    ):
        own = [(service, alert) for service, alert in once.values() if alert.kind is kind]
        if own:
            rules = tuple(alerting(catalog, service, alert) for service, alert in own)
            yield Group(name, evaluation(catalog, own[0][1]), rules)


def alerting(catalog: Catalog, service: Service, alert: Alert) -> Alerting:
    value = _node(alert.value, alert, service)
    node = _windowed(catalog, alert, value) if alert.within else _compared(alert, value)
    if alert.guard:
        node = build.binary("and", node, _node(alert.guard, alert, service))
    labels = texts.labels(alert.team, alert.component, alert.severity, kind=alert.kind, priority=alert.priority)
    return Alerting(
        alert.name,
        promql.lay_out(node),
        alert.for_,
        labels,
        texts.written(alert, _detection(catalog, alert, value, labels)),
    )


def _node(text: str, alert: Alert, service: Service) -> Node:
    """Nothing is injected into what speaks of no single service."""
    return promql.parse(text) if alert.kind.about_monitoring else scoped(text, service)


def _compared(alert: Alert, value: Node) -> Node:
    return build.compare(value, texts.OPERATOR[alert.threshold.comparison], alert.threshold.value)


def _windowed(catalog: Catalog, alert: Alert, value: Node) -> Node:
    """Every sample of the window beyond the threshold, and more than half of the expected ones there.

    Prometheus forgets a `for` shorter than ten minutes at every restart; a window it reads from disk.
    """
    if not isinstance(value, Selector) or alert.within is None:
        raise TypeError(f"{alert.name}: `within` needs a plain selector")
    extreme = build.min_over_time if alert.threshold.comparison is Comparison.ABOVE else build.max_over_time
    expected = alert.within / _scrape(catalog, value)
    enough = build.compare(build.count_over_time(value, alert.within), ">", expected / 2)
    return build.binary("and", _compared(alert, extreme(value, alert.within)), enough)


def _scrape(catalog: Catalog, value: Node) -> Duration:
    """The slowest scrape any metric of the expression depends on."""
    known = {metric.name: metric for metric in catalog.metrics}
    families = {_family(name) for name in metrics(value)}
    classes = {known[name].scrape for name in families if name in known}
    slow = Scrape.STANDARD in classes
    return catalog.intervals.scrape_standard if slow else catalog.intervals.scrape_critical


def _family(series: str) -> str:
    for suffix in ("_bucket", "_count", "_sum"):
        if series.endswith(suffix):
            return series.removesuffix(suffix)
    return series


def _detection(catalog: Catalog, alert: Alert, value: Node, labels: Pairs) -> Detection:
    delays = budget.Delays(
        _scrape(catalog, value),
        evaluation(catalog, alert),
        for_=alert.for_,
        group_wait=group_wait(catalog, labels),
    )
    return Detection(alert.within or _crossing(alert, value), delays)


def _crossing(alert: Alert, value: Node) -> Duration:
    """A share over a window crosses its threshold after that share of the window when everything fails."""
    windows = [window.duration for window in ranges(value)]
    if not windows:
        return Duration(alert.threshold.value) if _is_age(alert, value) else Duration.of()
    shortest = min(windows)
    share = alert.threshold.value
    if share == 0 and alert.threshold.comparison is Comparison.ABOVE:
        return Duration.of()  # the first event is enough
    if alert.threshold.unit is not Unit.RATIO or share >= 1:
        return shortest
    return shortest * (share if alert.threshold.comparison is Comparison.ABOVE else 1 - share)


def _is_age(alert: Alert, value: Node) -> bool:
    """`time() - then` grows by a second a second: it needs its whole threshold to get there."""
    above = alert.threshold.comparison is Comparison.ABOVE
    return above and any(isinstance(part, Call) and part.function == "time" for part in walk(value))
