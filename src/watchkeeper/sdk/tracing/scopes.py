"""Spans that the service itself makes: around a block, or around each call of a function."""

import asyncio
import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import ParamSpec, Self, TypeVar, cast

from watchkeeper.sdk.containment import contained
from watchkeeper.sdk.tracing.spans import CURRENT_SPAN, Kind, Span
from watchkeeper.sdk.tracing.tracer import Tracer, record_exception

P = ParamSpec("P")
R = TypeVar("R")
_FAREWELLS = asyncio.CancelledError | GeneratorExit
"""Somebody wants no more; that is no error of the step."""


class SpanScope:
    """`with` and `async with` around a step. An exception makes the span an erroneous one, and passes."""

    def __init__(self, tracer: Tracer, name: str, attributes: Mapping[str, object], kind: Kind = Kind.INTERNAL) -> None:
        self._tracer = tracer
        self._name = name
        self._attributes = attributes
        self._kind = kind
        self._span: Span | None = None
        self._outer: Span | None = None

    def __enter__(self) -> Self:
        self.begin()
        self._enter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()
        self.end(error)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    @contained
    def set_attributes(self, attributes: Mapping[str, object]) -> None:
        """Note what is known of the step: names as the definitions have them, values texts, numbers, truths."""
        put_all(self._span, attributes)

    @contained
    def record_exception(self, error: BaseException) -> None:
        """Note an exception that the step got over; it does not make the span an erroneous one."""
        if self._span is not None:
            record_exception(self._span, error)

    @contained
    def fail(self, error: str) -> None:
        """The step failed without an exception; `error` is a short fixed word, such as a status."""
        if self._span is not None:
            self._span.error = error

    def internal_error(self, where: str) -> None:
        self._tracer.internal_error(where)

    @contained
    def begin(self) -> None:
        self._span = self._tracer.start(self._name, self._kind)
        put_all(self._span, self._attributes)

    @contained
    def end(self, error: BaseException | None) -> None:
        if self._span is not None:
            self._tracer.finish(self._span, None if isinstance(error, _FAREWELLS) else error)

    @contextmanager
    def current(self) -> Generator[None]:
        """What runs in here belongs to the span: one step of a generator."""
        self._enter()
        try:
            yield
        finally:
            self._leave()

    @contained
    def _enter(self) -> None:
        self._outer = CURRENT_SPAN.get()
        CURRENT_SPAN.set(self._span or self._outer)

    @contained
    def _leave(self) -> None:
        CURRENT_SPAN.set(self._outer)


def put_all(span: Span | None, attributes: Mapping[str, object]) -> None:
    if span is not None:
        for name, value in attributes.items():
            span.put(str(name), value)


def traced(function: Callable[P, R], scope: Callable[[], SpanScope]) -> Callable[P, R]:
    """The function, each of whose calls is a span: until it returns, or its generator ends."""
    if inspect.isasyncgenfunction(function):
        return cast("Callable[P, R]", _async_generator(function, scope))
    if inspect.isgeneratorfunction(function):
        return cast("Callable[P, R]", _generator(function, scope))
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def awaited(*args: P.args, **kwargs: P.kwargs) -> object:
            with scope():
                return await function(*args, **kwargs)

        return cast("Callable[P, R]", awaited)

    @functools.wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        with scope():
            return function(*args, **kwargs)

    return called


def _generator(
    function: Callable[P, Generator[object, object, object]], scope: Callable[[], SpanScope]
) -> Callable[P, Generator[object, object, object]]:
    """The span is current while a piece is made, never while somebody else has it."""

    @functools.wraps(function)
    def stepped(*args: P.args, **kwargs: P.kwargs) -> Generator[object, object, object]:
        span = scope()
        span.begin()
        pieces, sent = function(*args, **kwargs), None
        try:
            while True:
                with span.current():
                    piece = pieces.send(sent)
                sent = yield piece
        except StopIteration as end:
            span.end(None)
            return end.value
        except BaseException as error:
            pieces.close()
            span.end(error)
            raise

    return stepped


def _async_generator(
    function: Callable[P, AsyncGenerator[object, object]], scope: Callable[[], SpanScope]
) -> Callable[P, AsyncGenerator[object, object]]:
    """As for a generator."""

    @functools.wraps(function)
    async def stepped(*args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[object, object]:
        span = scope()
        span.begin()
        pieces, sent = function(*args, **kwargs), None
        try:
            while True:
                with span.current():
                    piece = await pieces.asend(sent)
                sent = yield piece
        except StopAsyncIteration:
            span.end(None)
        except BaseException as error:
            await pieces.aclose()
            span.end(error)
            raise

    return stepped
