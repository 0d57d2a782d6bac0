"""Begins and ends spans. Each belongs to the innermost one of the code that runs; a request's is the outermost."""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import zip_longest
from typing import Protocol

from watchkeeper.sdk.instruments import Registry
from watchkeeper.sdk.logs import formatted, shown
from watchkeeper.sdk.tracing import headers as wire
from watchkeeper.sdk.tracing.export import Tail
from watchkeeper.sdk.tracing.policy import TracePolicy
from watchkeeper.sdk.tracing.sampling import Sampler
from watchkeeper.sdk.tracing.scrubbing import MASK, Scrubber
from watchkeeper.sdk.tracing.spans import (
    CURRENT_SPAN,
    MOST_EVENTS,
    MOST_SPANS,
    Event,
    Kind,
    Span,
    Trace,
    Value,
    new_span,
    new_trace,
)

_LONGEST_WORD = 120
_FIELD = re.compile(r"\{[a-z_]+\}")


class Sink(Protocol):
    """Takes the spans that are kept."""

    def submit(self, spans: Iterable[Span]) -> None: ...


class Tracer:
    """The spans of one process."""

    def __init__(self, policy: TracePolicy, environment: str, registry: Registry) -> None:
        self._policy = policy
        self._registry = registry
        self._patterns = {kind: _FIELD.split(pattern) for kind, pattern in policy.names}
        self._sampler = Sampler(policy, environment)
        self._scrubber = Scrubber(policy.scrubbing, None)
        self._sink: Sink | None = None
        self._tail: Tail = "local"
        self.name = lru_cache(1024)(self._name)

    def send(self, sink: Sink, tail: Tail, scrubber: Scrubber) -> None:
        """From now on kept spans go there."""
        self._sink = sink
        self._tail = tail
        self._scrubber = scrubber

    def internal_error(self, where: str) -> None:
        self._registry.internal_error(f"traces.{where.strip('_')}")

    def _name(self, kind: str, *words: str) -> str:
        """`DB SELECT conversations` of `database`, `SELECT`, `conversations`: the pattern's fields in their order."""
        clean = ["_".join(word.split())[:_LONGEST_WORD] or "unknown" for word in words]
        between = self._patterns.get(kind)
        if between is None:
            return " ".join((kind, *clean))
        return "".join(part for pair in zip_longest(between, clean, fillvalue="") for part in pair)

    def serve(self, given: Mapping[str, str]) -> Span:
        """The span of a request that came with these of the headers that carry a trace. The caller makes it current."""
        remote = wire.extract(given, self._policy.propagation.extract) if given else None
        trace = new_trace(remote)
        trace.root = new_span(trace, "HTTP", Kind.SERVER, remote.span_id if remote is not None else 0)
        return trace.root

    def start(self, name: str, kind: Kind = Kind.INTERNAL) -> Span:
        """A span within the current one; where there is none, the root of a trace of its own."""
        parent = CURRENT_SPAN.get()
        if parent is not None:
            return new_span(parent.trace, name, kind, parent.id)
        trace = new_trace(None)
        trace.root = new_span(trace, name, kind, 0)
        return trace.root

    def step(self, name: Callable[[], str]) -> Span | None:
        """A call of something that is no trace by itself: None outside of any span, and then it needs no name."""
        return self.start(name(), Kind.CLIENT) if CURRENT_SPAN.get() is not None else None

    def finish(self, span: Span, error: BaseException | None = None) -> None:
        """The span is over; with its trace's local root the trace is kept or dropped. Only the first call counts."""
        if span.ended:
            return
        if error is not None:
            span.error = span.error or type(error).__qualname__
            record_exception(span, error)
        span.ended = max(time.time_ns(), span.started)
        trace = span.trace
        if span.error:
            span.put("error.type", span.error)
            trace.erroneous = True
        if self._sink is None or trace.kept is False:
            return
        if len(trace.waiting) >= MOST_SPANS and span is not trace.root:
            trace.lost += 1
        else:
            trace.waiting.append(span)
        if span is trace.root:
            trace.kept = self._tail == "collector" or self._sampler.keeps(trace, span)
        if trace.kept is not None:
            self._hand_on(trace, self._sink)

    @property
    def sends(self) -> bool:
        """Whether anybody will see a span; attributes are for those who do."""
        return self._sink is not None

    def headers_for(self, host: str, carriers: tuple[str, ...] = ()) -> dict[str, str]:
        """What a call of this host carries, beside the usual in the formats asked for by name.

        Baggage goes only where the definitions allow it, as pseudonyms, and not at all without a key for them.
        """
        span = CURRENT_SPAN.get()
        if span is None:
            return {}
        propagation = self._policy.propagation
        asked = tuple(carrier for carrier in propagation.inject_on_request if carrier in carriers)
        found = dict(wire.inject(span, (*propagation.inject, *asked)))
        if any(fnmatchcase(host.lower(), allowed) for allowed in propagation.baggage_hosts):
            found |= wire.baggage(self._people(span))
        return found

    def _people(self, span: Span) -> dict[str, str]:
        """Who the request is for, as the span says or the whole request's."""
        root = span.trace.root
        known = {**(root.attributes if root is not None else {}), **span.attributes}
        keys = [key for key in self._policy.propagation.baggage_keys if key in known]
        named = {key: self._scrubber.pseudonym(str(known[key])) for key in keys}
        return {key: value for key, value in named.items() if value != MASK}

    def _hand_on(self, trace: Trace, sink: Sink) -> None:
        ended = []
        while trace.waiting:
            try:
                ended.append(trace.waiting.popleft())
            except IndexError:  # a thread that ends a span of the same trace was faster
                break
        if trace.kept and ended:
            sink.submit(ended)
        if trace.kept and trace.lost:
            self._registry.dropped("traces", "overflow", trace.lost)
            trace.lost = 0


def record_exception(span: Span, error: BaseException) -> None:
    """https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-spans/"""
    if len(span.events) >= MOST_EVENTS:
        return
    kind = type(error)
    text = shown(error)
    span.message = span.message or text
    facts: dict[str, Value] = {
        "exception.type": f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins."),
        "exception.message": text,
        "exception.stacktrace": formatted(error),
    }
    span.events.append(Event("exception", time.time_ns(), facts))
