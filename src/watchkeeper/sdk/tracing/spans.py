"""A step of a request, and the trace of which it is one. Nothing here formats, masks or encodes: most are dropped."""

import time
from collections import deque
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import IntEnum

from watchkeeper.sdk.forks import RANDOM

Value = str | bool | int | float

CURRENT_SPAN: ContextVar["Span | None"] = ContextVar("watchkeeper_span", default=None)
"""The innermost span of the running code."""

MOST_SPANS = 1000
"""Of one trace that wait for its end."""
MOST_ATTRIBUTES = 128
MOST_EVENTS = 32


class Kind(IntEnum):
    """Numbers of OTLP's `Span.SpanKind`."""

    INTERNAL = 1
    SERVER = 2
    CLIENT = 3


@dataclass(frozen=True, slots=True)
class Event:
    """Something at one moment of a span."""

    name: str
    unix_nanoseconds: int
    attributes: dict[str, Value]


@dataclass(frozen=True, slots=True)
class Remote:
    """The span that called us, as its headers say."""

    trace_id: int
    span_id: int
    state: str = ""
    """W3C `tracestate`, handed on as it came."""


@dataclass(slots=True)
class Trace:
    """What this process does for one trace: its local root, and the spans that end before it."""

    id: int
    state: str = ""
    root: "Span | None" = None
    request_class: str = ""
    erroneous: bool = False
    """Any span ended with an error."""
    lost: int = 0
    """Spans that found no room."""
    kept: bool | None = None
    """None until the local root ends."""
    waiting: "deque[Span]" = field(default_factory=deque)
    """Ended, and not handed on."""


@dataclass(slots=True)
class Span:
    """One step. It ends once."""

    trace: Trace
    name: str
    kind: Kind
    id: int
    parent_id: int
    """0: it has none."""
    started: int
    """Nanoseconds since 1970, as `ended`."""
    ended: int = 0
    error: str = ""
    """Type of what went wrong; empty while nothing did."""
    message: str = ""
    attributes: dict[str, Value] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return (self.ended - self.started) / 1e9

    def put(self, name: str, value: object) -> None:
        """Note an attribute; what is no number is a text. Beyond so many, no more."""
        if len(self.attributes) < MOST_ATTRIBUTES or name in self.attributes:
            self.attributes[name] = value if type(value) in {str, bool, int, float} else str(value)  # type: ignore[assignment]


def new_trace(remote: Remote | None) -> Trace:
    """The trace that the caller is part of, else a new one."""
    if remote is not None:
        return Trace(remote.trace_id, remote.state)
    return Trace(RANDOM.getrandbits(128) or 1)


def new_span(trace: Trace, name: str, kind: Kind, parent_id: int) -> Span:
    return Span(trace, name, kind, RANDOM.getrandbits(64) or 1, parent_id, time.time_ns())
