"""The circuit breaker before a module: by hand, and in the agent."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from demo_bench import until
from demo_town import Town, in_town, said
from watchkeeper.demo.agent import breaker
from watchkeeper.demo.agent.breaker import FAILURES, PAUSE_SECONDS, Breaker, BreakerOpenError, State


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def reported() -> list[State]:
    return []


@pytest.fixture
def made(clock: Clock, reported: list[State]) -> Breaker:
    return Breaker(reported.append, LookupError, clock)


def fine(made: Breaker) -> None:
    with made.call():
        pass


def fails(made: Breaker, error: type[BaseException] = LookupError) -> None:
    with pytest.raises(error), made.call():
        raise error


def refused(made: Breaker) -> None:
    with pytest.raises(BreakerOpenError), made.call():
        pytest.fail("the call was made")


def test_it_is_closed_and_says_so(made: Breaker, reported: list[State]) -> None:
    fine(made)
    assert reported == [State.CLOSED]


def test_failures_in_a_row_open_it(made: Breaker, reported: list[State]) -> None:
    for _ in range(FAILURES - 1):
        fails(made)
    fine(made)  # the row begins anew
    for _ in range(FAILURES - 1):
        fails(made)
    assert reported == [State.CLOSED]
    fails(made)
    assert reported == [State.CLOSED, State.OPEN]
    refused(made)


def test_after_a_pause_one_call_may_try(made: Breaker, clock: Clock, reported: list[State]) -> None:
    for _ in range(FAILURES):
        fails(made)
    clock.now += PAUSE_SECONDS - 0.01
    refused(made)
    clock.now += 0.01
    with made.call():
        assert reported[-1] is State.HALF_OPEN
        refused(made)
    assert reported == [State.CLOSED, State.OPEN, State.HALF_OPEN, State.CLOSED]
    fails(made)  # one failure alone does not open it again
    fine(made)


def test_a_trial_that_fails_begins_the_pause_anew(made: Breaker, clock: Clock, reported: list[State]) -> None:
    for _ in range(FAILURES):
        fails(made)
    clock.now += PAUSE_SECONDS
    fails(made)
    assert reported[-2:] == [State.HALF_OPEN, State.OPEN]
    clock.now += PAUSE_SECONDS - 0.01
    refused(made)


def test_a_trial_that_is_called_off_leaves_room_for_the_next(made: Breaker, clock: Clock) -> None:
    for _ in range(FAILURES):
        fails(made)
    clock.now += PAUSE_SECONDS
    fails(made, asyncio.CancelledError)
    fine(made)
    assert made.state is State.CLOSED


def test_what_is_no_failure_of_the_other_side_does_not_count(made: Breaker) -> None:
    for _ in range(FAILURES):
        fails(made, asyncio.CancelledError)
        fails(made, ValueError)
    assert made.state is State.CLOSED


def test_a_module_that_stays_away_is_left_alone_and_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "PAUSE_SECONDS", 0.2)

    async def scenario(town: Town) -> None:
        state = _state(town, "incident-manager")
        assert state() == State.CLOSED
        await town.break_("module-down", "incident-manager")
        for _ in range(FAILURES):
            assert (await town.ask("Open an incident.")).json()["missing"] == ["incident-manager"]
        assert state() == State.OPEN
        calls = _calls(town)
        monkeypatch.setattr(breaker, "PAUSE_SECONDS", 3600)
        assert (await town.ask("Open an incident.")).json()["missing"] == ["incident-manager"]
        assert _calls(town) == calls  # nobody was asked ...
        assert town.wk.m.module_requests_total.value("incident-manager", "bad") == FAILURES + 1  # ... which is bad too
        assert town.events("complex", "bad") == 0
        assert _state(town, "observatory")() == State.CLOSED
        await town.heal()
        monkeypatch.setattr(breaker, "PAUSE_SECONDS", 0.0)
        async with asyncio.timeout(10):
            while (await town.ask("Open an incident.")).json()["missing"]:  # noqa: ASYNC110 - asking is the way to know
                await asyncio.sleep(0.1)
        assert state() == State.CLOSED

    in_town(tmp_path, scenario)


def _state(town: Town, module: str) -> Callable[[], float]:
    return lambda: town.wk.m.module_circuit_breaker_state.value(module)


def _calls(town: Town) -> float:
    codes = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "OK")
    total = town.wk.m.grpc_requests_total
    return sum(total.value("incident-manager", "OpenIncident", code) for code in codes)


def test_workflows_meet_it_too(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        await town.login()
        await town.break_("module-down", "orchestrator")
        for _ in range(FAILURES + 1):
            assert (await town.post("workflows", name="release-notes")).status_code == 503
        assert town.wk.m.workflow_executions_total.value("failure") == FAILURES + 1
        assert len(said(town.log, "module.request.failed")) == FAILURES + 1
        await until(lambda: _state(town, "orchestrator")() == State.OPEN)

    in_town(tmp_path, scenario)
