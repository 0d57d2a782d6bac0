"""A copilot service that is watched, in one file: copy what you need.

    pip install watchkeeper fastapi uvicorn httpx2 anthropic redis fakeredis 'sqlalchemy[asyncio]' aiosqlite
    python instrumentation_example.py --check                  three requests to itself, then what was counted
    uvicorn --factory instrumentation_example:production       the service; /metrics on 127.0.0.1:9464

With OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 its spans go to the Collector there.
"""

import asyncio
import logging
import os
import sys
import time
from dataclasses import dataclass
from typing import Annotated, TextIO

import httpx2
from anthropic import AnthropicError, AsyncAnthropic
from fastapi import FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import watchkeeper
from watchkeeper import Traces, Watchkeeper
from watchkeeper.copilot import Instruments

Wk = Watchkeeper[Instruments]

MODEL = "claude-sonnet-5"
MODULE = "observatory"
CACHED_SECONDS = 900
CLASSES = {"POST /api/v1/conversations/{conversation_id}/messages": "complex"}
"""Routes that wait for a model; all others are `simple`."""


# --- 1. one init ----------------------------------------------------------------------------------


def watch(metrics_port: int | None = 9464, log_stream: TextIO | None = None, traces: Traces | None = None) -> Wk:
    """Metrics on a port of their own, JSON log lines on standard output, the lines of libraries among them.

    Spans go to a Collector when there is one; without it lines and calls still carry the ids of their trace.
    """
    wk = watchkeeper.init(
        Instruments,
        service="my-copilot",
        version="1.0.0",
        environment=os.environ.get("ENVIRONMENT", "development"),
        metrics_port=metrics_port,
        log_stream=log_stream,
        traces=traces,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[wk.log_handler()], force=True)
    return wk


# --- 2. what the service is built on, watched ------------------------------------------------------


@dataclass(frozen=True)
class Backends:
    engine: AsyncEngine
    cache: Redis
    claude: AsyncAnthropic
    module: httpx2.AsyncClient


def watched(wk: Wk, backends: Backends) -> Backends:
    """The same clients: the time of statements, commands of the cache, tokens and cost of model calls are counted.

    Each statement, command and call is a span of its request as well, and the module called becomes part of the trace.
    """

    async def database_answers() -> None:
        async with backends.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    wk.dependency("database", database_answers, every=5.0)
    return Backends(
        engine=wk.database(backends.engine),
        cache=wk.redis(backends.cache),
        claude=wk.llm(backends.claude),
        module=wk.http(backends.module),
    )


# --- 3. answering a question -----------------------------------------------------------------------


class Copilot:
    """Remember, ask a module, ask a model, remember again; each step says how it went."""

    def __init__(self, wk: Wk, backends: Backends) -> None:
        self.wk = wk
        self.on = backends
        self.log = wk.logger("copilot")

    async def begin(self) -> str:
        async with self.on.engine.begin() as connection:
            found = await connection.execute(text("INSERT INTO conversations DEFAULT VALUES RETURNING id"))
            conversation = found.scalar_one()
        self.wk.m.conversations_total.inc()
        return str(conversation)

    async def answer(self, conversation: str, question: str) -> str:
        started = time.perf_counter()
        known = await self.recall(conversation)
        finding = await self.observe(question)
        said = await self.on.claude.messages.create(
            model=MODEL,
            max_tokens=500,
            messages=[{"role": "user", "content": f"{known}\n{finding}\n{question}"}],
        )
        reply = "".join(block.text for block in said.content if block.type == "text")
        with self.wk.span("remember_answer", {"conversation.id": conversation}):
            await self.remember(conversation, question, reply)
        self.wk.m.messages_total.inc(intent="question")
        # what varies goes into fields: event and component are labels of a counter
        self.log.info(
            "message.answered",
            "A question was answered",
            intent="question",
            model=MODEL,
            duration_ms=round((time.perf_counter() - started) * 1000),
        )
        return reply

    async def recall(self, conversation: str) -> str:
        """From the cache when it has it. A cache that fails makes the answer slower, not wrong."""
        try:
            cached = await self.on.cache.get(f"context:{conversation}")
        except RedisError as error:
            self.log.warning("cache.failed", error=type(error).__name__)
            cached = None
        else:
            self.wk.m.cache_requests_total.inc(cache="context", outcome="miss" if cached is None else "hit")
        if cached is not None:
            return cached.decode() if isinstance(cached, bytes) else cached
        async with self.on.engine.connect() as connection:
            rows = await connection.execute(
                text("SELECT reply FROM messages WHERE conversation = :conversation"), {"conversation": conversation}
            )
            return "\n".join(row.reply for row in rows)

    async def remember(self, conversation: str, question: str, reply: str) -> None:
        async with self.on.engine.begin() as connection:
            await connection.execute(
                text("INSERT INTO messages (conversation, question, reply) VALUES (:conversation, :question, :reply)"),
                {"conversation": conversation, "question": question, "reply": reply},
            )
        try:
            await self.on.cache.set(f"context:{conversation}", reply, ex=CACHED_SECONDS)
        except RedisError as error:
            self.log.warning("cache.failed", error=type(error).__name__)

    async def observe(self, question: str) -> str:
        """Another service. Our ids go along; without its finding the answer is poorer: bad for the module."""
        try:
            async with self.wk.module(MODULE, "observe"):
                found = await self.on.module.post("/observe", json={"question": question})
                found.raise_for_status()
                return found.text
        except httpx2.HTTPError as error:
            self.log.warning("module.request.failed", module=MODULE, error=type(error).__name__)
            self.wk.degraded(MODULE)
            return ""


# --- 4. routes, and what failures look like from outside ---------------------------------------------


class Question(BaseModel):
    text: str = Field(min_length=1, max_length=8000)


def create_app(wk: Wk, backends: Backends) -> ASGIApp:
    """Serve what this returns: the wrap is the outermost layer, so that nothing a middleware does escapes it."""
    copilot = Copilot(wk, watched(wk, backends))
    app = FastAPI(title="my-copilot", telemetry={"tracing": False, "metrics": False, "logs": False})

    @app.post("/api/v1/conversations")
    async def begin() -> dict[str, str]:
        return {"id": await copilot.begin()}

    @app.post("/api/v1/conversations/{conversation_id}/messages")
    @wk.traced("process_user_query", {"intent.type": "question"})
    async def message(
        conversation_id: str, question: Question, x_user_id: Annotated[str, Header()] = "anonymous"
    ) -> dict[str, str]:
        wk.set_attributes(
            {"user.id": x_user_id, "conversation.id": conversation_id, "query.length": len(question.text)}
        )
        if not conversation_id.isdigit():
            raise HTTPException(404, "there is no such conversation")  # the user's own mistake: excluded
        return {"reply": await copilot.answer(conversation_id, question.text)}

    add_failures(app, wk)
    app.add_middleware(RequestLog, wk=wk)
    return wk.asgi(app, classes=CLASSES)


def add_failures(app: FastAPI, wk: Wk) -> None:
    """An exception nobody handles is logged and counted without this; here people get an answer, and we a name."""
    log = wk.logger("api")

    @app.exception_handler(AnthropicError)
    async def model_failed(_: Request, error: AnthropicError) -> JSONResponse:
        log.error("llm.request.failed", provider="anthropic", model=MODEL, error=type(error).__name__)
        wk.failed(dependency="anthropic")  # bad, whatever the status: a 429 of the provider's is our failure
        return JSONResponse({"detail": "the model does not answer"}, 502)

    @app.exception_handler(SQLAlchemyError)
    async def database_failed(_: Request, error: SQLAlchemyError) -> JSONResponse:
        log.exception("db.query.failed", error=type(error).__name__)
        wk.failed(dependency="database")
        return JSONResponse({"detail": "the database does not answer"}, 503)


class RequestLog:
    """A line for every answer. Not needed for metrics: the wrap counts and times by itself."""

    def __init__(self, app: ASGIApp, wk: Wk) -> None:
        self.app = app
        self.log = wk.logger("api")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            self.log.info(
                "request.completed",
                "A request was answered",
                http={"method": scope["method"], "path": route, "status": status},
                duration_ms=round((time.perf_counter() - started) * 1000),
            )


async def create_tables(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE IF NOT EXISTS conversations (id INTEGER PRIMARY KEY)"))
        await connection.execute(
            text("CREATE TABLE IF NOT EXISTS messages (conversation TEXT, question TEXT, reply TEXT)")
        )


def production() -> ASGIApp:
    """The real thing, for `uvicorn --factory`. The gateway decides which traces are kept; it sees the whole of them."""
    endpoint = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    traces = Traces(endpoint, tail="collector") if endpoint else None
    engine = create_async_engine(os.environ.get("DATABASE_URL", "sqlite+aiosqlite:///copilot.db"))
    asyncio.run(create_tables(engine))
    backends = Backends(
        engine=engine,
        cache=Redis.from_url(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379")),
        claude=AsyncAnthropic(),
        module=httpx2.AsyncClient(base_url=os.environ.get("OBSERVATORY_URL", "http://127.0.0.1:8081"), timeout=5.0),
    )
    return create_app(watch(traces=traces), backends)


# --- 5. try it without any of that --------------------------------------------------------------------


def pretended_model(request: httpx2.Request) -> httpx2.Response:
    """Answers like the provider; a question with `overload` in it meets a provider that is too busy."""
    if b"overload" in request.content:
        return httpx2.Response(529, json={"type": "error", "error": {"type": "overloaded_error", "message": "busy"}})
    return httpx2.Response(
        200,
        json={
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": MODEL,
            "content": [{"type": "text", "text": "It was the deploy at noon."}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 1000, "output_tokens": 100},
        },
    )


def pretended_module(_: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(503)


async def check(wk: Wk, questions: tuple[str, ...] = ("Why is it slow?", "Since when?", "overload")) -> str:
    """Serves itself with a database in memory, an imitation of Redis, a pretended model and a module that is down."""
    from fakeredis import FakeAsyncRedis

    engine = create_async_engine("sqlite+aiosqlite:///:memory:")
    await create_tables(engine)
    answers = httpx2.AsyncClient(transport=httpx2.MockTransport(pretended_model))
    backends = Backends(
        engine=engine,
        cache=FakeAsyncRedis(),
        claude=AsyncAnthropic(api_key="none", http_client=answers, max_retries=0),
        module=httpx2.AsyncClient(
            transport=httpx2.MockTransport(pretended_module), base_url="http://observatory.example"
        ),
    )
    app = create_app(wk, backends)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://copilot.example") as client:
        begun = (await client.post("/api/v1/conversations")).json()
        for question in questions:
            await client.post(f"/api/v1/conversations/{begun['id']}/messages", json={"text": question})
    page = wk.page().decode()
    await backends.cache.aclose()
    await engine.dispose()
    return page


def main() -> None:
    if sys.argv[1:] != ["--check"]:
        raise SystemExit(__doc__)
    wk = watch(metrics_port=None, log_stream=sys.stderr)
    page = asyncio.run(check(wk))
    wk.close()
    counted = (
        "sli_events_total",
        "http_requests_total",
        "llm_",
        "db_",
        "redis_",
        "cache_",
        "module_",
        "messages_total",
    )
    moved = (line for line in page.splitlines() if line.startswith(counted) and not line.endswith((" 0", " 0.0")))
    sys.stdout.writelines(f"{line}\n" for line in moved if "_bucket" not in line)


if __name__ == "__main__":
    main()
