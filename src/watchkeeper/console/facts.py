"""What the pages say, as values. HTML, Markdown and JSON are three prints of the same facts."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar
from urllib.parse import quote, urlencode

from watchkeeper.model import Kind, Severity, Unit

T = TypeVar("T")
U = TypeVar("U")
Labels = tuple[tuple[str, str], ...]


class Presence(StrEnum):
    """Why a value is there or not. Each absence has another cause and another thing to do."""

    PRESENT = "present"
    IDLE = "idle"
    """It is measured, and there was nothing to measure: no requests."""
    STARTING = "starting"
    NEVER_SEEN = "never-seen"
    STALE = "stale"
    BACKEND_DOWN = "backend-down"


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """A value, or the reason why there is none. A stale one keeps the last value and when it was true."""

    presence: Presence
    value: T | None = None
    at: float | None = None
    why: str = ""

    @property
    def current(self) -> T | None:
        """The value if it is of now."""
        return self.value if self.presence is Presence.PRESENT else None

    def map(self, change: Callable[[T], U]) -> "Reading[U]":
        """The same reading of a value that follows from this one."""
        value = None if self.value is None else change(self.value)
        return Reading(self.presence, value, self.at, self.why)


def present(value: T, at: float) -> Reading[T]:
    return Reading(Presence.PRESENT, value, at)


class Health(StrEnum):
    UP = "up"
    STARTING = "starting"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Backend:
    """Something the console asks: Prometheus, Alertmanager, the inbox."""

    name: str
    health: Health
    why: str = ""
    last_answer: float | None = None


_SHARED_LABELS = frozenset(
    {
        "__name__", "severity", "priority", "component", "team", "kind", "environment", "service", "tier", "instance",
        "job", "role",
    }
)  # fmt: skip
"""What does not tell two alerts of one name apart."""


def identity(labels: Labels) -> str:
    """`provider=anthropic`: the labels that tell two series or two alerts of one name apart."""
    return ", ".join(f"{name}={value}" for name, value in labels if name not in _SHARED_LABELS)


class Phase(StrEnum):
    FIRING = "firing"
    PENDING = "pending"


class Reach(StrEnum):
    """Where an alert is on its way to people."""

    SENT_ON = "sent-on"
    """Alertmanager holds it and notifies its receivers."""
    INHIBITED = "inhibited"
    SILENCED = "silenced"
    RESTING = "resting"
    """Whoever would be told is not, at this hour."""
    ON_ITS_WAY = "on-its-way"
    """Fires in Prometheus; Alertmanager has not shown it yet."""
    UNKNOWN = "unknown"
    """Alertmanager does not answer."""
    SHOWN_ONLY = "shown-only"
    """Of a severity that is never sent, or not firing."""


@dataclass(frozen=True, slots=True)
class ActiveAlert:
    """An alert whose condition holds now."""

    name: str
    severity: Severity
    kind: Kind
    labels: Labels
    """Without the alert's name."""
    phase: Phase
    since: float
    value: float | None
    unit: Unit | None
    """None: the value has no unit we know."""
    value_means: str
    """What the value is, where it is not the thing compared: `budget lasts`."""
    threshold: str
    summary: str
    impact: str
    actions: tuple[str, ...]
    escalation: str
    detection: str
    runbook: str
    reach: Reach
    receivers: tuple[str, ...]
    """Those that are told at this hour."""
    resting: tuple[str, ...]
    """Those that would be told at another."""
    muted_by: tuple[str, ...]
    """Names of the alerts that inhibit it, or comments of the silences."""

    @property
    def slo(self) -> str:
        return dict(self.labels).get("slo", "")

    @property
    def service(self) -> str:
        return dict(self.labels).get("service", "")

    @property
    def told(self) -> bool:
        return self.reach not in (Reach.SILENCED, Reach.INHIBITED)

    @property
    def address(self) -> str:
        return alert_address(self.name, self.labels)

    @property
    def identity(self) -> str:
        return identity(self.labels)


def alert_address(name: str, labels: Labels = ()) -> str:
    query = urlencode([(label, value) for label, value in labels if label not in _SHARED_LABELS - {"service"}])
    return f"/alerts/{quote(name, safe='')}" + (f"?{query}" if query else "")


@dataclass(frozen=True, slots=True)
class SloRow:
    """One objective and where it stands."""

    service: str
    name: str
    title: str
    target: float
    window_seconds: float
    window: str
    impact: str
    good: Reading[float]
    """Share of good events over the window."""
    failing: Reading[float]
    """Share of bad events over the last minute."""
    budget_left: Reading[float]
    burn: Reading[float]
    """Burn rate over the last hour: 1 spends the budget exactly over the window."""
    exhausted_in: Reading[float]
    """Seconds the rest of the budget lasts at the pace of the last minute; infinite when nothing burns."""
    coverage: Reading[float]
    """Share of the window there is history for."""
    young: bool
    """Too little history to say what is spent: the budget counts as whole, as it does in the rules."""
    late: bool
    """A bad event is one that came too late, not one that failed."""
    state: str
    """Step of the budget policy; empty while unknown."""
    policy: str
    """What the policy asks for in that state."""


class Event(StrEnum):
    DEPLOY = "deploy"
    RESTART = "restart"
    RELOAD = "configuration"
    DEPENDENCY = "dependency"


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was different before."""

    at: float
    event: Event
    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """One notification that arrived at a receiver."""

    at: float
    channel: str
    """`PagerDuty`, `Slack #incidents`."""
    alert: str
    title: str
    firing: bool
    page: bool


@dataclass(frozen=True, slots=True)
class Told:
    """Who was told, as the inbox saw it."""

    pages: int
    messages: int
    recent: tuple[Message, ...]
    """Newest first."""


class Watch(StrEnum):
    """Whether the alert that always fires is seen: the proof that alerts can leave."""

    SEEN = "seen"
    MISSING = "missing"
    """Prometheus answers, but the alert does not fire there."""
    LOST = "lost"
    """It fires in Prometheus and does not arrive in Alertmanager."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything the verdict weighs."""

    at: float
    environment: str
    services: tuple[str, ...]
    problems: tuple[str, ...]
    """Why the definitions could not be read; empty when they could, or while they are being read."""
    backends: tuple[Backend, ...]
    freshness: Reading[float]
    """When the newest sample was taken."""
    watchdog: Watch
    probe: Reading[float]
    """1 while the conversation from outside succeeds."""
    traffic: Reading[float]
    """Requests a second."""
    alerts: tuple[ActiveAlert, ...]
    """Firing and pending ones, most severe first; without the watchdog."""
    slos: tuple[SloRow, ...]
    changes: Reading[tuple[Change, ...]]
    """Newest first."""
    told: Reading[Told]

    @property
    def firing(self) -> tuple[ActiveAlert, ...]:
        return tuple(alert for alert in self.alerts if alert.phase is Phase.FIRING)

    @property
    def pending(self) -> tuple[ActiveAlert, ...]:
        return tuple(alert for alert in self.alerts if alert.phase is Phase.PENDING)

    def backend(self, name: str) -> Backend:
        """Raises KeyError for a name the console does not ask."""
        for backend in self.backends:
            if backend.name == name:
                return backend
        raise KeyError(name)


class Level(StrEnum):
    """How loud the first line is."""

    WELL = "well"
    STARTING = "starting"
    INFO = "info"
    WARNING = "warning"
    HIGH = "high"
    CRITICAL = "critical"
    BLIND = "blind"
    """Nothing can be said about people, which is no good news."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The first thing read at 3 a.m."""

    level: Level
    headline: str
    """Who is hurt and since when."""
    pace: str
    """How long the budget lasts at this rate."""
    cause: str
    first: str
    """What to do first."""
    address: str
    """The page to open next; empty when there is none."""

    @property
    def text(self) -> str:
        return " ".join(part for part in (self.headline, self.pace, self.cause, self.first) if part)


@dataclass(frozen=True, slots=True)
class Now:
    situation: Situation
    verdict: Verdict
