"""Readiness: each kind of check against a real listener that is there, absent, silent or wrong."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from watchkeeper.stack import ready
from watchkeeper.stack.ready import Http, Listening, Lives

Answer = Callable[[bytes], bytes]


@asynccontextmanager
async def _server(answer: Answer) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # one that only looks whether somebody listens sends nothing
        with contextlib.suppress(asyncio.IncompleteReadError):
            writer.write(answer(await reader.readuntil(b"\r\n\r\n")))
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def _asked(answer: Answer, *, password: Path | None = None) -> bool:
    async def ask() -> bool:
        async with _server(answer) as port:
            return await Http(port, "/health", password).holds(0.0)

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("answer", "is_ready"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", True),
        (b"HTTP/1.0 200 OK\r\n\r\n", True),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", False),
        (b"HTTP/1.1 401 Unauthorized\r\n\r\n", False),
        (b"HTTP/1.1 what\r\n\r\n", False),
        (b"", False),
        (b"SSH-2.0-OpenSSH\r\n", False),
    ],
)
def test_http_is_ready_on_200_and_nothing_else(answer: bytes, is_ready: bool) -> None:
    assert _asked(lambda _: answer) is is_ready


def test_http_asks_for_its_path_by_the_address_that_host_checks_accept() -> None:
    requests: list[bytes] = []

    def answer(request: bytes) -> bytes:
        requests.append(request)
        return b"HTTP/1.1 200 OK\r\n\r\n"

    assert _asked(answer)
    lines = requests[0].decode().splitlines()
    assert lines[0] == "GET /health HTTP/1.1"
    assert lines[1].startswith("Host: 127.0.0.1:")
    assert not any(line.startswith("Authorization") for line in lines)


def test_http_logs_in_with_the_password_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret")
    expected = b"Authorization: Basic " + base64.b64encode(b"watchkeeper:s3cret") + b"\r\n"

    def answer(request: bytes) -> bytes:
        return b"HTTP/1.1 200 OK\r\n\r\n" if expected in request else b"HTTP/1.1 401 Unauthorized\r\n\r\n"

    assert _asked(answer, password=tmp_path / "password")
    assert not _asked(answer)


def test_http_is_not_ready_where_nobody_listens(free_port: int) -> None:
    assert not asyncio.run(Http(free_port, "/health").holds(0.0))


def test_one_that_accepts_and_never_answers_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready, "_ANSWER_SECONDS", 0.05)

    async def ask() -> tuple[bool, bool]:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()
            await writer.wait_closed()

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            return await Http(port, "/health").holds(0.0), await Listening((port,)).holds(0.0)

    # it listens, which is all that `Listening` asks
    assert asyncio.run(ask()) == (False, True)


def test_listening_wants_every_port(free_port: int) -> None:
    async def ask() -> tuple[bool, bool]:
        async with _server(lambda _: b"") as port:
            return await Listening((port,)).holds(0.0), await Listening((port, free_port)).holds(0.0)

    assert asyncio.run(ask()) == (True, False)


def test_lives_is_a_matter_of_age() -> None:
    assert not asyncio.run(Lives(0.3).holds(0.29))
    assert asyncio.run(Lives(0.3).holds(0.3))
