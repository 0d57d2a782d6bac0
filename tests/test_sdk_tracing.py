"""Spans of a whole service: what each step is called, what it carries, and whose step it is."""

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import httpx2
import pytest
from anthropic import AsyncAnthropic, InternalServerError
from fakeredis import FakeAsyncRedis
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import create_async_engine

from sdk_bench import Wk, internal_errors, watched
from sdk_exchange import QUICK, SLOW, TOKEN, Exchange, answering, exchange, impatient, piece, start, streaming
from sdk_vendor import Reply, vendor
from tracing_bench import Collector, Keeping, attributes, collector
from watchkeeper import Traces
from watchkeeper.sdk.asgi import ASGIApp, Receive, Send
from watchkeeper.sdk.requests import Scope

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = {"traceparent": f"00-{TRACE}-{CALLER}-01"}
ADDRESS = "ada@" + "example.com"
Endpoint = Callable[..., Awaitable[object]]


@dataclass
class Bench:
    """A FastAPI service of one route, watched, and the Collector its spans go to."""

    wk: Wk
    there: Collector
    log: io.StringIO
    app: FastAPI = field(default_factory=lambda: FastAPI(telemetry={"tracing": False, "metrics": False, "logs": False}))

    def ask(self, endpoint: Endpoint, path: str = "/items/7", headers: dict[str, str] | None = None) -> httpx2.Response:
        self.app.get("/items/{item}")(endpoint)
        return asyncio.run(self._ask(self.wk.asgi(self.app, classes={"GET /items/{item}": "complex"}), path, headers))

    async def _ask(self, app: ASGIApp, path: str, headers: dict[str, str] | None) -> httpx2.Response:
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://copilot.example") as client:
            return await client.get(path, headers=headers or {})

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]

    def server(self) -> Span:
        self.there.wait_for("HTTP GET /items/{item}")
        return self.there.named("HTTP GET /items/{item}")


@pytest.fixture
def bench() -> Iterator[Bench]:
    log = io.StringIO()
    with collector() as there:
        with watched(log, instruments=Keeping, traces=Traces(there.url)) as wk:
            yield Bench(wk, there, log)
        assert internal_errors(wk) == {}


def test_a_request(bench: Bench) -> None:
    async def item(item: int) -> dict[str, int]:
        return {"item": item}

    answer = bench.ask(item, "/items/7?q=1&token=abc", {"user-agent": "curl/8"})
    span = bench.server()
    facts = attributes(span.attributes)
    assert span.kind == Span.SPAN_KIND_SERVER
    assert span.parent_span_id == b""
    assert not span.HasField("status")
    assert facts.pop("duration_ms") == pytest.approx((span.end_time_unix_nano - span.start_time_unix_nano) / 1e6, abs=2)
    assert facts == {
        "http.request.method": "GET",
        "http.route": "/items/{item}",
        "http.response.status_code": 200,
        "http.response.body.size": len(answer.content),
        "url.full": "http://copilot.example/items/7?q=1&token=****",
        "user_agent.original": "curl/8",
        "watchkeeper.request_class": "complex",
    }


@pytest.mark.parametrize(("said", "size"), [("12", 12), ("9" * 5000, None), ("-1", None), ("x", None)])
def test_the_size_that_a_client_claims(bench: Bench, said: str, size: int | None) -> None:
    async def item() -> None: ...

    bench.ask(item, headers={"content-length": said})
    assert attributes(bench.server().attributes).get("http.request.body.size") == size


def test_a_caller_is_the_parent_and_lines_carry_the_ids(bench: Bench) -> None:
    async def item() -> None:
        bench.wk.logger("api").info("asked", trace_id="mine")

    bench.ask(item, headers={**PARENT, "tracestate": "a=1"})
    span = bench.server()
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, CALLER)
    assert span.trace_state == "ot=th:0,a=1"
    (line,) = bench.lines()
    assert (line["trace_id"], line["span_id"], line["trace_id_"]) == (TRACE, span.span_id.hex(), "mine")


def test_outside_of_a_span_a_line_has_the_ids_it_was_given(bench: Bench) -> None:
    bench.wk.logger("api").info("asked", trace_id="mine", span_id="too")
    (line,) = bench.lines()
    assert (line["trace_id"], line["span_id"]) == ("mine", "too")


@pytest.mark.parametrize("handled", [False, True])
def test_an_exception_is_in_the_span(bench: Bench, handled: bool) -> None:
    async def item() -> None:
        raise LookupError(f"no such item for {ADDRESS}")

    if handled:

        @bench.app.exception_handler(LookupError)
        async def answered(_: Request, __: LookupError) -> JSONResponse:
            return JSONResponse({}, 502)

    assert bench.ask(item).status_code == (502 if handled else 500)
    span = bench.server()
    assert (span.status.code, span.status.message) == (Status.STATUS_CODE_ERROR, "no such item for ****")
    assert attributes(span.attributes)["error.type"] == ("502" if handled else "500")
    (event,) = span.events
    facts = attributes(event.attributes)
    assert (event.name, facts["exception.type"]) == ("exception", "LookupError")
    assert facts["exception.message"] == "no such item for ****"
    assert "in item" in str(facts["exception.stacktrace"])
    assert ADDRESS not in str(facts["exception.stacktrace"])


def test_a_mistake_of_the_client_is_no_error(bench: Bench) -> None:
    async def item(item: int) -> int:
        return item

    assert bench.ask(item, "/items/x").status_code == 422
    span = bench.server()
    assert not span.HasField("status")
    assert attributes(span.attributes)["http.response.status_code"] == 422


def test_what_the_service_says_went_wrong(bench: Bench) -> None:
    async def item() -> None:
        bench.wk.failed(dependency="search")

    bench.ask(item)
    span = bench.server()
    assert span.status.code == Status.STATUS_CODE_ERROR
    assert attributes(span.attributes)["error.type"] == "search"


async def broken_off(_: Scope, __: Receive, send: Send) -> None:
    await start(send)
    await piece(send, b"half")


async def called_off(_: Scope, __: Receive, ___: Send) -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize(
    ("app", "word"),
    [
        (broken_off, "incomplete"),
        (called_off, "failed"),
        (streaming(TOKEN, 2 * SLOW, TOKEN), "stalled"),
        (streaming(b"event: error\ndata: {}\n\n"), "failed"),
        (answering(503), "503"),
    ],
)
def test_what_went_wrong_is_one_word(app: ASGIApp, word: str) -> None:
    with collector() as there, impatient(traces=Traces(there.url)) as wk, contextlib.suppress(asyncio.CancelledError):
        exchange(wk, app)
    (span,) = there.spans
    assert span.status.code == Status.STATUS_CODE_ERROR
    assert attributes(span.attributes)["error.type"] == word


def test_a_client_that_gave_up_waiting() -> None:
    async def scenario(wk: Wk) -> None:
        client = Exchange()
        asked = asyncio.ensure_future(client.run(wk.asgi(streaming(2 * QUICK, TOKEN))))
        await asyncio.sleep(1.5 * QUICK)
        client.leaves.set()
        await asked

    with collector() as there, impatient(traces=Traces(there.url)) as wk:
        asyncio.run(scenario(wk))
    (span,) = there.spans
    assert attributes(span.attributes)["error.type"] == "left"


def test_a_stream_is_one_span_to_its_last_piece(bench: Bench) -> None:
    @bench.wk.traced("pieces", {"intent.type": "chat"})
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            bench.wk.logger("api").info("piece")
            yield b"data: x\n\n"

    async def item() -> StreamingResponse:
        return StreamingResponse(pieces(), media_type="text/event-stream")

    assert bench.ask(item).text == "data: x\n\n" * 3
    server = bench.server()
    within = bench.there.named("pieces")
    assert within.parent_span_id == server.span_id
    assert attributes(within.attributes) == {"intent.type": "chat"}
    assert [line["span_id"] for line in bench.lines()] == [within.span_id.hex()] * 3
    assert attributes(server.attributes)["http.response.body.size"] == 27


def test_steps_of_every_kind_belong_to_their_request(bench: Bench) -> None:
    wk = bench.wk

    async def item() -> None:
        engine = wk.database(create_async_engine("sqlite+aiosqlite:///:memory:"))
        cache = wk.redis(FakeAsyncRedis())
        async with engine.begin() as connection:
            await connection.execute(text("CREATE TABLE notes (body TEXT)"))
            await connection.execute(text("INSERT INTO notes VALUES ('secret')"))
            await connection.execute(text("select body FROM notes where body = :body"), {"body": "x"})
            with pytest.raises(OperationalError):
                await connection.execute(text("SELECT * FROM nowhere"))
        await engine.dispose()
        await cache.set("user_context:42", "x")
        await cache.get("user_context:42")
        await cache.get("plain")
        await cache.aclose()
        async with wk.module("test-bench", "generate_tests"):
            wk.logger("modules").info("within")
        async with wk.module("observatory"):
            wk.degraded("observatory")

    bench.ask(item)
    server = bench.server()
    names = {
        "DB CREATE notes",
        "DB INSERT notes",
        "DB SELECT notes",
        "DB SELECT nowhere",
        "CACHE SET user_context",
        "CACHE GET user_context",
        "CACHE GET -",
        "MODULE test-bench generate_tests",
        "MODULE observatory call",
    }
    assert {span.name for span in bench.there.spans} == {*names, server.name}
    steps = {span.name: span for span in bench.there.spans if span.name in names}
    assert {span.parent_span_id for span in steps.values()} == {server.span_id}
    assert {span.kind for span in steps.values()} == {Span.SPAN_KIND_CLIENT}
    facts = {name: attributes(span.attributes) for name, span in steps.items()}
    assert facts["DB INSERT notes"] == {
        "db.system.name": "sqlite",
        "db.query.text": "INSERT INTO notes VALUES (?)",
        "db.response.returned_rows": 1,
    }
    assert facts["DB SELECT nowhere"]["error.type"] == "OperationalError"
    assert facts["CACHE GET user_context"] == {"cache.hit": True}
    assert facts["CACHE GET -"] == {"cache.hit": False}
    assert facts["CACHE SET user_context"] == {}
    assert facts["MODULE observatory call"] == {"error.type": "degraded"}
    assert facts["MODULE test-bench generate_tests"] == {}
    (line,) = bench.lines()
    assert line["span_id"] == steps["MODULE test-bench generate_tests"].span_id.hex()


def test_statements_and_commands_outside_of_a_request_are_no_traces(bench: Bench) -> None:
    async def background() -> None:
        engine = bench.wk.database(create_async_engine("sqlite+aiosqlite:///:memory:"))
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
        await engine.dispose()
        cache = bench.wk.redis(FakeAsyncRedis())
        await cache.get("a:b")
        await cache.aclose()
        with bench.wk.span("job"):
            pass

    asyncio.run(background())
    bench.there.wait_for("job")
    assert [span.name for span in bench.there.spans] == ["job"]


MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-5",
    "content": [{"type": "text", "text": "hi"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 100, "cache_read_input_tokens": 11, "output_tokens": 20},
}


def test_model_calls(bench: Bench) -> None:
    with vendor() as there:
        there.plan(
            Reply(MESSAGE), Reply({"type": "error", "error": {"type": "api_error", "message": "no"}}, status=500)
        )

        async def item() -> str:
            asked = {"model": "claude-sonnet-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
            async with AsyncAnthropic(api_key="none", base_url=there.url, max_retries=0) as claude:
                bench.wk.llm(claude)
                await claude.messages.create(**asked)  # type: ignore[call-overload]
                try:
                    await claude.messages.create(**asked)  # type: ignore[call-overload]
                except InternalServerError:
                    return "degraded"
            return "fine"

        assert bench.ask(item).json() == "degraded"
    server = bench.server()
    good, bad = [span for span in bench.there.spans if span.name == "LLM anthropic claude-sonnet-5"]
    assert good.parent_span_id == bad.parent_span_id == server.span_id
    assert attributes(good.attributes) == {
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "claude-sonnet-5",
        "gen_ai.usage.input_tokens": 111,
        "gen_ai.usage.output_tokens": 20,
    }
    assert bad.status.code == Status.STATUS_CODE_ERROR
    assert attributes(bad.events[0].attributes)["exception.type"] == "anthropic.InternalServerError"


def test_a_service_that_is_called_hears_of_the_trace(bench: Bench) -> None:
    heard: list[httpx2.Request] = []

    def module(request: httpx2.Request) -> httpx2.Response:
        heard.append(request)
        if request.url.host == "observatory":
            return httpx2.Response(307, headers={"location": "http://elsewhere.example/"})
        return httpx2.Response(404)

    async def item() -> None:
        bench.wk.set_attributes({"user.id": "f" * 64, "session.id": "s"})
        transport = httpx2.MockTransport(module)
        async with httpx2.AsyncClient(transport=transport, follow_redirects=True) as client:
            await bench.wk.http(bench.wk.http(client)).get("http://observatory/observe?api_key=abc")
        with httpx2.Client(transport=transport) as plain:
            bench.wk.http(plain).get("http://observatory/", headers={"baggage": "mine=1"})

    bench.ask(item, headers={**PARENT, "x-correlation-id": "correlation-1"})
    server = bench.server()
    first, redirected, second = heard
    spans = [span for span in bench.there.spans if span.name == "HTTP GET observatory"]
    assert [span.parent_span_id for span in spans] == [server.span_id] * 2
    by_id = {span.span_id.hex(): span for span in spans}
    own = first.headers["traceparent"].split("-")
    assert own[1] == TRACE
    assert attributes(by_id[own[2]].attributes) == {
        "http.request.method": "GET",
        "server.address": "observatory",
        "url.full": "http://observatory/observe?api_key=****",
        "http.response.status_code": 404,
        "error.type": "404",
    }
    assert redirected.headers["traceparent"] == first.headers["traceparent"]
    assert first.headers["x-correlation-id"] == redirected.headers["x-correlation-id"] == "correlation-1"
    # without a key nobody has a pseudonym but who came as one
    assert first.headers["baggage"] == "user.id=" + "f" * 64
    assert "baggage" not in redirected.headers
    assert second.headers["baggage"] == "user.id=" + "f" * 64


def test_other_clients_ask_what_to_send(bench: Bench) -> None:
    wk = bench.wk
    assert wk.headers_for("observatory") == {}
    with wk.span("job") as span:
        span.set_attributes({"tenant.id": "a" * 64})
        assert set(wk.headers_for("observatory")) == {"traceparent", "baggage"}
        assert set(wk.headers_for("a.svc.cluster.local")) == {"traceparent", "baggage"}
        assert set(wk.headers_for("api.anthropic.com")) == {"traceparent"}
        assert set(wk.headers_for("observatory.evil.example")) == {"traceparent"}
        assert set(wk.headers_for("h", carriers=("b3", "jaeger", "unheard-of"))) == {
            "traceparent",
            "b3",
            "uber-trace-id",
        }


def test_functions_of_every_kind(bench: Bench) -> None:
    wk = bench.wk

    @wk.traced()
    def plain(value: int) -> int:
        return value

    @wk.traced("waits")
    async def waits(value: int) -> int:
        return value

    @wk.traced("makes")
    def makes(count: int) -> Iterator[int]:
        yield from range(count)

    assert plain(1) == 1
    assert asyncio.run(waits(2)) == 2
    assert list(makes(3)) == [0, 1, 2]
    assert plain.__name__ == "plain"
    name = "test_functions_of_every_kind.<locals>.plain"
    bench.there.wait_for(name, "waits", "makes")
    assert len({span.trace_id for span in bench.there.spans}) == 3


def test_a_generator_that_is_left_or_fails(bench: Bench) -> None:
    @bench.wk.traced("left")
    def left() -> Iterator[int]:
        yield 1
        yield 2

    @bench.wk.traced("fails")
    def fails() -> Iterator[int]:
        yield 1
        raise LookupError("no")

    @bench.wk.traced("fails later")
    async def fails_later() -> AsyncIterator[int]:
        yield 1
        raise LookupError("no")

    async def read() -> None:
        async for _ in fails_later():
            pass

    pieces = left()
    assert next(pieces) == 1
    pieces.close()  # type: ignore[attr-defined]
    with pytest.raises(LookupError):
        list(fails())
    with pytest.raises(LookupError):
        asyncio.run(read())
    bench.there.wait_for("left", "fails", "fails later")
    erroneous = {span.name for span in bench.there.spans if span.status.code == Status.STATUS_CODE_ERROR}
    assert erroneous == {"fails", "fails later"}


def test_a_block_that_is_called_off_is_no_error(bench: Bench) -> None:
    async def scenario() -> None:
        async def waiting() -> None:
            async with bench.wk.span("waiting"):
                await asyncio.Event().wait()

        task = asyncio.ensure_future(waiting())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())
    (span,) = bench.there.wait_for("waiting")
    assert not span.HasField("status")


def test_an_exception_that_was_got_over(bench: Bench) -> None:
    with bench.wk.span("outer") as span:
        span.record_exception(LookupError("no"))
    (found,) = bench.there.wait_for("outer")
    assert [event.name for event in found.events] == ["exception"]
    assert not found.HasField("status")


def test_limits_of_one_span(bench: Bench) -> None:
    with bench.wk.span("outer") as span:
        for number in range(200):
            span.set_attributes({f"a{number}": number})
            span.record_exception(LookupError())
        span.set_attributes({"a0": "changed"})
    (found,) = bench.there.wait_for("outer")
    assert (len(found.attributes), len(found.events)) == (128, 32)
    assert attributes(found.attributes)["a0"] == "changed"


def test_names_are_one_word_a_field(bench: Bench) -> None:
    with bench.wk.module("a b\nc", "x{y}"):
        pass
    with bench.wk.module("", ""):
        pass
    bench.there.wait_for("MODULE a_b_c x{y}", "MODULE unknown unknown")
