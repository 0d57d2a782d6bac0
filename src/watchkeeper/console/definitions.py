"""The definitions as the pages need them: every alert that can fire, with its texts and what its value is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from watchkeeper import budget, routing
from watchkeeper.formats.alertmanager_reading import Configuration
from watchkeeper.model import Catalog, Kind, Mail, PagerDuty, Receiver, Severity, Slack, Unit, Webhook
from watchkeeper.quantity import Ratio, plain


@dataclass(frozen=True, slots=True)
class Derivation:
    """How the numbers of one burn tier follow from its budget share and its long window."""

    budget_share: str
    long_window: str
    short_window: str
    factor: str
    threshold: str
    exhausted_in: str
    detection: tuple[tuple[str, str], ...]
    """Share of requests failing, and how long detection takes from a clean history."""


@dataclass(frozen=True, slots=True)
class Curve:
    """What to draw for an alert: a query and the line it must not cross."""

    query: str
    threshold: float | None
    unit: Unit
    title: str


@dataclass(frozen=True, slots=True)
class DefinedAlert:
    """An alert as it can fire."""

    name: str
    severity: Severity
    kind: Kind
    labels: tuple[tuple[str, str], ...]
    """Every label the rule sets."""
    service: str
    """Empty for alerts about the monitoring itself."""
    unit: Unit | None
    value_means: str
    threshold: str
    summary: str
    impact: str
    actions: tuple[str, ...]
    escalation: str
    detection: str
    runbook: str
    expression: str
    for_: str
    """How long it stays pending; empty when it fires at once."""
    receivers: tuple[str, ...]
    curves: tuple[Curve, ...]
    derivations: tuple[Derivation, ...]

    @property
    def slo(self) -> str:
        return dict(self.labels).get("slo", "")

    @property
    def identity(self) -> tuple[tuple[str, str], ...]:
        """The labels that find its page."""
        return (("slo", self.slo),) if self.slo else ()

    def matches(self, name: str, labels: dict[str, str]) -> bool:
        return name == self.name and (not self.slo or labels.get("slo", self.slo) == self.slo)


@dataclass(frozen=True, slots=True)
class Definitions:
    """Read once. With problems there is no catalog, and everything else still works from what the engines say."""

    catalog: Catalog | None
    problems: tuple[str, ...]
    alerts: tuple[DefinedAlert, ...]
    routes: Configuration | None = None
    """As they are compiled, with the hours of each."""

    def resting(self, labels: Mapping[str, str], at: datetime) -> tuple[str, ...]:
        """Receivers on an alert's way that are told nothing at this hour."""
        return routing.resting(self.routes, labels, at) if self.routes else ()

    def channel(self, receiver: str) -> str:
        """A receiver as people say it: `Slack #incidents`."""
        known = self.catalog.receivers if self.catalog else ()
        return next((receiver_words(one) for one in known if one.name == receiver), receiver)

    def find(self, name: str, labels: dict[str, str]) -> DefinedAlert | None:
        return next((alert for alert in self.alerts if alert.matches(name, labels)), None)


def untemplated(text: str) -> str:
    """An annotation of a rule that does not fire: what the engine would fill in is left open."""
    return re.sub(r"\{\{.*?\}\}\.?", "…", text.replace('{{"{{"}}', "{ {"))


def numbered(text: str) -> tuple[str, ...]:
    """The steps of a numbered list, without their numbers."""
    return tuple(re.sub(r"^\d+\.\s+", "", line.strip()) for line in text.splitlines() if line.strip())


def derivation(burn: budget.BurnAlert) -> Derivation:
    shares = [Ratio.of(percent=percent) for percent in (100, 50, 10, 1)]
    found = [(share.words, burn.detection_time(share)) for share in shares]
    return Derivation(
        budget_share=burn.budget_share.words,
        long_window=burn.long_window.words,
        short_window=burn.short_window.words,
        factor=f"{plain(burn.factor)}x",
        threshold=burn.threshold.words,
        exhausted_in=burn.exhausted_in.words,
        detection=tuple((share, time.words if time else "never") for share, time in found),
    )


def receiver_words(receiver: Receiver) -> str:
    match receiver.sends:
        case PagerDuty():
            return f"PagerDuty ({receiver.name})"
        case Slack(channel=channel):
            return f"Slack {channel}"
        case Mail(to=to):
            return f"mail to {', '.join(to)}"
        case Webhook():
            return f"webhook ({receiver.name})"
        case None:
            return "nobody (shown in the console only)"
