"""The outermost layer of a service: one pure ASGI wrap that sees every request from its first to its last byte."""

import asyncio
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, MutableMapping

from watchkeeper.sdk import correlation
from watchkeeper.sdk.containment import Contains
from watchkeeper.sdk.outcome import Ending
from watchkeeper.sdk.requests import CURRENT, Request, Requests, Scope
from watchkeeper.sdk.sse import Scanner
from watchkeeper.sdk.tracing import serving
from watchkeeper.sdk.tracing.spans import CURRENT_SPAN
from watchkeeper.sdk.tracing.tracer import Tracer

Message = MutableMapping[str, object]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
OnLoop = Callable[[asyncio.AbstractEventLoop], None]
_SEEN = "watchkeeper.seen"
"""Marks a request that an outer wrap counts already: an application that is wrapped twice counts once."""
Raised = Callable[[BaseException], None]


class Instrumented:
    """An ASGI application whose requests are counted. Messages pass through at once and in order, never buffered."""

    def __init__(
        self,
        app: ASGIApp,
        requests: Requests,
        tracer: Tracer,
        owner: Contains,
        *,
        on_loop: OnLoop,
        raised: Raised,
    ) -> None:
        self.app = app
        self._requests = requests
        self._tracer = tracer
        self._owner = owner
        self._on_loop = on_loop
        self._raised = raised

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = self._begin(scope, receive, send)
        if exchange is None:
            await self.app(scope, receive, send)
            return
        outer, outer_span = CURRENT.get(), CURRENT_SPAN.get()
        CURRENT.set(exchange.request)
        CURRENT_SPAN.set(exchange.span)
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except BaseException as error:
            exchange.end(Ending.RAISED, error)
            if isinstance(error, Exception) and exchange.request.ending is not Ending.LEFT:
                self._raised(error)
            raise
        else:
            exchange.end(Ending.CUT)
        finally:
            CURRENT.set(outer)
            CURRENT_SPAN.set(outer_span)

    def _begin(self, scope: Scope, receive: Receive, send: Send) -> "Exchange | None":
        try:
            loop = _running_loop()
            if loop is not None:
                self._on_loop(loop)
            if scope["type"] != "http" or _SEEN in scope:
                return None
            scope[_SEEN] = True
            return Exchange(
                scope, receive, send, requests=self._requests, tracer=self._tracer, owner=self._owner, loop=loop
            )
        except Exception:  # noqa: BLE001 - the edge of the SDK: a request that cannot be counted is still answered
            self._owner.internal_error("asgi.begin")
            return None


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class Exchange:
    """One request between server and application."""

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        requests: Requests,
        tracer: Tracer,
        owner: Contains,
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        self._headers = _headers(scope)
        self.request = Request(scope, correlation.accepted(self._headers) or correlation.new_id())
        self.span = serving.begin(tracer, self._headers)
        self._error: BaseException | None = None
        """What the service was handling when it began to answer with a 5xx."""
        self._send = send
        self._requests = requests
        self._tracer = tracer
        self._owner = owner
        self._loop = loop
        self._client = Client(receive, self._left)
        self._scanner: Scanner | None = None
        self._answered = False
        self._stall_timer: asyncio.TimerHandle | None = None
        self._watch_timer = loop.call_later(requests.shortest_threshold, self._client.watch) if loop else None
        requests.begin()

    async def receive(self) -> Message:
        return await self._client.receive()

    async def send(self, message: Message) -> None:
        try:
            message = self._sending(message)
        except Exception:  # noqa: BLE001 - the edge of the SDK: the message goes out whatever happens to us
            self._owner.internal_error("asgi.send")
        try:
            await self._send(message)
        except OSError:
            self._answered = False
            self._left()
            raise
        if self._answered:
            self.end(Ending.COMPLETE)

    def end(self, ending: Ending, error: BaseException | None = None) -> None:
        """The first call counts; never raises."""
        try:
            self._client.close()
            for timer in (self._watch_timer, self._stall_timer):
                if timer is not None:
                    timer.cancel()
            self._requests.end(self.request, ending)
        except Exception:  # noqa: BLE001 - the edge of the SDK
            self._owner.internal_error("asgi.end")
        try:
            serving.end(
                self._tracer,
                self.span,
                self.request,
                requests=self._requests,
                headers=self._headers,
                error=error or self._error,
            )
        except Exception:  # noqa: BLE001 - the edge of the SDK
            self._owner.internal_error("asgi.span")
        self._error = None

    def _left(self) -> None:
        """The client closed the connection. What it saw until now is what counts."""
        if not self._answered and self.request.ended is None and self.request.ending is Ending.COMPLETE:
            self.request.ending = Ending.LEFT
            self._settle()

    def _settle(self) -> None:
        try:
            self._requests.settle(self.request)
        except Exception:  # noqa: BLE001 - the edge of the SDK
            self._owner.internal_error("asgi.settle")

    def _sending(self, message: Message) -> Message:
        if message["type"] == "http.response.start":
            return self._starting(message)
        if message["type"] == "http.response.body":
            self._answered = not message.get("more_body", False)
            self._body(message)
        return message

    def _starting(self, message: Message) -> Message:
        request = self.request
        status, headers = message.get("status"), _headers(message)
        request.status = status if isinstance(status, int) else None
        request.began = time.perf_counter()
        if request.status is not None and request.status >= 500:
            self._error = sys.exception()
        names = {name.lower(): value for name, value in headers}
        if names.get(b"content-type", b"").lower().startswith(b"text/event-stream") and request.method != "HEAD":
            request.streamed = True
            self._scanner = Scanner()
        if request.streamed:
            self._await_token(self._requests.class_of(request).stall_seconds)
        if correlation.HEADER in names:
            return message
        own = (correlation.HEADER, request.correlation_id.encode("ascii"))
        given = message.get("headers", ())
        return {**message, "headers": [*(given if isinstance(given, Iterable) else ()), own]}

    def _body(self, message: Message) -> None:
        body = message.get("body")
        if not isinstance(body, bytes):
            return
        self.request.sent_bytes += len(body)
        if self._scanner is None:
            return
        news = self._scanner.feed(body)
        if news.error:
            self.request.failed = True
        if news.useful and not self.request.chosen:
            self.request.useful(time.perf_counter(), self._requests.class_of(self.request).stall_seconds)

    def _await_token(self, seconds: float) -> None:
        if self._loop is not None:
            self._stall_timer = self._loop.call_later(seconds, self._check_silence)

    def _check_silence(self) -> None:
        """A stream that hangs is counted when its patience is over, not when somebody ends it at last."""
        patience = self._requests.class_of(self.request).stall_seconds
        quiet = self.request.silence(time.perf_counter(), patience)
        if self.request.stalled:
            self._settle()
        elif self.request.ended is None:
            self._await_token(max(patience - quiet, 0.0) + 0.001)


class Client:
    """The client's side of an exchange: its messages on their way to the application, and whether it is still there.

    An application that is busy does not ask whether anybody still waits. After a while we ask in its place, and hand on
    what we heard when it asks itself.
    """

    def __init__(self, receive: Receive, left: Callable[[], None]) -> None:
        self._receive = receive
        self._left = left
        self._held: deque[Message] = deque()
        self._heard = asyncio.Event()
        self._asking = 0
        self._watcher: asyncio.Task[None] | None = None

    async def receive(self) -> Message:
        """The next message for the application."""
        while not self._held and self._watcher is not None and not self._watcher.done():
            self._heard.clear()
            await self._heard.wait()
        if self._held:
            return self._held.popleft()
        return await self._ask()

    def watch(self) -> None:
        """Start listening for the client's departure, unless the application listens itself."""
        if not self._asking:
            self._watcher = asyncio.ensure_future(self._listen())
            self._watcher.add_done_callback(lambda _: self._heard.set())

    def close(self) -> None:
        if self._watcher is not None and not self._watcher.done():
            self._watcher.cancel()

    async def _listen(self) -> None:
        message: Message = {}
        while message.get("type") != "http.disconnect" and not message.get("more_body", False):
            try:
                message = await self._ask()
            except Exception:  # noqa: BLE001 - the application meets the same error when it asks itself
                return
            self._held.append(message)
            self._heard.set()

    async def _ask(self) -> Message:
        self._asking += 1
        try:
            message = await self._receive()
        finally:
            self._asking -= 1
        if message.get("type") == "http.disconnect":
            self._left()
        return message


def _headers(message: MutableMapping[str, object]) -> list[tuple[bytes, bytes]]:
    """The headers of a scope or message that are pairs of bytes."""
    headers = message.get("headers", ())
    pairs = (tuple(pair) for pair in headers) if isinstance(headers, list | tuple) else ()
    return [(pair[0], pair[1]) for pair in pairs if len(pair) == 2 and all(isinstance(part, bytes) for part in pair)]
