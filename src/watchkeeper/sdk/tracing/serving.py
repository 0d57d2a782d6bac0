"""The span of a request: what came in with it, and what is known of it when it ends."""

from collections.abc import Iterable, Mapping

from watchkeeper.sdk.outcome import Ending, Outcome
from watchkeeper.sdk.requests import Request, Requests, Scope, endpoint_of
from watchkeeper.sdk.tracing.headers import CARRIED
from watchkeeper.sdk.tracing.sampling import ROUTE, STATUS
from watchkeeper.sdk.tracing.spans import Span
from watchkeeper.sdk.tracing.tracer import Tracer

Headers = Iterable[tuple[bytes, bytes]]

_ENDINGS = {Ending.LEFT: "left", Ending.CUT: "incomplete"}
_LONGEST_NUMBER = 18
_WANTED = frozenset({b"host", b"user-agent", b"content-length"})
_CARRIED = frozenset(name.encode("ascii") for name in CARRIED)


def begin(tracer: Tracer, headers: Headers) -> Span:
    """The local root of the request's trace."""
    given = {name.lower(): value for name, value in headers if name.lower() in _CARRIED}
    return tracer.serve({name.decode("ascii"): value.decode("latin-1") for name, value in given.items()})


def end(
    tracer: Tracer,
    span: Span,
    request: Request,
    *,
    requests: Requests,
    headers: Headers,
    error: BaseException | None,
) -> None:
    """An error is what the availability objective counts as bad: a client's own mistake is none. Only once."""
    if span.ended:
        return
    if tracer.sends:
        route, request_class = endpoint_of(request.scope), requests.class_of(request).name
        span.name = tracer.name("http-server", request.method, route)
        span.trace.request_class = request_class
        if request.outcome is Outcome.BAD:
            span.error = request.failed_by or _what(request)
        for name, value in _facts(request, headers, route, request_class).items():
            span.put(name, value)
    tracer.finish(span, error)


def _what(request: Request) -> str:
    if request.status is not None and request.status >= 500:
        return str(request.status)
    if request.stalled:
        return "stalled"
    return _ENDINGS.get(request.ending, "failed")


def _facts(request: Request, headers: Headers, route: str, request_class: str) -> Mapping[str, str | int]:
    sent = {name.lower(): value for name, value in headers if name.lower() in _WANTED}
    facts: dict[str, str | int | None] = {
        "http.request.method": request.method,
        ROUTE: route,
        STATUS: request.status,
        "url.full": _address(request.scope, _text(sent, b"host")),
        "user_agent.original": _text(sent, b"user-agent"),
        "http.request.body.size": _length(_text(sent, b"content-length")),
        "http.response.body.size": request.sent_bytes,
        "watchkeeper.request_class": request_class,
        "duration_ms": round(((request.ended or request.started) - request.started) * 1000),
    }
    return {name: value for name, value in facts.items() if value is not None and value != ""}


def _length(text: str) -> int | None:
    """A header is the client's word: digits, and not more of them than a 64-bit number has."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER else None


def _text(headers: Mapping[bytes, bytes], name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1")


def _address(scope: Scope, host: str) -> str:
    query = scope.get("query_string", b"")
    asked = f"?{query.decode('latin-1')}" if isinstance(query, bytes) and query else ""
    return f"{scope.get('scheme', 'http')}://{host}{scope.get('path', '')}{asked}"
