"""The inbox over HTTP: doors for senders, a page and a small API for readers."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from watchkeeper.inbox import smtp
from watchkeeper.inbox.guard import Guard
from watchkeeper.inbox.incidents import incidents
from watchkeeper.inbox.keyring import SlackAddress
from watchkeeper.inbox.message import Kind, Reply
from watchkeeper.inbox.reception import Reception
from watchkeeper.inbox.store import utc_now

KEPT_BYTES = 4 * 1024 * 1024
"""Of a body this much is looked at; every door's own limit is at most this."""

READ_SECONDS = 10.0
LIST_LIMIT = 1000
PAGE_LIMIT = 200

_STATIC = Path(__file__).parent / "static"


class Heartbeat(msgspec.Struct, frozen=True):
    last_seen: datetime | None
    silent_seconds: float
    alarmed: bool


class Health(msgspec.Struct, frozen=True):
    status: str
    started: datetime
    newest: int
    deadman: Heartbeat


def create(reception: Reception, mail: socket.socket | None = None) -> Starlette:
    """`mail` is bound already, so that a taken port is said before anything runs; None for no mail server."""
    return Inbox(reception, mail).application()


class Inbox:
    """Endpoints; all they know is in `reception` and its store."""

    def __init__(self, reception: Reception, mail: socket.socket | None) -> None:
        self._reception = reception
        self._mail = mail
        self._store = reception.store
        self._started = utc_now()

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self.page),
                Route("/static/{name}", self.static),
                Route("/health", self.health),
                Route("/api/messages", self.messages),
                Route("/api/incidents", self.incidents),
                Route("/pagerduty/v2/enqueue", self.pagerduty, methods=["POST"]),
                Route("/slack/services/{team}/{service}/{secret}", self.slack, methods=["POST"]),
                Route("/webhook/{secret}", self.webhook, methods=["POST"]),
                Route("/deadman/{token}", self.deadman, methods=["POST"]),
            ],
            middleware=[Middleware(Guard)],
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        watching = asyncio.create_task(self._reception.watch())
        async with AsyncExitStack() as doors:
            if self._mail is not None:
                await doors.enter_async_context(smtp.serving(self._reception, self._mail))
            yield
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching

    async def pagerduty(self, request: Request) -> Response:
        body = await _body(request)
        return _response(await self._forged(request, "pagerduty", body) or await self._reception.pagerduty(body))

    async def slack(self, request: Request) -> Response:
        body = await _body(request)
        parts = request.path_params
        address = SlackAddress(parts["team"], parts["service"], parts["secret"])
        content_type = request.headers.get("content-type", "")
        forged = await self._forged(request, "slack", body)
        return _response(forged or await self._reception.slack(address, content_type, body))

    async def webhook(self, request: Request) -> Response:
        body = await _body(request)
        forged = await self._forged(request, "webhook", body)
        return _response(forged or await self._reception.webhook(request.path_params["secret"], body))

    async def deadman(self, request: Request) -> Response:
        body = await _body(request)
        forged = await self._forged(request, "deadman", body)
        return _response(forged or await self._reception.heartbeat(request.path_params["token"], body))

    async def messages(self, request: Request) -> Response:
        query = request.query_params
        try:
            kind = Kind(query["kind"]) if query.get("kind") else None
            since, limit = int(query.get("since", 0)), int(query.get("limit", 100))
        except ValueError:
            allowed = ", ".join(Kind)
            return PlainTextResponse(f"kind must be one of {allowed}; since and limit must be whole numbers\n", 400)
        return _json(self._store.select(kind=kind, since=since, limit=max(1, min(limit, LIST_LIMIT))))

    async def incidents(self, _: Request) -> Response:
        return _json(incidents(self._store.messages()))

    async def health(self, _: Request) -> Response:
        return _json(Health("ok", self._started, self._store.newest, self._heartbeat()))

    async def page(self, _: Request) -> Response:
        # the template engine is loaded when somebody looks, not when the process must be up
        from watchkeeper.inbox.page import render

        shown = self._store.select(limit=PAGE_LIMIT)
        found = incidents(self._store.messages())
        return HTMLResponse(await asyncio.to_thread(render, shown, found, self._reception.deadman.state))

    async def static(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in {"inbox.css", "inbox.js"}:
            return PlainTextResponse("Not found\n", 404)
        return FileResponse(_STATIC / name)

    async def _forged(self, request: Request, door: str, body: bytes) -> Reply | None:
        """Senders of pages are no browsers: whatever carries an Origin comes from a web page."""
        origin = request.headers.get("origin")
        if origin is None:
            return None
        return await self._reception.refuse(door, 403, f"sent by a web page ({origin[:200]})", body)

    def _heartbeat(self) -> Heartbeat:
        deadman = self._reception.deadman
        return Heartbeat(deadman.state.last_seen, round(deadman.silent_seconds, 1), deadman.state.alarmed)


async def _body(request: Request) -> bytes:
    """The body, cut one byte beyond what is looked at. A sender that stops in the middle is not waited for."""
    kept = bytearray()
    with suppress(TimeoutError, ClientDisconnect):
        async with asyncio.timeout(READ_SECONDS):
            async for chunk in request.stream():
                kept += chunk[: KEPT_BYTES + 1 - len(kept)]
    return bytes(kept)


def _response(reply: Reply) -> Response:
    return Response(reply.body, reply.status, media_type=reply.media_type)


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
