# ruff: noqa: ARG001 - every ASGI application takes three arguments
"""Requests without a server: an exchange that a test plays, message by message, and a policy it can wait for."""

import asyncio
import io
import re
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sdk_bench import Wk, internal_errors, of, watched
from watchkeeper import Traces
from watchkeeper.copilot import Instruments
from watchkeeper.sdk.asgi import ASGIApp, Message, Receive, Send
from watchkeeper.sdk.policy import Objective, Policy, RequestClass
from watchkeeper.sdk.requests import Scope

QUICK, SLOW = 0.25, 0.6


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


@contextmanager
def impatient(log: io.StringIO | None = None, traces: Traces | None = None) -> Iterator[Wk]:
    with watched(log, instruments=Impatient, traces=traces) as process:
        yield process
    assert internal_errors(process) == {}


TOKEN = b'data: {"text":"hi"}\n\n'
PING = b"event: ping\ndata: {}\n\n: comment\n\n"


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


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - metrics announce nothing
            await asyncio.sleep(0.005)
