"""One test message on the real way: into Alertmanager, out to its receivers, and seen to arrive in the inbox."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from watchkeeper.live.alertmanager import Alertmanager, AlertState, NewAlert, NotifiedAlert
from watchkeeper.live.errors import Unreadable
from watchkeeper.live.inbox import Inbox, InboxMessage

ALERT = "WatchkeeperTest"
MARK = "notify_test"
"""The label that tells one test from another."""

_POLL_SECONDS = 0.25
_SPARE = timedelta(minutes=5)
"""Should the resolve never be sent, the alert ends by itself this long after the test."""


@dataclass(frozen=True, slots=True)
class TestAlert:
    __test__ = False  # its name begins like a test's

    identifier: str
    severity: str
    service: str
    environment: str

    @property
    def labels(self) -> dict[str, str]:
        return {
            "alertname": ALERT,
            "severity": self.severity,
            "service": self.service,
            "environment": self.environment,
            "component": "monitoring",
            "kind": "test",
            MARK: self.identifier,
        }

    @property
    def annotations(self) -> dict[str, str]:
        return {
            "summary": f"This is a test ({self.identifier}). Nothing is wrong.",
            "impact": "None: someone tries whether notifications arrive.",
            "actions": "Nothing to do. It ends by itself.",
            "escalation": "Nobody.",
            "runbook": "",
        }


@dataclass(frozen=True, slots=True)
class Arrival:
    receiver: str
    summary: str
    seconds: float
    """After the alert was posted, or after it was ended."""


@dataclass(frozen=True, slots=True)
class Result:
    severity: str
    expected: tuple[str, ...]
    """Receivers to which Alertmanager routes the alert."""
    arrived: tuple[Arrival, ...]
    resolved: tuple[Arrival, ...]
    suppressed_by: tuple[str, ...]
    """Silences and alerts that keep it from being sent."""

    @property
    def missing(self) -> tuple[str, ...]:
        return _without(self.expected, self.arrived)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for the message, and then for the word that it is over."""

    arrival_seconds: float
    resolve_seconds: float


Tell = Callable[[Arrival], None]


def notify_test(
    alertmanager: Alertmanager, inbox: Inbox, alert: TestAlert, patience: Patience, tell: Tell = lambda _: None
) -> Result:
    """Send, wait, end, wait. Whatever happens in between, the alert is ended. Raises `LiveError`."""
    watch = _Watch(inbox, alert.identifier, inbox.health().newest)
    ends = datetime.now(UTC) + timedelta(seconds=patience.arrival_seconds) + _SPARE
    alertmanager.post([NewAlert(alert.labels, alert.annotations, ends_at=ends)])
    try:
        held = _held(alertmanager, alert, patience.arrival_seconds)
        stopped = held.silenced_by + held.inhibited_by if held.state is AlertState.SUPPRESSED else ()
        arrived = () if stopped else watch.arrivals(held.receivers, patience.arrival_seconds, tell, over=False)
    finally:
        alertmanager.post([NewAlert(alert.labels, alert.annotations, ends_at=datetime.now(UTC))])
    told = tuple(name for name in held.receivers if name not in _without(held.receivers, arrived))
    resolved = watch.arrivals(told, patience.resolve_seconds, tell, over=True)
    return Result(alert.severity, held.receivers, arrived, resolved, stopped)


class _Watch:
    """Reads the inbox for messages that speak of one test."""

    def __init__(self, inbox: Inbox, identifier: str, since: int) -> None:
        self._inbox = inbox
        self._mark = identifier.encode()
        self._since = since

    def arrivals(self, receivers: Sequence[str], seconds: float, tell: Tell, *, over: bool) -> tuple[Arrival, ...]:
        """The first message to each of `receivers`, or what came of them within `seconds`."""
        began = time.monotonic()
        found: list[Arrival] = []
        while missing := _without(receivers, found):
            for message in self._new():
                receiver = next((name for name in missing if _is_for(message, name)), None)
                if receiver is None or _is_over(message) is not over or receiver not in _without(receivers, found):
                    continue
                found.append(Arrival(receiver, message.summary, round(time.monotonic() - began, 1)))
                tell(found[-1])
            if time.monotonic() - began > seconds:
                break
            time.sleep(_POLL_SECONDS)
        return tuple(found)

    def _new(self) -> list[InboxMessage]:
        messages = self._inbox.messages(since=self._since)
        self._since = max((message.id for message in messages), default=self._since)
        return [one for one in messages if self._mark in bytes(one.payload)]


def _held(alertmanager: Alertmanager, alert: TestAlert, seconds: float) -> NotifiedAlert:
    """The alert as Alertmanager routes it; it is there within a moment of being posted."""
    deadline = time.monotonic() + seconds
    while True:
        for one in alertmanager.alerts():
            if one.labels.get(MARK) == alert.identifier:
                return one
        if time.monotonic() > deadline:
            raise Unreadable(alertmanager.url, "Alertmanager took the test alert but does not list it")
        time.sleep(_POLL_SECONDS)


def _is_for(message: InboxMessage, receiver: str) -> bool:
    """The inbox names a receiver by its secret file, which begins with the kind."""
    return message.receiver in {receiver, f"{message.kind}-{receiver}"}


def _is_over(message: InboxMessage) -> bool:
    """Slack knows no resolve: its messages say it in colour and words of the team's own templates."""
    return message.action == "resolve" or (message.kind == "slack" and message.severity == "info")


def _without(receivers: Sequence[str], arrived: Sequence[Arrival]) -> tuple[str, ...]:
    there = {arrival.receiver for arrival in arrived}
    return tuple(name for name in receivers if name not in there)
