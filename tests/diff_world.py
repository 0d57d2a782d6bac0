"""The shipped definitions with one thing different: pairs for comparisons."""

from collections.abc import Callable
from dataclasses import replace

from watchkeeper.model import Alert, Catalog, Metric, Service, Slo

_SLOS = {"availability", "latency-complex"}
_ALERTS = {"HighEventLoopLag", "DatabaseDown"}


def reduced(catalog: Catalog) -> Catalog:
    """A few alerts and objectives of the pack, so that compiling them twice takes no time."""
    (service,) = catalog.services
    few = replace(
        service,
        slos=tuple(slo for slo in service.slos if slo.name in _SLOS),
        alerts=tuple(alert for alert in service.alerts if alert.name in _ALERTS),
        recordings=(),
        tests=(),
    )
    return replace(catalog, services=(few,), dashboards=(), pages=())


def with_service(catalog: Catalog, change: Callable[[Service], Service]) -> Catalog:
    (service,) = catalog.services
    return replace(catalog, services=(change(service),))


def with_alert(catalog: Catalog, name: str, change: Callable[[Alert], Alert | None]) -> Catalog:
    """None takes the alert away."""

    def changed(service: Service) -> Service:
        made = (change(alert) if alert.name == name else alert for alert in service.alerts)
        return replace(service, alerts=tuple(alert for alert in made if alert is not None))

    assert any(alert.name == name for alert in catalog.services[0].alerts)
    return with_service(catalog, changed)


def with_slo(catalog: Catalog, name: str, change: Callable[[Slo], Slo | None]) -> Catalog:
    """None takes the objective away."""

    def changed(service: Service) -> Service:
        made = (change(slo) if slo.name == name else slo for slo in service.slos)
        return replace(service, slos=tuple(slo for slo in made if slo is not None))

    assert any(slo.name == name for slo in catalog.services[0].slos)
    return with_service(catalog, changed)


def with_metric(catalog: Catalog, name: str, change: Callable[[Metric], Metric | None]) -> Catalog:
    """None takes the metric away."""
    assert any(metric.name == name for metric in catalog.metrics)
    made = (change(metric) if metric.name == name else metric for metric in catalog.metrics)
    return replace(catalog, metrics=tuple(metric for metric in made if metric is not None))
