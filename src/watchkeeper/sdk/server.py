"""The metrics port: a small HTTP server on a thread and event loop of its own, so no request waits for a scrape."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from watchkeeper.sdk.exposition import Format, negotiate
from watchkeeper.sdk.scrape import SCRAPES, Scrape

Page = Callable[[Scrape, Format], bytes]

MAX_CONNECTIONS = 32
PATIENCE = 5.0
"""Seconds in which a client must have sent its request, and again in which it must have read the answer."""
_MAX_HEADER = 16384
_START_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Response:
    status: str
    content_type: str
    body: bytes

    @property
    def wire(self) -> bytes:
        head = (
            f"HTTP/1.1 {self.status}\r\nContent-Type: {self.content_type}\r\nContent-Length: {len(self.body)}\r\n"
            "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
        )
        return head.encode("ascii") + self.body


def _plain(status: str, text: str) -> Response:
    return Response(status, "text/plain; charset=utf-8", text.encode())


def answer(request: bytes, page: Page) -> Response:
    """The response to a request's head."""
    line, _, rest = request.decode("latin-1").partition("\r\n")
    method, _, target = line.partition(" ")
    url = urlsplit(target.partition(" ")[0])
    if method not in {"GET", "HEAD"}:
        return _plain("405 Method Not Allowed", "only GET\n")
    if url.path != "/metrics":
        return _plain("404 Not Found", "metrics are at /metrics\n")
    wanted = parse_qs(url.query).get("scrape", ["all"])[-1]
    scrape = next((known for known in SCRAPES if known == wanted), None)
    if scrape is None:
        return _plain("400 Bad Request", f"scrape is one of {', '.join(SCRAPES)}\n")
    format_ = negotiate(_header(rest, "accept"))
    response = Response("200 OK", format_.value, page(scrape, format_))
    return response if method == "GET" else Response(response.status, response.content_type, b"")


def _header(lines: str, wanted: str) -> str:
    fields = (line.partition(":") for line in lines.split("\r\n"))
    return next((value.strip() for name, _, value in fields if name.strip().lower() == wanted), "")


class MetricsServer:
    """Serves `/metrics` until it is closed. Starting it raises OSError when the address cannot be had."""

    def __init__(self, page: Page, host: str, port: int, failed: Callable[[], None]) -> None:
        self._page = page
        self._address = host, port
        self._failed = failed
        self._open = 0
        self._started = threading.Event()
        self._error: OSError | OverflowError | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="watchkeeper-metrics", daemon=True)
        self.port = port

    def start(self) -> None:
        self._thread.start()
        self._started.wait(_START_PATIENCE)
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        loop, stop = self._loop, self._stop
        if loop is not None and stop is not None and self._thread.is_alive():
            loop.call_soon_threadsafe(stop.set)
            self._thread.join(PATIENCE)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        try:
            server = await asyncio.start_server(self._connected, *self._address, limit=_MAX_HEADER)
            self.port = int(server.sockets[0].getsockname()[1])
        except (OSError, OverflowError) as error:
            self._error = error
            return
        finally:
            self._started.set()
        async with server:
            await self._stop.wait()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= MAX_CONNECTIONS:
                await self._converse(reader, writer)
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # a client that is slow, gone or talks nonsense has only itself to blame
        except Exception:  # noqa: BLE001 - the edge of the SDK: the next scrape must find us alive
            self._failed()
        finally:
            self._open -= 1
            writer.transport.abort() if writer.transport.get_write_buffer_size() else writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(PATIENCE):
            request = await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(request, self._page).wire)
        async with asyncio.timeout(PATIENCE):
            await writer.drain()
            writer.write_eof()
            await reader.read(1)
