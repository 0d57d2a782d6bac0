"""Streams of the official clients, watched from inside: the object stays what it is, only its iterator is ours."""

import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Self

from watchkeeper.sdk.llm.calls import Call

Wanted = Callable[[object], bool]
"""False for a piece that we asked for and the caller did not."""


class WatchedIterator:
    """Hands on each piece as it comes."""

    __slots__ = ("_call", "_inner", "_wanted")

    def __init__(self, inner: Iterator[object], call: Call, wanted: Wanted) -> None:
        self._inner = inner
        self._call = call
        self._wanted = wanted

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> object:
        while True:
            try:
                piece = next(self._inner)
            except StopIteration:
                self._call.exhausted()
                raise
            except BaseException as error:
                self._call.failed(error)
                raise
            self._call.event(piece)
            if self._wanted(piece):
                return piece

    def __del__(self) -> None:
        self._call.left()


class WatchedAsyncIterator:
    """Hands on each piece as it comes."""

    __slots__ = ("_call", "_inner", "_wanted")

    def __init__(self, inner: AsyncIterator[object], call: Call, wanted: Wanted) -> None:
        self._inner = inner
        self._call = call
        self._wanted = wanted

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> object:
        while True:
            try:
                piece = await anext(self._inner)
            except StopAsyncIteration:
                self._call.exhausted()
                raise
            except BaseException as error:
                self._call.failed(error)
                raise
            self._call.event(piece)
            if self._wanted(piece):
                return piece

    def __del__(self) -> None:
        self._call.left()


def watch(stream: object, call: Call, wanted: Wanted) -> bool:
    """Watch a stream of one of the official clients, of either kind; False when it is none.

    What we hang on it refers back to it weakly: a stream that is dropped closes its connection at once.
    """
    inner: object = getattr(stream, "_iterator", None)
    if isinstance(inner, AsyncIterator):
        _replace(stream, WatchedAsyncIterator(inner, call, wanted), _async_close(weakref.ref(stream), call))
    elif isinstance(inner, Iterator):
        _replace(stream, WatchedIterator(inner, call, wanted), _close(weakref.ref(stream), call))
    else:
        return False
    return True


def _replace(stream: object, iterator: object, close: object) -> None:
    vars(stream).update({"_iterator": iterator, "close": close})


def _close(stream: "weakref.ref[object]", call: Call) -> Callable[[], None]:
    def close() -> None:
        call.left()
        alive = stream()
        if alive is not None:
            type(alive).close(alive)  # type: ignore[attr-defined] # the vendors' streams have it

    return close


def _async_close(stream: "weakref.ref[object]", call: Call) -> Callable[[], Awaitable[None]]:
    async def close() -> None:
        call.left()
        alive = stream()
        if alive is not None:
            await type(alive).close(alive)  # type: ignore[attr-defined] # the vendors' streams have it

    return close
