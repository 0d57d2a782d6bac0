"""Reading a server-sent event stream from outside: has anything useful been said, and did it say that it failed?"""

import re
from dataclasses import dataclass

_SIGNS_OF_LIFE = {b"ping", b"heartbeat", b"keepalive", b"keep-alive"}
_NO_ANSWER = _SIGNS_OF_LIFE | {b"error", b"done", b"end"}
_EMPTY = {b"", b"{}", b"[]", b'""', b"null", b"[DONE]"}
_LIVENESS = re.compile(rb'"(?:type|event)"\s*:\s*"(?:ping|heartbeat|keep-?alive)"', re.IGNORECASE)
_MAX_LINE = 65536
"""A longer line is cut: its beginning says all we want to know."""


@dataclass(frozen=True, slots=True)
class News:
    """What a piece of the stream brought."""

    useful: bool = False
    error: bool = False


NOTHING = News()


class Scanner:
    """Fed with a response body piece by piece, as it is sent. Comments, pings and empty events are not an answer."""

    __slots__ = ("_event", "_payload", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._event = b""
        self._payload = False

    def feed(self, piece: bytes) -> News:
        useful = error = False
        for line in self._lines(piece):
            if line:
                self._field(line)
                continue
            error = error or self._event == b"error"
            useful = useful or (self._payload and self._event not in _NO_ANSWER)
            self._event, self._payload = b"", False
        return News(useful, error) if useful or error else NOTHING

    def _lines(self, piece: bytes) -> list[bytes]:
        lines = (self._rest + piece).split(b"\n")
        self._rest = lines.pop()[:_MAX_LINE]
        return [line.rstrip(b"\r") for line in lines]

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.strip()
        if name == b"event":
            self._event = value.lower()
        elif name == b"data" and not _says_nothing(value):
            self._payload = True


def _says_nothing(payload: bytes) -> bool:
    if payload in _EMPTY or payload.strip(b'"').lower() in _SIGNS_OF_LIFE:
        return True
    return len(payload) < 200 and _LIVENESS.search(payload) is not None
