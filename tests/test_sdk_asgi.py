# ruff: noqa: ARG001 - every ASGI application takes three arguments
"""Requests through the ASGI wrap: every one is counted exactly once, and nothing of it is changed on the way."""

import asyncio
import io
import json
import re
import uuid
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from dataclasses import dataclass, field

import pytest
from fastapi import APIRouter, FastAPI, Response
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.testclient import TestClient

import watchkeeper
from sdk_bench import Wk, internal_errors, of, samples
from watchkeeper.copilot import Instruments
from watchkeeper.sdk.asgi import ASGIApp, Message, Receive, Send
from watchkeeper.sdk.policy import Objective, Policy, RequestClass
from watchkeeper.sdk.requests import Scope

QUICK, SLOW = 0.1, 0.3


class Impatient(Instruments):
    """The same metrics under a policy whose limits a test can wait for."""

    policy = Policy(
        service="agent",
        classes=(RequestClass("simple", stall_seconds=SLOW), RequestClass("complex", stall_seconds=SLOW)),
        objectives=(
            Objective("availability", request_class="", within_seconds=None),
            Objective("latency-simple", request_class="simple", within_seconds=QUICK),
            Objective("latency-complex", request_class="complex", within_seconds=SLOW),
        ),
    )


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def wk(log: io.StringIO) -> Iterator[Wk]:
    process: Wk = watchkeeper.init(
        Impatient, service="agent", version="1", environment="test", metrics_port=None, log_stream=log
    )
    yield process
    process.close()
    assert internal_errors(process) == {}


def events(wk: Wk) -> dict[str, float]:
    """`availability simple good` -> how often."""
    pattern = re.compile(r'class="(.*?)",outcome="(.*?)",slo="(.*?)"')
    found = of(wk, "sli_events_total")
    matches = {labels: pattern.search(labels) for labels in found}
    return {f"{match[3]} {match[1]} {match[2]}": found[labels] for labels, match in matches.items() if match}


@dataclass
class Exchange:
    """One request without a server: what the client sends, when it leaves, what it receives."""

    method: str = "GET"
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: tuple[Message, ...] = ({"type": "http.request", "body": b"", "more_body": False},)
    leaves: asyncio.Event = field(default_factory=asyncio.Event)
    sent: list[Message] = field(default_factory=list)
    broken: bool = False
    """Sending fails, as servers that say so do when the client is gone."""

    def __post_init__(self) -> None:
        self._messages = deque(self.body)

    async def run(self, app: ASGIApp) -> None:
        scope: Scope = {"type": "http", "method": self.method, "path": "/x", "headers": list(self.headers)}
        await app(scope, self.receive, self.send)

    async def receive(self) -> Message:
        if self._messages:
            return self._messages.popleft()
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self.broken:
            raise OSError("gone")
        self.sent.append(message)

    @property
    def sent_headers(self) -> dict[bytes, bytes]:
        headers = self.sent[0]["headers"]
        assert isinstance(headers, list)
        return dict(headers)


def exchange(wk: Wk, app: ASGIApp, **about: object) -> Exchange:
    made = Exchange(**about)  # type: ignore[arg-type]
    asyncio.run(made.run(wk.asgi(app)))
    return made


async def start(send: Send, status: int = 200, kind: bytes = b"text/plain") -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]})


async def piece(send: Send, body: bytes = b"", *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


def streaming(*pieces: bytes | float) -> ASGIApp:
    """An application that streams events; a number is a pause."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await start(send, kind=b"text/event-stream; charset=utf-8")
        for part in pieces:
            if isinstance(part, bytes):
                await piece(send, part)
            else:
                await asyncio.sleep(part)
        await piece(send, more=False)

    return app


def answering(status: int, before: Callable[[], object] = lambda: None) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        before()
        await start(send, status)
        await piece(send, b"hello", more=False)

    return app


async def raising(scope: Scope, receive: Receive, send: Send) -> None:
    raise LookupError("lost")


async def dying(scope: Scope, receive: Receive, send: Send) -> None:
    await start(send)
    await piece(send, b"half")
    raise LookupError("lost")


async def silent(scope: Scope, receive: Receive, send: Send) -> None:
    pass


async def half(scope: Scope, receive: Receive, send: Send) -> None:
    await start(send)
    await piece(send, b"half")


# --- one request, one event for each objective ----------------------------------------------------


def test_good(wk: Wk) -> None:
    exchange(wk, answering(200))
    assert events(wk) == {"availability simple good": 1, "latency-simple simple good": 1}
    assert of(wk, "http_requests_total") == {'{endpoint="unmatched",method="GET",status_code="200"}': 1}
    assert of(wk, "http_request_duration_seconds_count") == {'{endpoint="unmatched",method="GET"}': 1}
    assert samples(wk)["http_requests_in_flight"] == 0


@pytest.mark.parametrize("status", [500, 503, 504])
def test_bad(wk: Wk, status: int) -> None:
    exchange(wk, answering(status))
    assert events(wk) == {"availability simple bad": 1, "latency-simple simple excluded": 1}


@pytest.mark.parametrize("status", [400, 404, 429])
def test_excluded(wk: Wk, status: int) -> None:
    exchange(wk, answering(status))
    assert events(wk) == {"availability simple excluded": 1, "latency-simple simple excluded": 1}


@pytest.mark.parametrize("app", [raising, dying])
def test_exceptions_pass_and_count(wk: Wk, log: io.StringIO, app: ASGIApp) -> None:
    with pytest.raises(LookupError, match="lost"):
        exchange(wk, app)
    assert events(wk) == {"availability simple bad": 1, "latency-simple simple excluded": 1}
    line = json.loads(log.getvalue())
    assert (line["event"], line["level"], line["error"]) == ("unhandled_exception", "ERROR", "LookupError")
    assert uuid.UUID(line["correlation_id"]).version == 4
    assert of(wk, "log_events_total") == {'{component="http",event="unhandled_exception",level="error"}': 1}


@pytest.mark.parametrize("app", [silent, half])
def test_answers_without_an_end(wk: Wk, app: ASGIApp) -> None:
    exchange(wk, app)
    assert events(wk) == {"availability simple bad": 1, "latency-simple simple excluded": 1}


def test_the_service_says_failed_or_excluded(wk: Wk) -> None:
    exchange(wk, answering(429, lambda: wk.failed(dependency="anthropic")))
    exchange(wk, answering(503, lambda: wk.exclude("maintenance")))
    assert events(wk) == {
        "availability simple bad": 1,
        "availability simple excluded": 1,
        "latency-simple simple excluded": 2,
    }


def test_outside_of_a_request_these_words_do_nothing(wk: Wk) -> None:
    wk.failed(dependency="anthropic")
    wk.exclude("maintenance")
    exchange(wk, answering(200))
    assert events(wk)["availability simple good"] == 1


def test_a_slow_answer_is_good_and_late(wk: Wk) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(QUICK * 1.5)
        await answering(200)(scope, receive, send)

    exchange(wk, app)
    assert events(wk) == {"availability simple good": 1, "latency-simple simple bad": 1}


# --- streams --------------------------------------------------------------------------------------

TOKEN = b'data: {"text":"hi"}\n\n'
PING = b"event: ping\ndata: {}\n\n: comment\n\n"


def test_a_stream_is_timed_by_its_first_useful_token(wk: Wk) -> None:
    exchange(wk, streaming(PING, 0.02, TOKEN, QUICK * 1.2, TOKEN))
    assert events(wk) == {"availability simple good": 1, "latency-simple simple good": 1}
    assert of(wk, "stream_time_to_first_token_seconds_count") == {'{endpoint="unmatched"}': 1}
    waited = of(wk, "stream_time_to_first_token_seconds_sum")['{endpoint="unmatched"}']
    assert 0.02 <= waited < QUICK


def test_pings_do_not_make_a_stream_quick(wk: Wk) -> None:
    exchange(wk, streaming(PING, QUICK * 1.5, TOKEN))
    assert events(wk) == {"availability simple good": 1, "latency-simple simple bad": 1}


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (PING, PING),
        (b"event: done\ndata: {}\n\n",),
        (b"data: [DONE]\n\n",),
        (TOKEN, b'event: error\ndata: {"why":"x"}\n\n'),
        (TOKEN, SLOW * 1.5, TOKEN),
        (TOKEN, SLOW * 0.7, PING, SLOW * 0.7, TOKEN),
        (SLOW * 1.5, TOKEN),
    ],
    ids=["nothing", "pings", "farewell", "done", "error", "stalled", "stalled with pings", "late beyond patience"],
)
def test_streams_that_end_badly(wk: Wk, pieces: tuple[bytes | float, ...]) -> None:
    exchange(wk, streaming(*pieces))
    assert events(wk) == {"availability simple bad": 1, "latency-simple simple excluded": 1}


def test_a_stream_that_hangs_is_counted_while_it_hangs(wk: Wk) -> None:
    async def scenario() -> None:
        request = Exchange()
        running = asyncio.ensure_future(request.run(wk.asgi(streaming(TOKEN, 60))))
        await until(lambda: events(wk) != {})
        assert not running.done()
        assert events(wk) == {"availability simple bad": 1, "latency-simple simple excluded": 1}
        running.cancel()
        await asyncio.wait({running})

    asyncio.run(scenario())
    assert events(wk)["availability simple bad"] == 1


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - metrics announce nothing
            await asyncio.sleep(0.005)


def test_the_services_own_stream_decides_what_is_useful(wk: Wk) -> None:
    async def words() -> AsyncIterator[str]:
        yield "  "
        await asyncio.sleep(0.03)
        yield "hello"

    async def app(scope: MutableMapping[str, object], receive: Receive, send: Send) -> None:
        await start(send, kind=b"application/x-ndjson")
        async for word in wk.stream(words()):
            await piece(send, word.encode())
        await piece(send, more=False)

    exchange(wk, app)
    assert events(wk) == {"availability simple good": 1, "latency-simple simple good": 1}
    assert of(wk, "stream_time_to_first_token_seconds_sum")['{endpoint="unmatched"}'] >= 0.03


def test_a_stream_of_events_through_our_hand_is_not_begun_by_a_ping(wk: Wk) -> None:
    async def words() -> AsyncIterator[bytes]:
        yield PING
        yield b"event: done\ndata: {}\n\n"

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await start(send, kind=b"text/event-stream")
        async for word in wk.stream(words()):
            await piece(send, word)
        await piece(send, more=False)

    exchange(wk, app)
    assert events(wk)["availability simple bad"] == 1


def test_leaving_our_stream_closes_the_one_within(wk: Wk) -> None:
    closed = []

    async def words() -> AsyncIterator[str]:
        try:
            yield "a"
            yield "b"
        finally:
            closed.append(True)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        stream = wk.stream(words())
        assert await anext(stream) == "a"
        await stream.aclose()  # type: ignore[attr-defined]
        await answering(200)(scope, receive, send)

    exchange(wk, app)
    assert closed == [True]


def test_outside_of_a_request_a_stream_is_itself(wk: Wk) -> None:
    async def words() -> AsyncIterator[str]:
        yield "a"

    made = words()
    assert wk.stream(made) is made
    asyncio.run(made.aclose())  # type: ignore[attr-defined]


# --- clients that leave ---------------------------------------------------------------------------


def busy(seconds: float) -> ASGIApp:
    """An application that never asks whether anybody still waits."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await asyncio.sleep(seconds)
        await answering(200)(scope, receive, send)

    return app


def test_leaving_what_hangs_is_bad_and_known_before_it_ends(wk: Wk) -> None:
    async def scenario() -> None:
        request = Exchange()
        running = asyncio.ensure_future(request.run(wk.asgi(busy(60))))
        await asyncio.sleep(QUICK * 1.5)
        assert events(wk) == {}
        request.leaves.set()
        await until(lambda: events(wk) != {})
        assert events(wk) == {"availability simple bad": 1, "latency-simple simple bad": 1}
        running.cancel()
        await asyncio.wait({running})

    asyncio.run(scenario())
    assert events(wk) == {"availability simple bad": 1, "latency-simple simple bad": 1}
    assert of(wk, "http_requests_total") == {'{endpoint="unmatched",method="GET",status_code="499"}': 1}


def test_leaving_early_is_nobodys_fault(wk: Wk) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        raise OSError("the client is gone")

    async def scenario() -> None:
        request = Exchange()
        request.leaves.set()
        with pytest.raises(OSError, match="gone"):
            await request.run(wk.asgi(app))

    asyncio.run(scenario())
    assert events(wk) == {"availability simple excluded": 1, "latency-simple simple excluded": 1}


def test_a_send_that_fails_is_a_client_that_left(wk: Wk) -> None:
    with pytest.raises(OSError, match="gone"):
        exchange(wk, streaming(TOKEN), broken=True)
    assert events(wk) == {"availability simple excluded": 1, "latency-simple simple excluded": 1}


def test_a_disconnect_after_the_answer_changes_nothing(wk: Wk) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await answering(200)(scope, receive, send)
        while (await receive())["type"] != "http.disconnect":
            pass

    async def scenario() -> None:
        request = Exchange()
        request.leaves.set()
        await request.run(wk.asgi(app))

    asyncio.run(scenario())
    assert events(wk) == {"availability simple good": 1, "latency-simple simple good": 1}


def test_while_we_listen_the_application_still_hears_everything(wk: Wk) -> None:
    """After a while we listen for the client's departure; a body that we hear then is handed on."""
    heard: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(QUICK * 1.5)
        heard.extend([await receive(), await receive()])
        await answering(200)(scope, receive, send)

    async def scenario() -> None:
        request = Exchange(body=({"type": "http.request", "body": b"question", "more_body": False},))
        running = asyncio.ensure_future(request.run(wk.asgi(app)))
        await until(lambda: len(heard) == 0 and not request._messages)
        request.leaves.set()
        await running

    asyncio.run(scenario())
    assert heard == [
        {"type": "http.request", "body": b"question", "more_body": False},
        {"type": "http.disconnect"},
    ]


def test_we_never_read_a_body_ahead_of_the_application(wk: Wk) -> None:
    parts = tuple({"type": "http.request", "body": b"x", "more_body": True} for _ in range(9))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(QUICK * 2)
        await answering(200)(scope, receive, send)

    request = exchange(wk, app, body=parts)
    assert len(request._messages) == 8


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
