"""The dead-man's switch: whoever watches the service must be heard from, or this process raises the alarm itself."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from time import monotonic

from watchkeeper.inbox.message import Action, Draft, Kind, MissedHeartbeat

SILENCE_SECONDS = 75.0
"""Heartbeats come every 15 s: five missed in a row."""

FIRST_SECONDS = 120.0
"""After a start: Prometheus must scrape, evaluate and reach Alertmanager before the first heartbeat."""

DEDUP_KEY = "watchkeeper-deadman"
RECEIVER = "deadman"


@dataclass(frozen=True, slots=True)
class State:
    """Times of `heard` are of the monotonic clock: a machine that slept has not missed anything."""

    heard: float
    patience: float
    last_seen: datetime | None
    alarmed: bool


class Deadman:
    """Not for threads: belongs to one event loop."""

    def __init__(self, *, alarmed: bool = False, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self.state = State(clock(), FIRST_SECONDS, None, alarmed)

    def beat(self, at: datetime) -> Draft | None:
        """A heartbeat came. After an alarm: the message that ends it."""
        was_alarmed = self.state.alarmed
        self.state = State(self._clock(), SILENCE_SECONDS, at, alarmed=False)
        if not was_alarmed:
            return None
        return _draft(Action.RESOLVE, "The monitoring is heard from again", MissedHeartbeat(at, 0.0))

    def check(self) -> Draft | None:
        """Nothing was heard for too long: the message that says so, once."""
        silent = self.silent_seconds
        if self.state.alarmed or silent <= self.state.patience:
            return None
        self.state = replace(self.state, alarmed=True)
        summary = f"No heartbeat from the monitoring for {silent:.0f} s: alerts may not arrive"
        return _draft(Action.TRIGGER, summary, MissedHeartbeat(self.state.last_seen, round(silent, 1)))

    @property
    def silent_seconds(self) -> float:
        return self._clock() - self.state.heard


def _draft(action: Action, summary: str, payload: MissedHeartbeat) -> Draft:
    return Draft(
        kind=Kind.DEADMAN,
        receiver=RECEIVER,
        action=action,
        summary=summary,
        payload=payload,
        dedup_key=DEDUP_KEY,
        severity="critical",
        source="inbox",
    )
