"""The dead-man's switch on a clock of the test's own."""

from dataclasses import dataclass
from datetime import UTC, datetime

from watchkeeper.inbox.deadman import Deadman
from watchkeeper.inbox.message import Action, Draft, Kind, MissedHeartbeat

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += seconds


def silence(draft: Draft | None) -> MissedHeartbeat:
    assert draft is not None
    assert (draft.kind, draft.severity, draft.receiver) == (Kind.DEADMAN, "critical", "deadman")
    assert isinstance(draft.payload, MissedHeartbeat)
    return draft.payload


def test_regular_heartbeats_are_no_news() -> None:
    clock = Clock()
    deadman = Deadman(clock=clock)
    for _ in range(20):
        clock.passes(15)
        assert deadman.beat(AT) is None
        assert deadman.check() is None


def test_five_missed_heartbeats_raise_the_alarm_once() -> None:
    clock = Clock()
    deadman = Deadman(clock=clock)
    deadman.beat(AT)
    clock.passes(75)
    assert deadman.check() is None
    clock.passes(1)
    alarm = deadman.check()
    assert silence(alarm) == MissedHeartbeat(AT, 76.0)
    assert alarm is not None
    assert alarm.action is Action.TRIGGER
    assert alarm.summary == "No heartbeat from the monitoring for 76 s: alerts may not arrive"
    clock.passes(1000)
    assert deadman.check() is None


def test_a_heartbeat_after_the_alarm_ends_it_and_arms_it_again() -> None:
    clock = Clock()
    deadman = Deadman(clock=clock)
    clock.passes(121)
    opened = deadman.check()
    recovery = deadman.beat(AT)
    assert opened is not None
    assert recovery is not None
    assert recovery.action is Action.RESOLVE
    assert recovery.dedup_key == opened.dedup_key
    clock.passes(76)
    assert deadman.check() is not None


def test_a_start_is_given_two_minutes_and_then_never_is_said() -> None:
    clock = Clock()
    deadman = Deadman(clock=clock)
    clock.passes(120)
    assert deadman.check() is None
    clock.passes(0.5)
    assert silence(deadman.check()) == MissedHeartbeat(None, 120.5)


def test_an_alarm_of_the_process_before_is_ended_not_repeated() -> None:
    clock = Clock()
    deadman = Deadman(alarmed=True, clock=clock)
    clock.passes(500)
    assert deadman.check() is None
    recovery = deadman.beat(AT)
    assert recovery is not None
    assert recovery.action is Action.RESOLVE
