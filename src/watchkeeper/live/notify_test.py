"""One test message on the real way: into Alertmanager, out to its receivers, and seen to arrive in the inbox."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum

import msgspec
import yaml

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
            "component": "test",
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
    """Receivers to which Alertmanager routes the alert, without those that send nothing anywhere."""
    arrived: tuple[Arrival, ...]
    resolved: tuple[Arrival, ...]
    suppressed_by: tuple[str, ...]
    """Silences and alerts that keep it from being sent."""
    silent_at_end: tuple[str, ...]
    """Receivers that are configured to say nothing when an alert is over."""
    resting: tuple[str, ...]
    """Receivers on its way that are told nothing at this hour; nobody waits for them."""

    @property
    def missing(self) -> tuple[str, ...]:
        return _without(self.expected, self.arrived)

    @property
    def unended(self) -> tuple[str, ...]:
        """Receivers that should have heard that it is over and have not."""
        awaited = {arrival.receiver for arrival in self.arrived} - set(self.silent_at_end)
        return _without([name for name in self.expected if name in awaited], self.resolved)

    @property
    def reached(self) -> bool:
        """Somebody is told, and everybody who is was reached."""
        return bool(self.expected) and not self.missing


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for the message, and then for the word that it is over."""

    arrival_seconds: float
    resolve_seconds: float


Tell = Callable[[Arrival], None]
Resting = Callable[[str, Mapping[str, str]], Sequence[str]]
"""From Alertmanager's configuration and an alert's labels: receivers outside their hours."""


def notify_test(
    alertmanager: Alertmanager,
    inbox: Inbox,
    alert: TestAlert,
    patience: Patience,
    tell: Tell = lambda _: None,
    *,
    resting: Resting = lambda _configuration, _labels: (),
) -> Result:
    """Send, wait, end, wait. Whatever happens in between, the alert is ended. Raises `LiveError`."""
    watch = _Watch(inbox, alert.identifier, inbox.health().newest)
    configuration = alertmanager.status().configuration
    sends = _sends(alertmanager.url, configuration)
    # without a start of its own, an alert with an end is taken to begin at that end, in the future
    begins = datetime.now(UTC)
    ends = begins + timedelta(seconds=patience.arrival_seconds) + _SPARE
    alertmanager.post([NewAlert(alert.labels, alert.annotations, begins, ends)])
    try:
        held = _held(alertmanager, alert, patience.arrival_seconds)
        stopped = held.silenced_by + held.inhibited_by if held.state is AlertState.SUPPRESSED else ()
        # two routes may lead to one receiver
        sending = tuple(name for name in dict.fromkeys(held.receivers) if sends.get(name, _Sends.ALL))
        asleep = tuple(name for name in resting(configuration, held.labels) if name in sending)
        expected = tuple(name for name in sending if name not in asleep)
        arrived = () if stopped else watch.arrivals(expected, patience.arrival_seconds, tell, over=False)
    finally:
        alertmanager.post([NewAlert(alert.labels, alert.annotations, begins, datetime.now(UTC))])
    silent = tuple(name for name in expected if sends.get(name) is _Sends.BEGINNING)
    result = Result(alert.severity, expected, arrived, (), stopped, silent, asleep)
    return replace(result, resolved=watch.arrivals(result.unended, patience.resolve_seconds, tell, over=True))


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
        # what the inbox refused did not arrive, whoever it was meant for
        return [one for one in messages if one.kind != "rejected" and self._mark in bytes(one.payload)]


class _Sends(IntEnum):
    NOTHING = 0
    BEGINNING = 1
    ALL = 2


class _Channel(msgspec.Struct):
    send_resolved: bool


def _sends(url: str, configuration: str) -> dict[str, _Sends]:
    """What each receiver of the configuration in force sends; Alertmanager fills in the defaults."""
    try:
        read = msgspec.convert(yaml.safe_load(configuration), _Configuration)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise Unreadable(url, f"Alertmanager's configuration cannot be understood: {error}") from error
    return {str(receiver["name"]): _sends_of(receiver) for receiver in read.receivers}


class _Configuration(msgspec.Struct):
    receivers: list[dict[str, str | list[_Channel]]]


def _sends_of(receiver: Mapping[str, str | list[_Channel]]) -> _Sends:
    channels = [channel for listed in receiver.values() if not isinstance(listed, str) for channel in listed]
    if not channels:
        return _Sends.NOTHING
    return _Sends.ALL if any(channel.send_resolved for channel in channels) else _Sends.BEGINNING


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
    """The inbox names a receiver by its secret file, which begins with the kind; a webhook says for whom it is."""
    if message.kind == "webhook":
        return msgspec.json.decode(message.payload, type=_Webhook).receiver == receiver
    return message.receiver in {receiver, f"{message.kind}-{receiver}"}


class _Webhook(msgspec.Struct):
    receiver: str


def _is_over(message: InboxMessage) -> bool:
    """Slack knows no resolve: its messages say it in colour and words of the team's own templates."""
    return message.action == "resolve" or (message.kind == "slack" and message.severity == "info")


def _without(receivers: Sequence[str], arrived: Sequence[Arrival]) -> tuple[str, ...]:
    there = {arrival.receiver for arrival in arrived}
    return tuple(name for name in receivers if name not in there)
