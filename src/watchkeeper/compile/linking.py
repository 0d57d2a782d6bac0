"""From an alert to the panel that shows what it speaks of: a path within Grafana, wherever that is."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from watchkeeper import conventions
from watchkeeper.compile import grafana
from watchkeeper.formats.prometheus import Alerting, Group, Recording
from watchkeeper.model import Catalog, PanelRef, Service


def paths(catalog: Catalog, service: Service) -> dict[str, str]:
    """Of every panel that the service's alerts name. They may name panels of dashboards that are not ours."""
    named = {*_written(service).values(), *(slo.panel for slo in service.slos), *conventions.PANELS.values()}
    known = {f"{dashboard.key}/{panel.key}" for dashboard in catalog.dashboards for panel in dashboard.panels}
    return {panel: _path(catalog, service, panel) for panel in sorted(named & known)}


def panel_of(service: Service, rule: Alerting) -> str:
    """Of the alert as it was written, of the compiler's own, or of the objective that a rule speaks of; else empty."""
    objectives = {slo.name: slo.panel for slo in service.slos}
    own = _written(service).get(rule.alert) or conventions.PANELS.get(rule.alert)
    return own or objectives.get(dict(rule.labels).get("slo", ""), "")


def _written(service: Service) -> dict[str, str]:
    """By the alert's name; the ratio of a log alert has the panel of the alert."""
    of_metrics = {alert.name: alert.panel for alert in service.alerts}
    ratios = {alert.ratio.name: alert.panel for alert in service.log_alerts if alert.ratio}
    return of_metrics | {alert.name: alert.panel for alert in service.log_alerts} | ratios


def linked(catalog: Catalog, service: Service, groups: Iterable[Group]) -> Iterator[Group]:
    """The groups of a service, with a link to its panel on every alert that has one."""
    places = paths(catalog, service)
    for group in groups:
        yield replace(group, rules=tuple(_linked(service, places, rule) for rule in group.rules))


def _linked(service: Service, places: Mapping[str, str], rule: Recording | Alerting) -> Recording | Alerting:
    if isinstance(rule, Recording):
        return rule
    place = places.get(panel_of(service, rule))
    return replace(rule, annotations=(*rule.annotations, ("dashboard", place))) if place else rule


def _path(catalog: Catalog, service: Service, panel: str) -> str:
    dashboard, _, key = panel.partition("/")
    return conventions.panel_url("", *grafana.address(catalog, service.name, PanelRef(dashboard, key)))
