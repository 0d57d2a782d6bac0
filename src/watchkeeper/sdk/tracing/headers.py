"""Headers that carry a trace: W3C Trace Context, B3 in one header or several, Jaeger's, and baggage.

https://www.w3.org/TR/trace-context/, https://github.com/openzipkin/b3-propagation,
https://www.jaegertracing.io/docs/1.76/client-libraries/#propagation-format
"""

import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote, unquote

from watchkeeper.sdk.tracing.spans import Remote, Span

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")
_TRACESTATE = re.compile(r"[\x20-\x7e]{1,512}")
_HEX = re.compile(r"[0-9a-fA-F]{1,32}")
_B3_TRACE = re.compile(r"[0-9a-fA-F]{16}(?:[0-9a-fA-F]{16})?")
_B3_SPAN = re.compile(r"[0-9a-fA-F]{16}")
_SAMPLED = "01"
"""The decision falls when the trace ends; until then everybody is to record it."""

Headers = Mapping[str, str]
"""Names in lower case."""


def _ids(trace: str, span: str, state: str = "") -> Remote | None:
    found = Remote(int(trace, 16), int(span, 16), state)
    return found if found.trace_id and found.span_id else None


def _w3c(headers: Headers) -> Remote | None:
    match = _TRACEPARENT.fullmatch(headers.get("traceparent", "").strip())
    if match is None or match[1] == "ff" or (match[1] == "00" and match[4]):
        return None
    state = headers.get("tracestate", "").strip()
    return _ids(match[2], match[3], state if _TRACESTATE.fullmatch(state) else "")


def _b3(headers: Headers) -> Remote | None:
    single = headers.get("b3", "").split("-")
    trace, span = single[:2] if len(single) > 1 else (headers.get("x-b3-traceid", ""), headers.get("x-b3-spanid", ""))
    return _ids(trace, span) if _B3_TRACE.fullmatch(trace) and _B3_SPAN.fullmatch(span) else None


def _jaeger(headers: Headers) -> Remote | None:
    parts = unquote(headers.get("uber-trace-id", "")).split(":")
    if len(parts) != 4 or not all(map(_HEX.fullmatch, parts[:2])) or len(parts[1]) > 16:
        return None
    return _ids(parts[0], parts[1])


_READERS: dict[str, Callable[[Headers], Remote | None]] = {"w3c": _w3c, "b3": _b3, "jaeger": _jaeger}
CARRIED = frozenset(
    ("traceparent", "tracestate", "b3", "x-b3-traceid", "x-b3-spanid", "uber-trace-id"),
)
"""Headers that tell of a caller's span."""


def extract(headers: Headers, carriers: tuple[str, ...]) -> Remote | None:
    """The caller's span in the first of the formats that tells of one; None where none does, or only nonsense."""
    return next((found for carrier in carriers if (found := _READERS[carrier](headers)) is not None), None)


def inject(span: Span, carriers: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The headers that make this span the parent of what is called."""
    trace, own = f"{span.trace.id:032x}", f"{span.id:016x}"
    for carrier in carriers:
        if carrier == "w3c":
            yield "traceparent", f"00-{trace}-{own}-{_SAMPLED}"
            if span.trace.state:
                yield "tracestate", span.trace.state
        elif carrier == "b3":
            yield "b3", f"{trace}-{own}-1"
        elif carrier == "jaeger":
            yield "uber-trace-id", f"{trace}:{own}:0:1"


def baggage(members: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """https://www.w3.org/TR/baggage/"""
    if members:
        yield "baggage", ",".join(f"{name}={quote(value, safe='')}" for name, value in members.items())
