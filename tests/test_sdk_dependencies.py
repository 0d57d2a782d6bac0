"""Background checks: up, down, hanging, on the service's own loop."""

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from sdk_bench import Wk, internal_errors, samples, until, watched


@pytest.fixture
def wk() -> Iterator[Wk]:
    with watched() as process:
        yield process
        assert internal_errors(process) == {}


def up(wk: Wk, name: str = "database") -> float | None:
    return samples(wk, "critical").get(f'dependency_up{{dependency="{name}"}}')


def fails() -> None:
    raise ConnectionError("refused")


@pytest.mark.parametrize(
    ("check", "expected"),
    [(lambda: None, 1), (lambda: True, 1), (lambda: "pong", 1), (lambda: 0, 1), (lambda: False, 0), (fails, 0)],
)
def test_answers(wk: Wk, check: Callable[[], object], expected: float) -> None:
    wk.dependency("database", check, every=60)
    until(lambda: up(wk) == expected, "an answer")


def test_nothing_is_claimed_before_the_first_answer(wk: Wk) -> None:
    gate = threading.Event()
    wk.dependency("database", gate.wait, every=60, timeout=60)
    assert up(wk) is None
    gate.set()
    until(lambda: up(wk) == 1, "an answer")


def test_it_goes_down_and_comes_back(wk: Wk) -> None:
    answer = [True]
    wk.dependency("database", lambda: answer[0], every=0.05)
    until(lambda: up(wk) == 1, "up")
    answer[0] = False
    until(lambda: up(wk) == 0, "down")
    answer[0] = True
    until(lambda: up(wk) == 1, "up again")


def test_a_check_that_hangs_is_down_until_it_answers(wk: Wk) -> None:
    gate = threading.Event()
    wk.dependency("database", lambda: None if gate.is_set() else gate.wait(30), every=0.05, timeout=0.1)
    until(lambda: up(wk) == 0, "down")
    gate.set()
    until(lambda: up(wk) == 1, "up")


def test_dependencies_are_apart(wk: Wk) -> None:
    wk.dependency("database", lambda: threading.Event().wait(0.5), timeout=0.1)
    wk.dependency("cache", lambda: True)
    until(lambda: up(wk, "cache") == 1, "the cache")
    until(lambda: up(wk) == 0, "the database")


def test_a_name_that_is_not_declared_folds(wk: Wk) -> None:
    wk.dependency("mainframe", lambda: True)
    until(lambda: up(wk, "__other__") == 1, "an answer")


def test_a_second_check_replaces_the_first(wk: Wk) -> None:
    wk.dependency("database", lambda: False, every=0.05)
    until(lambda: up(wk) == 0, "the first check")
    wk.dependency("database", lambda: True, every=0.05)
    until(lambda: up(wk) == 1, "the second check")
    assert len(wk._dependencies._checks) == 1


# --- on the service's event loop ------------------------------------------------------------------


async def noted(wk: Wk, expected: float) -> None:
    async with asyncio.timeout(10):
        while up(wk) != expected:  # noqa: ASYNC110 - metrics announce nothing
            await asyncio.sleep(0.01)


def on_loop(wk: Wk) -> None:
    wk._loop_seen(asyncio.get_running_loop())


def test_an_asynchronous_check_runs_on_the_services_loop(wk: Wk) -> None:
    seen: list[bool] = []

    async def service() -> None:
        loop = asyncio.get_running_loop()

        async def check() -> None:
            seen.append(asyncio.get_running_loop() is loop)

        on_loop(wk)
        wk.dependency("database", check, every=0.05)
        await noted(wk, 1)

    asyncio.run(service())
    assert seen[0]


def test_a_function_that_returns_an_awaitable(wk: Wk) -> None:
    async def ping() -> bool:
        return False

    async def service() -> None:
        on_loop(wk)
        wk.dependency("database", lambda: ping())  # noqa: PLW0108 - a plain function is the point
        await noted(wk, 0)

    asyncio.run(service())


def test_it_waits_for_the_service_to_start(wk: Wk) -> None:
    async def check() -> None:
        pass

    async def service() -> None:
        on_loop(wk)
        await noted(wk, 1)

    wk.dependency("database", check, every=0.05, timeout=0.1)
    assert up(wk) is None
    asyncio.run(service())


def test_an_asynchronous_check_that_hangs_is_down_and_cancelled(wk: Wk) -> None:
    cancelled: list[bool] = []

    async def check() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async def service() -> None:
        on_loop(wk)
        wk.dependency("database", check, every=0.05, timeout=0.1)
        await noted(wk, 0)
        async with asyncio.timeout(10):
            while not cancelled:  # noqa: ASYNC110 - set by the cancelled check
                await asyncio.sleep(0.01)

    asyncio.run(service())


def test_a_blocked_loop_is_no_fault_of_the_database(wk: Wk) -> None:
    answered = threading.Event()

    async def check() -> None:
        answered.set()

    async def service() -> None:
        on_loop(wk)
        wk.dependency("database", check, every=0.05, timeout=0.1)
        await noted(wk, 1)
        threading.Event().wait(0.5)  # the loop, and with it every check, stands still
        assert up(wk) == 1

    asyncio.run(service())
    assert answered.is_set()


def test_a_loop_that_ended_leaves_no_check_unawaited(wk: Wk) -> None:
    calls: list[int] = []

    async def check() -> None:
        calls.append(1)

    async def service() -> None:
        on_loop(wk)
        wk.dependency("database", check, every=0.05, timeout=0.1)
        await noted(wk, 1)

    asyncio.run(service())
    wk.close()
    assert calls
