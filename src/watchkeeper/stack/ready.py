"""When a process counts as ready: one small class per kind of check, each a single cheap question."""

import asyncio
import base64
import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

USERNAME = "watchkeeper"
_ANSWER_SECONDS = 2.0


class Ready(Protocol):
    async def holds(self, age: float) -> bool:
        """Whether a process that has lived for `age` seconds is ready now."""
        ...


@dataclass(frozen=True, slots=True)
class Http:
    """A GET on loopback is answered with 200."""

    port: int
    path: str
    password: Path | None = None

    async def holds(self, age: float) -> bool:  # noqa: ARG002 - the protocol's
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                return await self._status() == 200
        except (OSError, TimeoutError, ValueError):
            return False

    async def _status(self) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(self._request().encode())
            line = await reader.readline()
        finally:
            await _close(writer)
        return int(line.split()[1]) if line.startswith(b"HTTP/1.") else 0

    def _request(self) -> str:
        login = f"Authorization: Basic {self._login()}\r\n" if self.password else ""
        return f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nConnection: close\r\n{login}\r\n"

    def _login(self) -> str:
        password = self.password.read_text() if self.password else ""
        return base64.b64encode(f"{USERNAME}:{password}".encode()).decode()


@dataclass(frozen=True, slots=True)
class Listening:
    """Every port accepts a connection."""

    ports: tuple[int, ...]

    async def holds(self, age: float) -> bool:  # noqa: ARG002 - the protocol's
        return all([await _accepts(port) for port in self.ports])


@dataclass(frozen=True, slots=True)
class Lives:
    """It has not ended for so long: all that can be said of a process that answers nothing."""

    seconds: float = 0.3

    async def holds(self, age: float) -> bool:
        return age >= self.seconds


async def _accepts(port: int) -> bool:
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
    except (OSError, TimeoutError):
        return False
    await _close(writer)
    return True


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
