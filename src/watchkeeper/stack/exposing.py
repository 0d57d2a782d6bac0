"""A port on loopback where a process of the stack shows its metrics, answered in threads of its own."""

import socketserver
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Literal
from urllib.parse import urlsplit

from watchkeeper.entry import Misuse

Page = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Sample:
    name: str
    kind: Literal["counter", "gauge", "untyped"]
    value: str
    labels: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        inner = ",".join(f'{name}="{_escaped(value)}"' for name, value in self.labels)
        return f"{self.name}{{{inner}}} {self.value}" if inner else f"{self.name} {self.value}"


def page(samples: Iterable[Sample]) -> str:
    """The Prometheus text format. Samples of one name must follow each other."""
    lines: list[str] = []
    named = ""
    for sample in samples:
        if sample.name != named:
            named = sample.name
            lines.append(f"# TYPE {named} {sample.kind}")
        lines.append(str(sample))
    return "\n".join(lines) + "\n"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def show(open_servers: ExitStack, port: int, shown: Page) -> None:
    """Until `open_servers` is closed. Raises Misuse when the port cannot be had."""
    try:
        server = open_servers.enter_context(MetricsServer(port, shown))
    except OSError as error:
        raise Misuse(f"port {port} cannot be used: {error.strerror}") from error
    threading.Thread(target=server.serve_forever, daemon=True).start()
    open_servers.callback(server.shutdown)


class MetricsServer(socketserver.ThreadingTCPServer):
    """Raises OSError when the port cannot be had."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int, shown: Page) -> None:
        self.shown = shown
        super().__init__(("127.0.0.1", port), _MetricsHandler)

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])


class _MetricsHandler(BaseHTTPRequestHandler):
    server: MetricsServer
    timeout = 5.0

    def do_GET(self) -> None:
        found = urlsplit(self.path).path == "/metrics"
        body = (self.server.shown() if found else "The metrics are at /metrics\n").encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        """A scrape every few seconds is not worth a line."""
