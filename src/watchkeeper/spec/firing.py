"""Every alert that can fire, written or generated, with the labels it surely and perhaps carries."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from watchkeeper import promql
from watchkeeper.model import Kind, Priority, Severity
from watchkeeper.promql.labels import Labels, labels
from watchkeeper.promql.scope import KEYS, scope
from watchkeeper.spec import schema, series
from watchkeeper.spec.definitions import Definitions
from watchkeeper.spec.log_schema import LogAlert
from watchkeeper.spec.objectives import tiers
from watchkeeper.spec.references import ALERT_LABELS, Matches

_ADDED_ON_SENDING = frozenset({"environment"})
"""Prometheus' external label: on every alert, whatever its expression leaves."""
_NEVER_OF_SERIES = ALERT_LABELS - {"slo"}
"""Labels that only alerts have: an expression that could leave any label does not leave these."""
_OF_SERVICE = Labels(frozenset(KEYS), frozenset(KEYS))


@dataclass(frozen=True, slots=True)
class Fires:
    what: str
    """As a problem names it: `alert `DatabaseDown``."""
    kind: Kind
    fixed: Mapping[str, str]
    """Labels with the values they always have."""
    flow: Labels
    """Labels that its expression leaves."""
    written: frozenset[str]
    """Names of all written alerts, which a generated one never has."""

    def may_fit(self, match: Matches) -> bool:
        return all(self._may_have(label, values) for label, values in match.items())

    def surely_fits(self, match: Matches) -> bool:
        return all(self.fixed.get(label) in values for label, values in match.items())

    def surely_has(self, label: str) -> bool:
        return label in self.fixed or label in self.flow.guaranteed | _ADDED_ON_SENDING

    def _may_have(self, label: str, values: tuple[str, ...]) -> bool:
        if label in self.fixed:
            return self.fixed[label] in values
        if label == "alertname":
            return not self.written.issuperset(values)
        return label not in _NEVER_OF_SERIES and (self.flow.may_have(label) or label in _ADDED_ON_SENDING)


def firing(services: Sequence[Definitions]) -> Iterator[Fires]:
    """All alerts of all services, but for those whose expression cannot be read: that is a problem of its own."""
    written = frozenset(name for d in services for name in _written(d))
    for d in services:
        yield from _firing(d, written)


def _written(d: Definitions) -> Iterator[str]:
    """Switched off or broken, a name is taken none the less."""
    yield from d.named("alerts") | d.named("log_alerts") | d.silent
    yield from (name for name, _ in _of_logs(d))


def _firing(d: Definitions, written: frozenset[str]) -> Iterator[Fires]:
    for name, alert in d.alerts.items():
        flow = _flow(d, alert)
        if flow is not None:
            fixed = _fixed(d, alert.severity, alert.kind, alertname=name, component=alert.component)
            own = ({"team": alert.team} if alert.team else {}) | _priority(alert.severity, alert.priority)
            yield Fires(f"alert `{name}`", alert.kind, fixed | own, flow, written)
    for name, log_alert in _of_logs(d):
        own = {"team": log_alert.team} if log_alert.team else {}
        fixed = _fixed(d, log_alert.severity, log_alert.kind, alertname=name, component=log_alert.component)
        # fields of the lines are labels where Loki counts, and are not where Prometheus does
        flow = _OF_SERVICE.perhaps(frozenset(log_alert.by) - frozenset(KEYS))
        yield Fires(f"log alert `{name}`", log_alert.kind, fixed | own, flow, written)
    for what, kind, always in _generated(d):
        yield Fires(what, kind, always, _OF_SERVICE, written)


def _of_logs(d: Definitions) -> Iterator[tuple[str, LogAlert]]:
    for name, alert in d.log_alerts.items():
        yield name, alert
        if alert.ratio is not None:
            yield alert.ratio.name, alert


def _flow(d: Definitions, alert: schema.Alert) -> Labels | None:
    try:
        node = promql.parse(alert.value)
    except promql.PromqlError:
        return None
    about_service = not alert.kind.about_monitoring
    flow = labels(scope(node, d.service) if about_service else node, partial(series.labels, d))
    return flow.surely(frozenset(KEYS)) if about_service else flow


def _generated(d: Definitions) -> Iterator[tuple[str, Kind, Mapping[str, str]]]:
    """What the compiler adds: the outage alert, and per objective burn alerts, budget states and blindness."""
    of_outage = _fixed(d, Severity.CRITICAL, Kind.OUTAGE, priority=Priority.P0)
    yield "the outage alert", Kind.OUTAGE, of_outage
    yield "the alert of collapsing traffic", Kind.SYMPTOM, _fixed(d, Severity.HIGH, Kind.SYMPTOM)
    for name, slo in d.slos.items():
        said = {"component": slo.component, "slo": name}
        for severity in dict.fromkeys(tier.severity for tier in tiers(slo)):
            fixed = _fixed(d, severity, Kind.SYMPTOM, tier=severity, **said) | _priority(severity, slo.priority)
            yield f"the burn alert of SLO `{name}`", Kind.SYMPTOM, fixed
        for state in d.budget_policy.values():
            if state.severity:
                fixed = _fixed(d, state.severity, Kind.SYMPTOM, **said)
                yield f"the budget alert of SLO `{name}`", Kind.SYMPTOM, fixed
        blind = _fixed(d, Severity.HIGH, Kind.MONITORING, **said) | {"service": d.service}
        yield f"the alert of a missing SLO `{name}`", Kind.MONITORING, blind


def _fixed(d: Definitions, severity: Severity, kind: Kind, **more: str) -> dict[str, str]:
    of_service = {} if kind.about_monitoring else {"service": d.service}
    return {"severity": severity, "kind": kind, "team": d.team or ""} | of_service | more


def _priority(severity: Severity, priority: Priority | None) -> dict[str, str]:
    return {"priority": priority} if priority and severity is Severity.CRITICAL else {}
