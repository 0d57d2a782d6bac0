"""Clients of httpx: a span around each request, and the headers that make the service called part of the trace."""

import functools
import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import ParamSpec, TypeVar

from watchkeeper.sdk import correlation
from watchkeeper.sdk.containment import attempt, contained
from watchkeeper.sdk.requests import CURRENT
from watchkeeper.sdk.tracing.scopes import SpanScope
from watchkeeper.sdk.tracing.spans import Kind
from watchkeeper.sdk.tracing.tracer import Tracer

P = ParamSpec("P")
R = TypeVar("R")

_WRAPPED = "_watchkeeper_wrapped"
_PACKAGES = frozenset({"httpx", "httpx2"})
_BAGGAGE = "baggage"
_OURS = "watchkeeper.baggage"
"""Extension of a request: the baggage we gave it. It must not follow a redirect to a host that may not have it."""


class WebClients:
    """Stands in front of clients; also says what any other client has to send along."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def watch(self, client: object) -> None:
        """Stand in front of a client, in place and once. Raises TypeError for what is none."""
        send, hooks = getattr(client, "send", None), getattr(client, "event_hooks", None)
        packages = {kind.__module__.partition(".")[0] for kind in type(client).__mro__}
        if not callable(send) or not isinstance(hooks, dict) or _PACKAGES.isdisjoint(packages):
            raise TypeError(f"{type(client).__qualname__} is no client of httpx")
        own = vars(client)
        if _WRAPPED in own:
            return
        own[_WRAPPED] = True
        waits = inspect.iscoroutinefunction(send)
        own["send"] = self._sending_async(send) if waits else self._sending(send)
        hooks["request"].append(self._carry_async if waits else self._carry)
        client.event_hooks = hooks  # type: ignore[attr-defined]

    def headers_for(self, host: str, carriers: tuple[str, ...] = ()) -> dict[str, str]:
        """Of a call within the current request: its correlation id, the span that calls, baggage where it may go."""
        request = CURRENT.get()
        own = {correlation.HEADER.decode(): request.correlation_id} if request is not None else {}
        return {**own, **self._tracer.headers_for(host, carriers)}

    def internal_error(self, where: str) -> None:
        self._tracer.internal_error(f"http.{where.strip('_')}")

    def _sending(self, send: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(send)
        def sent(*args: P.args, **kwargs: P.kwargs) -> R:
            scope = self._scope(args, kwargs)
            if scope is None:
                return send(*args, **kwargs)
            with scope:
                response = send(*args, **kwargs)
                self._answered(scope, response)
                return response

        return sent

    def _sending_async(self, send: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
        @functools.wraps(send)
        async def sent(*args: P.args, **kwargs: P.kwargs) -> R:
            scope = self._scope(args, kwargs)
            if scope is None:
                return await send(*args, **kwargs)
            with scope:
                response = await send(*args, **kwargs)
                self._answered(scope, response)
                return response

        return sent

    def _scope(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> SpanScope | None:
        request = args[0] if args else kwargs.get("request")
        return attempt(self, "begin", lambda: self._begun(request), None)

    def _begun(self, request: object) -> SpanScope:
        method, host = str(getattr(request, "method", "")), _host(request)
        attributes = {
            "http.request.method": method,
            "server.address": host,
            "url.full": str(getattr(request, "url", "")),
        }
        return SpanScope(self._tracer, self._tracer.name("http-client", method, host), attributes, Kind.CLIENT)

    @contained
    def _answered(self, scope: SpanScope, response: object) -> None:
        status = getattr(response, "status_code", None)
        if isinstance(status, int):
            scope.set_attributes({"http.response.status_code": status})
            if status >= 400:
                scope.fail(str(status))

    @contained
    def _carry(self, request: object) -> None:
        headers, extensions = getattr(request, "headers", {}), getattr(request, "extensions", {})
        if headers.get(_BAGGAGE) == extensions.pop(_OURS, ""):
            headers.pop(_BAGGAGE, None)
        own = self.headers_for(_host(request))
        headers.update(own)
        if _BAGGAGE in own:
            extensions[_OURS] = own[_BAGGAGE]

    async def _carry_async(self, request: object) -> None:
        self._carry(request)


def _host(request: object) -> str:
    return str(getattr(getattr(request, "url", None), "host", ""))
