"""The emulator as an ASGI application: two protocols, one ledger."""

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import msgspec
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from watchkeeper.demo.faults import Fault, Faults
from watchkeeper.demo.providers.anthropic import AnthropicWire
from watchkeeper.demo.providers.behaviour import (
    SLOW_SECONDS,
    SPIKE_FACTOR,
    Allowances,
    Pace,
    PromptCache,
    compose,
    fate_of,
    limited_tokens,
    pace_of,
)
from watchkeeper.demo.providers.call import Call, Fate, Refusal, Reply, Wire, refusal_for, request_id
from watchkeeper.demo.providers.ledger import Entry, Ledger
from watchkeeper.demo.providers.openai import OpenAIWire

WIRES: dict[str, Wire] = {"/anthropic/v1/messages": AnthropicWire(), "/openai/v1/chat/completions": OpenAIWire()}

_UNREADABLE_MODEL = "unknown"


@dataclass(slots=True)
class Emulator:
    """One ASGI application. Without faults, pace and dice of its own it behaves like a healthy provider."""

    ledger: Ledger
    faults: Callable[[], Faults] = Faults
    pace: Callable[[str], Pace] = pace_of
    weather: Callable[[Call, bool, Faults, random.Random], Fate] = fate_of
    dice: random.Random = field(default_factory=random.Random)
    cache: PromptCache = field(default_factory=PromptCache)
    allowances: Allowances = field(default_factory=Allowances)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError("run the emulator with lifespan off")
        exchange = _Exchange(scope, receive, send)
        wire = WIRES.get(scope["path"])
        if wire is not None and scope["method"] == "POST":
            await self._complete(wire, exchange)
        elif scope["path"] == "/health":
            await exchange.answer(200, b'{"status":"ok"}')
        elif scope["path"] == "/ledger":
            await exchange.answer(200, msgspec.json.encode({"models": list(self.ledger)}))
        else:
            await exchange.answer(404, b'{"error":"not found"}')

    async def _complete(self, wire: Wire, exchange: "_Exchange") -> None:
        body = await exchange.body()
        model = _UNREADABLE_MODEL
        try:
            if not exchange.has_key():
                raise Refusal(401, "missing api key")
            call = wire.parse(body)
            model = call.model
            fate = self._admit(call, exchange)
            if refusal := refusal_for(fate, call.provider):
                raise refusal
        except Refusal as refusal:
            await self._refuse(wire, exchange, refusal, model)
        else:
            await self._answer(wire, exchange, call, fate)

    def _admit(self, call: Call, exchange: "_Exchange") -> Fate:
        """How the call ends. One that its customer may not make now is refused, whatever the weather."""
        allowance = self.allowances.of(call.provider)
        if allowance.used_up:
            return Fate.RATE_LIMITED
        allowance.requests.take(1)
        return self._fate(call, exchange)

    def _fate(self, call: Call, exchange: "_Exchange") -> Fate:
        asked = exchange.headers.get("x-demo-fate")
        if asked is not None:
            return Fate(asked)
        return self.weather(call, exchange.is_retry(), self.faults(), self.dice)

    async def _refuse(self, wire: Wire, exchange: "_Exchange", refusal: Refusal, model: str) -> None:
        name = request_id("req", self.dice)
        self.ledger.add(Entry(name, wire.provider, model, refusal.status, stream=False))
        headers = {"request-id": name, "x-request-id": name}
        if refusal.status != 401:  # without a key there is no customer
            headers |= wire.limits(self.allowances.of(wire.provider))
        if refusal.status == 429:
            headers["retry-after-ms"] = "200"
        await exchange.answer(refusal.status, wire.refused(refusal, name), headers)

    async def _answer(self, wire: Wire, exchange: "_Exchange", call: Call, fate: Fate) -> None:
        faults = self.faults()
        first, whole = self.pace(call.model).throw(self.dice)
        if Fault.PROVIDER_SLOW in faults:
            first, whole = first + SLOW_SECONDS, whole + SLOW_SECONDS
        factor = SPIKE_FACTOR if Fault.COST_SPIKE in faults else 1
        reply = compose(call, self.cache, self.dice, factor=factor)
        allowance = self.allowances.of(call.provider)
        allowance.tokens.take(limited_tokens(reply.usage))
        exchange.promise({"request-id": reply.request_id, **wire.limits(allowance)})
        if call.stream:
            await asyncio.sleep(first)
            delivered = await _stream(wire, exchange, call, reply, fate, seconds=whole - first)
        else:
            await asyncio.sleep(whole)
            delivered = await _whole(wire, exchange, call, reply)
        entry = Entry(reply.request_id, call.provider, call.model, 200, call.stream, reply.usage, delivered)
        self.ledger.add(entry)


async def _whole(wire: Wire, exchange: "_Exchange", call: Call, reply: Reply) -> bool:
    if exchange.left():
        return False
    await exchange.answer(200, wire.whole(call, reply))
    return True


async def _stream(wire: Wire, exchange: "_Exchange", call: Call, reply: Reply, fate: Fate, *, seconds: float) -> bool:
    """Send the events at an even pace; whether the usage went out."""
    await exchange.begin({"content-type": "text/event-stream; charset=utf-8"})
    await exchange.send_piece(wire.opening(call, reply))
    pieces = _until_fate(reply, fate)
    for piece in pieces:
        await exchange.send_piece(wire.piece(call, reply, piece))
        await asyncio.sleep(seconds / len(reply.chunks))
        if exchange.left():
            return False
    if fate is Fate.CUT:
        return False
    if fate is Fate.HOLD:
        await exchange.until_left()
        return False
    for event in wire.closing(call, reply):
        await exchange.send_piece(event)
    await exchange.end()
    return call.says_usage


def _until_fate(reply: Reply, fate: Fate) -> Iterator[str]:
    whole = fate is Fate.ANSWER
    return iter(reply.chunks if whole else reply.chunks[: max(1, len(reply.chunks) // 3)])


class _Exchange:
    """One HTTP request and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.headers = Headers(scope=scope)
        self._receive = receive
        self._send = send
        self._leaving: asyncio.Task[None] | None = None
        self._promised: dict[str, str] = {}

    def promise(self, headers: dict[str, str]) -> None:
        """Headers that the answer will have, of whatever kind it is."""
        self._promised = headers

    def has_key(self) -> bool:
        return "x-api-key" in self.headers or "authorization" in self.headers

    def is_retry(self) -> bool:
        return self.headers.get("x-stainless-retry-count", "0") != "0"

    async def body(self) -> bytes:
        parts = bytearray()
        more = True
        while more:
            message = await self._receive()
            parts += message.get("body", b"")
            more = message.get("more_body", False)
        self._leaving = asyncio.ensure_future(self._watch())
        return bytes(parts)

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def left(self) -> bool:
        return self._leaving is not None and self._leaving.done()

    async def until_left(self) -> None:
        if self._leaving is not None:
            await self._leaving

    async def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        every = {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}
        await self._start(status, every)
        await self._send({"type": "http.response.body", "body": body})

    async def begin(self, headers: dict[str, str]) -> None:
        await self._start(200, headers)

    async def send_piece(self, body: bytes) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def end(self) -> None:
        await self._send({"type": "http.response.body", "body": b""})

    async def _start(self, status: int, headers: dict[str, str]) -> None:
        every = {**headers, **self._promised}
        raw = [(name.encode(), value.encode()) for name, value in every.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})
