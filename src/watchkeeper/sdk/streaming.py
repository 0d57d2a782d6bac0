"""A stream of pieces on its way to the client, watched before it becomes bytes."""

import time
from collections.abc import AsyncIterator
from typing import TypeVar

from watchkeeper.sdk.containment import attempt
from watchkeeper.sdk.requests import Request, Requests
from watchkeeper.sdk.sse import Scanner

T = TypeVar("T")

_FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")


class Usefulness:
    """Whether a piece is worth waiting for: not blank; of server-sent events, no ping, comment or farewell."""

    def __init__(self) -> None:
        self._scanner = Scanner()
        self._events = False

    def of(self, piece: object) -> bool:
        raw = piece.encode("utf-8", "replace") if isinstance(piece, str) else piece
        if not isinstance(raw, bytes):
            return piece is not None
        self._events = self._events or raw.startswith(_FIELDS)
        return self._scanner.feed(raw).useful if self._events else bool(raw.strip())


def marked(pieces: AsyncIterator[T], request: Request, requests: Requests) -> AsyncIterator[T]:
    """The same pieces; each useful one is noted as it goes out. Closing this closes the iterator within."""
    request.streamed = request.chosen = True
    return _noted(pieces, request, requests)


async def _noted(pieces: AsyncIterator[T], request: Request, requests: Requests) -> AsyncIterator[T]:
    usefulness = Usefulness()

    def note(piece: object) -> None:
        if usefulness.of(piece):
            request.useful(time.perf_counter(), requests.class_of(request).stall_seconds)

    try:
        async for piece in pieces:
            attempt(requests, "stream", lambda: note(piece), None)  # noqa: B023 - called before the next piece
            yield piece
    finally:
        close = getattr(pieces, "aclose", None)
        if close is not None:
            await close()
