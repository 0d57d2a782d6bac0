"""Calls of modules: outcome, time, degraded answers."""

import asyncio
from collections.abc import Iterator

import pytest

from sdk_bench import Wk, internal_errors, of, watched
from watchkeeper.sdk.asgi import Message, Receive, Send
from watchkeeper.sdk.requests import Scope


@pytest.fixture
def wk() -> Iterator[Wk]:
    with watched() as process:
        yield process
        assert internal_errors(process) == {}


def outcomes(wk: Wk) -> dict[str, float]:
    """`test-bench good` -> calls."""
    found = of(wk, "module_requests_total")
    parts = {labels: labels.split('"') for labels in found}
    return {f"{parts[labels][1]} {parts[labels][3]}": count for labels, count in found.items()}


def test_a_call(wk: Wk) -> None:
    with wk.module("test-bench"):
        pass
    assert outcomes(wk) == {"test-bench good": 1}
    assert of(wk, "module_request_duration_seconds_count") == {'{module="test-bench"}': 1}


def test_an_exception_is_bad_and_passes(wk: Wk) -> None:
    with pytest.raises(LookupError), wk.module("observatory"):
        raise LookupError("lost")
    assert outcomes(wk) == {"observatory bad": 1}


def test_asynchronous_calls(wk: Wk) -> None:
    async def scenario() -> None:
        async with wk.module("orchestrator"):
            await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            async with wk.module("orchestrator"):
                raise TimeoutError
        with pytest.raises(asyncio.CancelledError):
            async with wk.module("orchestrator"):
                raise asyncio.CancelledError

    asyncio.run(scenario())
    assert outcomes(wk) == {"orchestrator good": 1, "orchestrator bad": 1, "orchestrator excluded": 1}


def test_a_degraded_answer_makes_the_call_bad_once(wk: Wk) -> None:
    with wk.module("test-bench"), wk.module("observatory"):
        wk.degraded("test-bench")
    assert outcomes(wk) == {"test-bench bad": 1, "observatory good": 1}


def test_an_answer_without_a_call_is_bad_for_the_module(wk: Wk) -> None:
    wk.degraded("incident-manager")
    assert outcomes(wk) == {"incident-manager bad": 1}
    assert of(wk, "module_request_duration_seconds_count") == {}


def test_a_failed_call_that_degrades_the_answer_is_one_event(wk: Wk) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        assert receive is not None
        try:
            async with wk.module("test-bench"):
                raise ConnectionError
        except ConnectionError:
            wk.degraded("test-bench")
            wk.degraded("observatory")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def scenario() -> None:
        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            assert message

        await wk.asgi(app)({"type": "http", "method": "GET", "headers": []}, receive, send)

    asyncio.run(scenario())
    assert outcomes(wk) == {"test-bench bad": 1, "observatory bad": 1}


def test_parallel_calls_do_not_meet(wk: Wk) -> None:
    async def call(module: str, *, degrade: bool) -> None:
        async with wk.module(module):
            await asyncio.sleep(0)
            if degrade:
                wk.degraded(module)

    async def scenario() -> None:
        await asyncio.gather(*(call("test-bench", degrade=number % 2 == 0) for number in range(10)))

    asyncio.run(scenario())
    assert outcomes(wk) == {"test-bench good": 5, "test-bench bad": 5}


def test_an_unknown_module_folds(wk: Wk) -> None:
    with wk.module("mainframe"):
        pass
    assert outcomes(wk) == {"__other__ good": 1}
