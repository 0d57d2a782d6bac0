"""Alerts as their owners wrote them: value, threshold and how long, rendered to one expression."""

from collections.abc import Iterable, Iterator

from watchkeeper import budget, conventions, promql
from watchkeeper.compile import texts
from watchkeeper.compile.detection import Detection, group_wait
from watchkeeper.compile.lookback import Leaf, home, lag, leaves
from watchkeeper.compile.scope import scoped
from watchkeeper.formats.prometheus import Alerting, Group, Pairs
from watchkeeper.model import Alert, Catalog, Comparison, Family, Kind, Scrape, Service, Severity, Unit
from watchkeeper.promql import build
from watchkeeper.promql.nodes import Call, Node, Selector
from watchkeeper.promql.rewrite import metrics, walk
from watchkeeper.quantity import Duration


def written(catalog: Catalog) -> Iterator[tuple[Service, Alert]]:
    """Every alert with its service; those about the monitoring itself once for all services."""
    told: set[str] = set()
    for service in catalog.services:
        for alert in service.alerts:
            if alert.name not in told:
                yield service, alert
            if alert.kind.about_monitoring:
                told.add(alert.name)


def of_service(catalog: Catalog, service: Service) -> Iterator[Group]:
    """One group on the critical path and one for the rest; what stands behind recordings is in neither."""
    for critical in (True, False):
        own = [
            alert
            for alert in service.alerts
            if not alert.kind.about_monitoring
            and (alert.severity is Severity.CRITICAL) is critical
            and home(catalog, service, alert) is None
        ]
        if own:
            name = conventions.alert_group(service.name, critical=critical)
            rules = tuple(alerting(catalog, service, alert) for alert in own)
            yield Group(name, evaluation(catalog, service, own[0]), rules)


def behind(catalog: Catalog, service: Service, family: Family) -> Iterator[Alerting]:
    """The alerts that stand in a group of recordings."""
    for alert in service.alerts:
        if home(catalog, service, alert) is family:
            yield alerting(catalog, service, alert)


def of_monitoring(catalog: Catalog) -> Iterator[Group]:
    for kind, name in (
        (Kind.MONITORING, conventions.MONITORING_GROUP),
        (Kind.WATCHDOG, conventions.WATCHDOG_GROUP),
    ):
        own = [(service, alert) for service, alert in written(catalog) if alert.kind is kind]
        if own:
            rules = tuple(alerting(catalog, service, alert) for service, alert in own)
            yield Group(name, evaluation(catalog, *own[0]), rules)


def evaluation(catalog: Catalog, service: Service, alert: Alert) -> Duration:
    """The interval of the group an alert stands in.

    Critical alerts of a service are on the critical path unless they stand behind recordings. The watchdog is evaluated
    as often as anything is scraped, because Alertmanager believes in it for four intervals.
    """
    intervals = catalog.intervals
    if alert.kind is Kind.WATCHDOG:
        return intervals.scrape_critical
    on_path = alert.severity is Severity.CRITICAL and not alert.kind.about_monitoring
    return intervals.rules_critical if on_path and home(catalog, service, alert) is None else intervals.rules_standard


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
        texts.written(alert, _detection(catalog, service, alert, labels)),
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
    expected = alert.within / _scrape(catalog, metrics(value))
    enough = build.compare(build.count_over_time(value, alert.within), ">", expected / 2)
    return build.binary("and", _compared(alert, extreme(value, alert.within)), enough)


def _scrape(catalog: Catalog, names: Iterable[str]) -> Duration:
    """The slowest one that any of these series comes with."""
    known = {metric.name: metric for metric in catalog.metrics}
    families = {_family(name) for name in names}
    classes = {known[name].scrape for name in families if name in known}
    slow = Scrape.STANDARD in classes
    return catalog.intervals.scrape_standard if slow else catalog.intervals.scrape_critical


def _family(series: str) -> str:
    for suffix in ("_bucket", "_count", "_sum"):
        if series.endswith(suffix):
            return series.removesuffix(suffix)
    return series


def _detection(catalog: Catalog, service: Service, alert: Alert, labels: Pairs) -> Detection:
    value = promql.parse(alert.value)
    read = tuple(leaves(service, value))
    delays = budget.Delays(
        _scrape(catalog, (leaf.metric for leaf in read)),
        evaluation(catalog, service, alert) + lag(catalog, service, alert),
        for_=alert.for_,
        group_wait=group_wait(catalog, labels),
    )
    return Detection(alert.within or _crossing(alert, value, read), delays)


def _crossing(alert: Alert, value: Node, read: tuple[Leaf, ...]) -> Duration:
    """A share over a window crosses its threshold after that share of the window when everything fails."""
    windows = [leaf.window for leaf in read if leaf.window]
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
