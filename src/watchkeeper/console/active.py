"""The alerts whose condition holds: Prometheus' and Alertmanager's views and the definitions, joined. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from watchkeeper.console.definitions import Definitions, numbered
from watchkeeper.console.facts import ActiveAlert, Phase, Reach, Watch
from watchkeeper.console.questions import Measured, Notified
from watchkeeper.console.verdict import order
from watchkeeper.live.alertmanager import AlertState as Handling
from watchkeeper.live.alertmanager import NotifiedAlert, Silence, SilenceState
from watchkeeper.live.labels import Labels
from watchkeeper.live.prometheus import AlertState, FiringAlert
from watchkeeper.model import Catalog, Kind, Severity

_NAME = "alertname"


def active(
    measured: Measured, notified: Notified, definitions: Definitions | None, now: float
) -> tuple[ActiveAlert, ...]:
    """All but the watchdog, most severe first. Without Prometheus, what Alertmanager still holds."""
    book = _Book(notified, definitions, datetime.fromtimestamp(now, UTC))
    if measured.alerts.value is not None:
        found = [book.evaluated(alert) for alert in measured.alerts.value if alert.state is not AlertState.INACTIVE]
    else:
        found = [book.held(alert) for alert in notified.alerts.value or ()]
    return tuple(sorted((alert for alert in found if alert.kind is not Kind.WATCHDOG), key=order))


def watchdog(measured: Measured, notified: Notified) -> Watch:
    """Whether the alert that always fires is seen at both ends."""
    if measured.alerts.value is None:
        return Watch.UNKNOWN
    fires = [alert for alert in measured.alerts.value if _always_fires(alert.labels)]
    if not any(alert.state is AlertState.FIRING for alert in fires):
        return Watch.MISSING
    if notified.alerts.value is None:
        return Watch.UNKNOWN
    return Watch.SEEN if any(_always_fires(alert.labels) for alert in notified.alerts.value) else Watch.LOST


def _always_fires(labels: Labels) -> bool:
    return labels.get("kind") == Kind.WATCHDOG


class _Book:
    def __init__(self, notified: Notified, definitions: Definitions | None, now: datetime) -> None:
        self._held = notified.alerts.value
        self._names = {alert.fingerprint: alert.name for alert in notified.alerts.value or ()}
        self._silences = {silence.id: silence for silence in notified.silences.value or ()}
        self._definitions = definitions
        self._now = now
        self._shown_only = _shown_only(definitions.catalog if definitions else None)

    def evaluated(self, alert: FiringAlert) -> ActiveAlert:
        phase = Phase.FIRING if alert.state is AlertState.FIRING else Phase.PENDING
        held = next((one for one in self._held or () if _same(alert.labels, one.labels)), None)
        made = self._active(alert, phase, alert.active_at.timestamp(), held)
        return replace(made, value=alert.value)

    def held(self, alert: NotifiedAlert) -> ActiveAlert:
        return self._active(alert, Phase.FIRING, alert.starts_at.timestamp(), alert)

    def _active(
        self, alert: FiringAlert | NotifiedAlert, phase: Phase, since: float, held: NotifiedAlert | None
    ) -> ActiveAlert:
        labels, texts = alert.labels, alert.annotations
        defined = self._definitions.find(alert.name, dict(labels)) if self._definitions else None
        resting = self._resting(held) if held else ()
        return ActiveAlert(
            name=alert.name,
            severity=_severity(labels.get("severity", "")),
            kind=_kind(labels.get("kind", "")),
            labels=tuple((name, text) for name, text in labels.items() if name != _NAME),
            phase=phase,
            since=since,
            value=None,
            unit=defined.unit if defined else None,
            value_means=defined.value_means if defined else "",
            threshold=texts.get("threshold", ""),
            summary=texts.get("summary", ""),
            impact=texts.get("impact", ""),
            actions=numbered(texts.get("actions", "")),
            escalation=texts.get("escalation", ""),
            detection=texts.get("detection", ""),
            runbook=texts.get("runbook", ""),
            reach=self._reach(held, resting) if phase is Phase.FIRING else Reach.SHOWN_ONLY,
            receivers=tuple(name for name in held.receivers if name not in resting) if held else (),
            resting=resting,
            muted_by=self._muted_by(held) if held else (),
        )

    def _resting(self, held: NotifiedAlert) -> tuple[str, ...]:
        asleep = self._definitions.resting(held.labels, self._now) if self._definitions else ()
        return tuple(name for name in held.receivers if name in asleep)

    def _reach(self, held: NotifiedAlert | None, resting: Sequence[str]) -> Reach:
        if self._held is None:
            return Reach.UNKNOWN
        if held is None:
            return Reach.ON_ITS_WAY
        if held.silenced_by:
            return Reach.SILENCED
        if held.inhibited_by or held.state is Handling.SUPPRESSED:
            return Reach.INHIBITED
        if resting and set(held.receivers) <= {*resting, *self._shown_only}:
            return Reach.RESTING
        return Reach.SHOWN_ONLY if self._shown_only.issuperset(held.receivers) else Reach.SENT_ON

    def _muted_by(self, held: NotifiedAlert) -> tuple[str, ...]:
        inhibitors = (self._names.get(fingerprint, "an alert that has ended") for fingerprint in held.inhibited_by)
        silences = (_silence(self._silences.get(identifier)) for identifier in held.silenced_by)
        return tuple(dict.fromkeys((*inhibitors, *silences)))


def _same(rule: Labels, held: Labels) -> bool:
    """Alertmanager's copy carries the external labels too."""
    return all(held.get(name) == value for name, value in rule.items() if value)


def _silence(silence: Silence | None) -> str:
    if silence is None or silence.state is SilenceState.EXPIRED:
        return "a silence that has ended"
    return f"silence of {silence.created_by} until {silence.ends_at:%d %b %H:%M} UTC: {silence.comment}"


def _shown_only(catalog: Catalog | None) -> frozenset[str]:
    """Receivers that send nothing."""
    return (
        frozenset(receiver.name for receiver in catalog.receivers if receiver.sends is None) if catalog else frozenset()
    )


def _severity(text: str) -> Severity:
    """Rules we did not write may say anything: what is not ours is shown, and does not page here."""
    return Severity(text) if text in set(Severity) else Severity.WARNING


def _kind(text: str) -> Kind:
    return Kind(text) if text in set(Kind) else Kind.CAUSE
