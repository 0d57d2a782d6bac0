"""The smallest HTTP client that can hang up whenever it likes: one connection a request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

import msgspec

_T = TypeVar("_T")
_LINE_LIMIT = 1 << 20


class BrokenAnswerError(ConnectionError):
    """The answer ended before it was complete."""


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    token: str = ""
    body: bytes = b""

    def encode(self) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
        if self.token:
            lines.append(f"Authorization: Bearer {self.token}")
        if self.body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(self.body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


@dataclass(slots=True)
class Answer:
    """Status and body; the body can be read once, in pieces as they arrive."""

    status: int
    _reader: asyncio.StreamReader
    _headers: dict[str, str]

    async def pieces(self) -> AsyncIterator[bytes]:
        if self._headers.get("transfer-encoding") == "chunked":
            while size := int(await self._line(), 16):
                yield (await self._reader.readexactly(size + 2))[:-2]
        elif length := int(self._headers.get("content-length", "0")):
            yield await self._reader.readexactly(length)

    async def whole(self) -> bytes:
        return b"".join([piece async for piece in self.pieces()])

    async def json(self, shape: type[_T]) -> _T:
        return msgspec.json.decode(await self.whole(), type=shape)

    async def _line(self) -> bytes:
        return await self._reader.readuntil(b"\r\n")


@dataclass(frozen=True, slots=True)
class Door:
    """The service's front door."""

    port: int

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncIterator[Answer]:
        """Raises ConnectionError for every way in which no complete answer comes. Leaving the block hangs up."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=_LINE_LIMIT)
        try:
            writer.write(request.encode())
            yield await _head(reader)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, msgspec.MsgspecError, ValueError) as error:
            raise BrokenAnswerError(str(error)) from error
        finally:
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()


async def _head(reader: asyncio.StreamReader) -> Answer:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return Answer(int(first.split(" ")[1]), reader, headers)
