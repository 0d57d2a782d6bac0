"""Every alert as the compiler makes it, so that the pages and the rules cannot disagree."""

from collections.abc import Iterator
from dataclasses import dataclass

from watchkeeper import budget, conventions, promql
from watchkeeper.compile import alertmanager, alerts, outage, slo
from watchkeeper.compile.reference import reference
from watchkeeper.compile.scope import scoped
from watchkeeper.console.definitions import (
    Curve,
    DefinedAlert,
    Definitions,
    derivation,
    numbered,
    receiver_words,
    untemplated,
)
from watchkeeper.formats.alertmanager_reading import read
from watchkeeper.formats.prometheus import Alerting, Group
from watchkeeper.model import Alert, Catalog, Kind, Service, Severity, Slo, Unit
from watchkeeper.promql.nodes import COMPARISONS, SET_OPERATORS, Binary, Node, Number
from watchkeeper.quantity import Duration


@dataclass(frozen=True, slots=True)
class _Value:
    """What an alert's value is, and what to draw of it."""

    unit: Unit | None
    means: str = ""
    curves: tuple[Curve, ...] = ()
    burns: tuple[budget.BurnAlert, ...] = ()


def definitions(catalog: Catalog) -> Definitions:
    """Outages first, then objectives, then what owners wrote: the order of the rule files."""
    found = (
        *(alert for service in catalog.services for alert in _outages(catalog, service)),
        *(
            alert
            for service in catalog.services
            for objective in service.slos
            for alert in _slo(catalog, service, objective)
        ),
        *_written(catalog),
    )
    routes = read(alertmanager.configuration(catalog, reference(catalog)).text)
    return Definitions(catalog, (), found, routes)


def _outages(catalog: Catalog, service: Service) -> Iterator[DefinedAlert]:
    for rule in outage.alerts(catalog, service):
        means = "of the usual traffic" if rule.alert == conventions.TRAFFIC_COLLAPSE else "failing"
        query, limit = compared(promql.parse(rule.expr))
        curve = Curve(query, limit, Unit.RATIO, f"Share {means}")
        yield _defined(catalog, rule, service.name, _Value(Unit.RATIO, means, (curve,)))


def _slo(catalog: Catalog, service: Service, objective: Slo) -> Iterator[DefinedAlert]:
    derived = slo.sli(catalog, service, objective)
    for group in slo.groups(catalog, service, objective).values():
        for rule in _alerting(group):
            yield _defined(catalog, rule, service.name, _slo_value(derived, rule))


def _slo_value(derived: slo.Sli, rule: Alerting) -> _Value:
    severity = Severity(dict(rule.labels)["severity"])
    if rule.alert == conventions.burn_alert(severity):
        burns = tuple(burn.alert for burn in derived.burns if burn.severity is severity)
        ratios = tuple(_ratio_curve(derived, burn) for burn in burns)
        return _Value(Unit.SECONDS, "until the budget is spent", (*ratios, _budget_curve(derived, 0.0)), burns)
    if rule.alert == conventions.SLI_MISSING:
        query = promql.render(derived.recorded(conventions.SLI_TOTAL))
        return _Value(None, "", (Curve(query, None, Unit.NUMBER, "Requests a second"),))
    _, consumed = compared(promql.parse(rule.expr))
    return _Value(Unit.RATIO, "of the budget spent", (_budget_curve(derived, 1 - (consumed or 1.0)),))


def _ratio_curve(derived: slo.Sli, burn: budget.BurnAlert) -> Curve:
    query = promql.render(derived.ratio(burn.long_window))
    return Curve(query, float(burn.threshold.value), Unit.RATIO, f"Bad requests, over {burn.long_window.words}")


def _budget_curve(derived: slo.Sli, line: float) -> Curve:
    query = promql.render(derived.recorded(conventions.BUDGET_REMAINING))
    return Curve(query, line, Unit.RATIO, f"Error budget left, of {derived.slo.window.words}")


def _written(catalog: Catalog) -> Iterator[DefinedAlert]:
    for service, alert in alerts.written(catalog):
        own = alert.kind.about_monitoring
        value = _Value(alert.threshold.unit, "", (_written_curve(alert, None if own else service),))
        rule = alerts.alerting(catalog, service, alert)
        yield _defined(catalog, rule, "" if own else service.name, value)


def _written_curve(alert: Alert, service: Service | None) -> Curve:
    query = promql.render(scoped(alert.value, service) if service else promql.parse(alert.value))
    return Curve(query, float(alert.threshold.value), alert.threshold.unit, "Value")


def compared(node: Node) -> tuple[str, float | None]:
    """What the first comparison of an expression compares, and with which number; without one, the whole expression."""
    while isinstance(node, Binary) and node.operator in SET_OPERATORS:
        node = node.lhs
    if isinstance(node, Binary) and node.operator in COMPARISONS and isinstance(node.rhs, Number):
        return promql.render(node.lhs), float(node.rhs.value)
    return promql.render(node), None


def _alerting(group: Group) -> Iterator[Alerting]:
    return (rule for rule in group.rules if isinstance(rule, Alerting))


def _defined(catalog: Catalog, rule: Alerting, service: str, value: _Value) -> DefinedAlert:
    labels, texts = dict(rule.labels), dict(rule.annotations)
    return DefinedAlert(
        name=rule.alert,
        severity=Severity(labels["severity"]),
        kind=Kind(labels["kind"]),
        labels=rule.labels,
        service=service,
        unit=value.unit,
        value_means=value.means,
        threshold=texts.get("threshold", ""),
        summary=untemplated(texts.get("summary", "")),
        impact=untemplated(texts.get("impact", "")),
        actions=numbered(untemplated(texts.get("actions", ""))),
        escalation=untemplated(texts.get("escalation", "")),
        detection=texts.get("detection", ""),
        runbook=texts.get("runbook", ""),
        expression=rule.expr,
        for_=rule.for_.words if rule.for_ != Duration.of() else "",
        receivers=receivers(catalog, labels),
        curves=value.curves,
        derivations=tuple(map(derivation, value.burns)),
    )


def receivers(catalog: Catalog, labels: dict[str, str]) -> tuple[str, ...]:
    """Who is told about an alert with these labels, as people say it."""
    known = {receiver.name: receiver for receiver in catalog.receivers}
    return tuple(receiver_words(known[name]) for name in catalog.routing.told(labels))
