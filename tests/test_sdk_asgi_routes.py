# ruff: noqa: ARG001 - every ASGI application takes three arguments
"""Routes, classes and ids of requests; and that every request whatsoever is one event for each objective."""

import asyncio
import io
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Iterator

import pytest
from fastapi import APIRouter, FastAPI, Response
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.testclient import TestClient

import watchkeeper
from sdk_bench import Wk, internal_errors, of, samples
from sdk_exchange import (
    PING,
    TOKEN,
    Exchange,
    Impatient,
    answering,
    events,
    exchange,
    impatient,
    piece,
    start,
)
from watchkeeper.sdk.asgi import ASGIApp, Message, Receive, Send
from watchkeeper.sdk.requests import Scope


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def wk(log: io.StringIO) -> Iterator[Wk]:
    with impatient(log) as process:
        yield process


# --- routes, classes, ids -------------------------------------------------------------------------


def service(wk: Wk) -> ASGIApp:
    inner, app, mounted = APIRouter(prefix="/inner"), FastAPI(), FastAPI()

    @inner.get("/items/{item}")
    def item(item: int) -> int:
        return item

    @app.post("/chats/{chat}/messages")
    async def message(chat: str) -> Response:
        return PlainTextResponse(wk.correlation_id or "none")

    @app.get("/told")
    async def told() -> StreamingResponse:
        async def words() -> AsyncIterator[str]:
            yield "data: a\n\n"

        return StreamingResponse(words(), media_type="text/event-stream")

    @mounted.get("/leaf/{name}")
    async def leaf(name: str) -> str:
        return name

    app.include_router(inner, prefix="/v1")
    app.mount("/mounted", mounted)
    return wk.asgi(app, classes={"POST /chats/{chat}/messages": "complex"})


@pytest.mark.parametrize(
    ("path", "endpoint", "status"),
    [
        ("/v1/inner/items/3", "/v1/inner/items/{item}", 200),
        ("/v1/inner/items/x", "/v1/inner/items/{item}", 422),
        ("/mounted/leaf/a", "/mounted/leaf/{name}", 200),
        ("/told", "/told", 200),
        ("/../../etc/passwd", "unmatched", 404),
        ("/nothing/" + "x" * 500, "unmatched", 404),
    ],
)
def test_endpoints_are_templates(wk: Wk, path: str, endpoint: str, status: int) -> None:
    with TestClient(service(wk)) as client:
        assert client.get(path).status_code == status
    assert of(wk, "http_requests_total") == {f'{{endpoint="{endpoint}",method="GET",status_code="{status}"}}': 1}


def test_classes_by_route(wk: Wk) -> None:
    with TestClient(service(wk)) as client:
        client.post("/chats/7/messages")
        client.get("/told")
    assert events(wk) == {
        "availability complex good": 1,
        "latency-complex complex good": 1,
        "availability simple good": 1,
        "latency-simple simple good": 1,
    }


def test_an_unknown_class_is_said_and_ignored(wk: Wk, caplog: pytest.LogCaptureFixture) -> None:
    app = wk.asgi(answering(200), classes={"GET /x": "compelx"})
    assert "names the class compelx" in caplog.text
    asyncio.run(Exchange().run(app))
    assert events(wk)["availability simple good"] == 1


@pytest.mark.parametrize("name", [b"X-Correlation-ID", b"x-request-id"])
def test_a_harmless_id_is_kept_and_returned(wk: Wk, name: bytes) -> None:
    request = exchange(wk, answering(200), headers=((name, b"abc.DEF_12-3"),))
    assert request.sent_headers[b"x-correlation-id"] == b"abc.DEF_12-3"


@pytest.mark.parametrize(
    "value", [b"short", b"x" * 65, b'"}{"level":"x', b"a b c d e f", "schön-und-lang".encode(), b""]
)
def test_a_harmful_id_is_replaced(wk: Wk, value: bytes) -> None:
    request = exchange(wk, answering(200), headers=((b"x-correlation-id", value),))
    assert uuid.UUID(request.sent_headers[b"x-correlation-id"].decode()).version == 4


def test_the_id_is_the_same_everywhere_and_gone_afterwards(wk: Wk) -> None:
    with TestClient(service(wk)) as client:
        answer = client.post("/chats/7/messages", headers={"x-correlation-id": "from-outside"})
    assert answer.text == answer.headers["x-correlation-id"] == "from-outside"
    assert wk.correlation_id is None


def test_the_services_own_header_is_left_alone(wk: Wk) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"x-correlation-id", b"its-own-id"), (b"set-cookie", b"a"), (b"set-cookie", b"b")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await piece(send, more=False)

    assert exchange(wk, app).sent[0]["headers"] == [
        (b"x-correlation-id", b"its-own-id"),
        (b"set-cookie", b"a"),
        (b"set-cookie", b"b"),
    ]


def test_other_protocols_pass_untouched(wk: Wk) -> None:
    seen: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend([scope, receive, send])

    async def nothing() -> Message:
        return {}

    async def nowhere(message: Message) -> None:
        pass

    scope: Scope = {"type": "websocket"}
    asyncio.run(_awaited(wk.asgi(app)(scope, nothing, nowhere)))
    assert seen == [scope, nothing, nowhere]
    assert events(wk) == {}


async def _awaited(result: Awaitable[None]) -> None:
    await result


def test_requests_in_flight(wk: Wk) -> None:
    seen: list[float] = []
    exchange(wk, answering(200, lambda: seen.append(samples(wk)["http_requests_in_flight"])))
    assert seen == [1]
    assert samples(wk)["http_requests_in_flight"] == 0


def test_an_application_that_is_wrapped_twice_counts_once(wk: Wk) -> None:
    exchange(wk, wk.asgi(answering(200)))
    assert events(wk) == {"availability simple good": 1, "latency-simple simple good": 1}
    assert samples(wk)["http_requests_in_flight"] == 0


def test_lines_of_a_request_say_what_the_service_said(wk: Wk, log: io.StringIO) -> None:
    def work() -> None:
        wk.logger("chat").info("before")
        wk.failed(dependency="anthropic")
        wk.exclude("maintenance")
        wk.logger("chat").info("after")

    exchange(wk, answering(200, work))
    before, after = map(json.loads, log.getvalue().splitlines())
    assert "failed_dependency" not in before
    assert (after["failed_dependency"], after["excluded_because"]) == ("anthropic", "maintenance")


# --- every request exactly once -------------------------------------------------------------------

MESSAGES = st.lists(
    st.sampled_from(
        [
            ("start", 200), ("start", 404), ("start", 500), ("stream", 200),
            ("body", TOKEN), ("body", PING), ("body", b""), ("last", b""), ("last", TOKEN),
            ("failed", None), ("exclude", None), ("receive", None), ("raise", None), ("cancel", None),
        ]
    ),
    max_size=8,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(script=MESSAGES, leaves=st.booleans(), broken=st.booleans())
def test_every_request_is_one_event_for_each_objective(
    script: list[tuple[str, object]], leaves: bool, broken: bool
) -> None:
    wk: Wk = watchkeeper.init(
        Impatient, service="a", version="1", environment="t", metrics_port=None, log_stream=io.StringIO()
    )

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for word, argument in script:
            await play(wk, word, argument, receive, send)

    async def scenario() -> None:
        request = Exchange(broken=broken)
        if leaves:
            request.leaves.set()
        await asyncio.wait({asyncio.ensure_future(request.run(wk.asgi(app)))})

    asyncio.run(scenario())
    wk.close()
    found = events(wk)
    assert sum(count for name, count in found.items() if name.startswith("availability")) == 1
    assert sum(count for name, count in found.items() if name.startswith("latency")) == 1
    assert sum(of(wk, "http_requests_total").values()) == 1
    assert samples(wk)["http_requests_in_flight"] == 0
    assert internal_errors(wk) == {}


async def play(wk: Wk, word: str, argument: object, receive: Receive, send: Send) -> None:
    if word in {"start", "stream"}:
        assert isinstance(argument, int)
        await start(send, argument, b"text/event-stream" if word == "stream" else b"text/plain")
    elif word in {"body", "last"}:
        assert isinstance(argument, bytes)
        await piece(send, argument, more=word == "body")
    elif word == "failed":
        wk.failed(dependency="x")
    elif word == "exclude":
        wk.exclude("x")
    elif word == "raise":
        raise LookupError("lost")
    elif word == "cancel":
        raise asyncio.CancelledError
    else:
        await asyncio.wait_for(receive(), 0.01)
