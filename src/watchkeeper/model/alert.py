"""Alerts as their owner writes them: a value, a threshold, how long, and what to tell whom."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from watchkeeper.quantity import Duration


class Severity(StrEnum):
    """critical pages at any hour, high pages, warning is a message, info is only shown."""

    CRITICAL = "critical"
    HIGH = "high"
    WARNING = "warning"
    INFO = "info"


class Kind(StrEnum):
    """What an alert speaks of; decides what may silence it. Only symptoms may be inhibited; an outage never is."""

    OUTAGE = "outage"
    SYMPTOM = "symptom"
    CAUSE = "cause"
    COST = "cost"
    MONITORING = "monitoring"
    WATCHDOG = "watchdog"

    @property
    def about_monitoring(self) -> bool:
        """Such an alert speaks of the monitoring itself, not of one service."""
        return self in {Kind.MONITORING, Kind.WATCHDOG}


class Priority(StrEnum):
    """Which of the critical alerts come first: `p0` users cannot work, `p1` a dependency or what users feel is gone."""

    P0 = "p0"
    P1 = "p1"


class Comparison(StrEnum):
    ABOVE = "above"
    BELOW = "below"


class Unit(StrEnum):
    """How a value is shown: 0.27 as `27%` (ratio), 1.5 as `1.5s`."""

    RATIO = "ratio"
    SECONDS = "seconds"
    BYTES = "bytes"
    DOLLARS = "dollars"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Threshold:
    comparison: Comparison
    value: Decimal
    unit: Unit


@dataclass(frozen=True, slots=True)
class Alert:
    name: str
    severity: Severity
    kind: Kind
    component: str
    team: str
    value: str
    """PromQL as written; `service` and `environment` are injected by the compiler."""
    threshold: Threshold
    within: Duration | None
    """Window form: every sample of a plain selector is beyond the threshold. Survives a restart of Prometheus."""
    for_: Duration
    """Classic form: pending for this long. Zero with `within`."""
    guard: str
    """PromQL that must also hold (enough traffic); empty for none."""
    summary: str
    impact: str
    actions: tuple[str, ...]
    escalation: str
    runbook: str
    """File name of a page under `runbooks/`."""
    priority: Priority | None
    """None unless critical."""
    panel: str
    """`dashboard/panel` that shows the value; empty for none."""
