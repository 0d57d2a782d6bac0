"""The ASGI wrap under a real server and real clients, which leave as people do."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI, Request
from starlette.responses import StreamingResponse

from sdk_bench import Wk, internal_errors, of, samples, until, watched

MESSAGES = "/chats/{chat}/messages"


def agent(wk: Wk, gate: threading.Event) -> FastAPI:
    app = FastAPI()

    async def waiting() -> None:
        while not gate.is_set():  # noqa: ASYNC110 - opened by the test's thread
            await asyncio.sleep(0.01)

    @app.post(MESSAGES)
    async def message(chat: str, request: Request) -> str:
        await waiting()
        return f"{chat}: {len(await request.body())}"

    @app.get("/stream")
    async def stream(silent: bool = False) -> StreamingResponse:
        async def events() -> AsyncIterator[str]:
            if not silent:
                yield "data: hello\n\n"
            await waiting()
            yield "event: done\ndata: {}\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    @app.get("/blocking")
    def blocking() -> str:
        wk.failed(dependency="database")
        return wk.correlation_id or ""

    @app.get("/broken")
    async def broken() -> str:
        raise LookupError("lost")

    return app


@contextmanager
def served(wk: Wk, gate: threading.Event) -> Iterator[str]:
    app = wk.asgi(agent(wk, gate), classes={f"POST {MESSAGES}": "complex"})
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="on"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        until(lambda: server.started, "the server")
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        gate.set()
        server.should_exit = True
        thread.join(15)
        assert not thread.is_alive()


@pytest.fixture
def gate() -> threading.Event:
    return threading.Event()


@pytest.fixture
def wk() -> Iterator[Wk]:
    with watched() as process:
        yield process
        assert internal_errors(process) == {}


def availability(wk: Wk) -> dict[str, float]:
    """`complex bad` -> requests."""
    found = of(wk, "sli_events_total")
    parts = {labels: labels.split('"') for labels in found}
    return {f"{part[1]} {part[3]}": found[labels] for labels, part in parts.items() if part[5] == "availability"}


def test_good_requests_side_by_side(wk: Wk, gate: threading.Event) -> None:
    gate.set()

    async def talk(url: str) -> list[httpx2.Response]:
        async with httpx2.AsyncClient(base_url=url, timeout=20) as client:
            asked = (client.post("/chats/7/messages", content=b"x" * 9) for _ in range(30))
            told = (client.get("/stream") for _ in range(30))
            return await asyncio.gather(*asked, *told)

    with served(wk, gate) as url:
        answers = asyncio.run(talk(url))
    assert {answer.status_code for answer in answers} == {200}
    assert answers[0].json() == "7: 9"
    assert len({answer.headers["x-correlation-id"] for answer in answers}) == 60
    assert availability(wk) == {"complex good": 30, "simple good": 30}
    assert of(wk, "stream_time_to_first_token_seconds_count") == {'{endpoint="/stream"}': 30}
    assert samples(wk)["http_requests_in_flight"] == 0
    assert samples(wk)['eventloop_lag_seconds_count{runtime="python"}'] >= 0


def test_a_client_that_gives_up_on_a_hanging_answer(wk: Wk, gate: threading.Event) -> None:
    """Complex requests promise an answer within two seconds; this one leaves later, while we still work."""
    with served(wk, gate) as url:
        with pytest.raises(httpx2.ReadTimeout):
            httpx2.post(f"{url}/chats/7/messages", content=b"x", timeout=2.5)
        until(lambda: availability(wk) == {"complex bad": 1}, "the event of a request that still runs")
        assert samples(wk)["http_requests_in_flight"] == 1
    assert availability(wk) == {"complex bad": 1}
    assert samples(wk)["http_requests_in_flight"] == 0


@pytest.mark.parametrize("silent", [True, False])
def test_a_client_that_leaves_a_stream_at_once(wk: Wk, gate: threading.Event, silent: bool) -> None:
    with served(wk, gate) as url:
        with httpx2.stream("GET", f"{url}/stream", params={"silent": silent}) as response:
            assert response.status_code == 200
        until(lambda: availability(wk) == {"simple excluded": 1}, "its event")


def test_sync_endpoints_know_their_request(wk: Wk, gate: threading.Event) -> None:
    with served(wk, gate) as url:
        answer = httpx2.get(f"{url}/blocking", headers={"x-correlation-id": "from-outside"})
    assert answer.json() == "from-outside"
    assert availability(wk) == {"simple bad": 1}


def test_an_exception_reaches_the_server(wk: Wk, gate: threading.Event) -> None:
    with served(wk, gate) as url:
        assert httpx2.get(f"{url}/broken").status_code == 500
    assert availability(wk) == {"simple bad": 1}
    assert of(wk, "log_events_total") == {'{component="http",event="unhandled_exception",level="error"}': 1}
    assert of(wk, "http_requests_total") == {'{endpoint="/broken",method="GET",status_code="500"}': 1}
