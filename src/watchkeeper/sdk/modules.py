"""Calls of integrated modules, as the caller sees them."""

import asyncio
import time
from contextvars import ContextVar
from types import TracebackType
from typing import Self

from watchkeeper.sdk.containment import contained
from watchkeeper.sdk.instruments import Counter, Histogram
from watchkeeper.sdk.outcome import Outcome
from watchkeeper.sdk.requests import CURRENT
from watchkeeper.sdk.tracing.scopes import SpanScope
from watchkeeper.sdk.tracing.spans import Kind
from watchkeeper.sdk.tracing.tracer import Tracer

_CALL: ContextVar["ModuleCall | None"] = ContextVar("watchkeeper_module_call", default=None)


class ModuleInstruments:
    """The metrics that every call of a module moves."""

    def __init__(self, total: Counter, duration: Histogram, tracer: Tracer) -> None:
        self.total = total
        self.duration = duration
        self.tracer = tracer

    def degraded(self, module: str) -> None:
        """An answer without the module's help is bad for it: the call in progress, or one that was never made."""
        call = _CALL.get()
        while call is not None and call.module != module:
            call = call.outer
        if call is not None:
            call.bad = True
        elif _is_news(module):
            self.total.add((module, Outcome.BAD.value))

    def internal_error(self, where: str) -> None:
        self.total.internal_error(where)


class ModuleCall:
    """`with` and `async with` around a call. An exception makes it bad, a cancellation excludes it; both pass."""

    def __init__(self, instruments: ModuleInstruments, module: str, operation: str) -> None:
        self.module = module
        self.bad = False
        self.outer: ModuleCall | None = None
        self._instruments = instruments
        self._operation = operation
        self._started = 0.0
        self._span: SpanScope | None = None

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end(kind, error)

    async def __aenter__(self) -> Self:
        self._begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end(kind, error)

    def internal_error(self, where: str) -> None:
        self._instruments.internal_error(where)

    @contained
    def _begin(self) -> None:
        self.outer = _CALL.get()
        _CALL.set(self)
        self._started = time.perf_counter()
        tracer = self._instruments.tracer
        name = tracer.name("module", str(self.module), str(self._operation))
        self._span = SpanScope(tracer, name, {}, Kind.CLIENT)
        self._span.__enter__()

    @contained
    def _end(self, kind: type[BaseException] | None, error: BaseException | None) -> None:
        _CALL.set(self.outer)
        if self._span is not None:
            if self.bad:
                self._span.fail("degraded")
            self._span.__exit__(kind, error, None)
        self._instruments.duration.record((self.module,), time.perf_counter() - self._started)
        outcome = self._outcome(kind)
        if outcome is Outcome.BAD:
            _is_news(self.module)
        self._instruments.total.add((self.module, outcome.value))

    def _outcome(self, kind: type[BaseException] | None) -> Outcome:
        if kind is not None and issubclass(kind, asyncio.CancelledError | GeneratorExit):
            return Outcome.EXCLUDED
        return Outcome.BAD if kind is not None or self.bad else Outcome.GOOD


def _is_news(module: str) -> bool:
    """Remember that this request met a bad module; False when it knew: a failed call that degrades is one event."""
    request = CURRENT.get()
    if request is None:
        return True
    known = module in request.bad_modules
    request.bad_modules.add(module)
    return not known
