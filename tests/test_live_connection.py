"""Failures of an engine become one kind of error each, with a sentence a person can act on."""

import base64
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from http_bench import Handler, serving
from watchkeeper.live import connection
from watchkeeper.live.connection import Connection, plain_text
from watchkeeper.live.errors import LiveError, Refused, Rejected, Unreachable, Unreadable
from watchkeeper.model.deployment import Credentials

Answer = Callable[[BaseHTTPRequestHandler], None]


def answer(status: int, body: bytes = b"") -> Answer:
    def send(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return send


class Engine:
    """A server that answers as it is told and remembers the credentials it saw."""

    def __init__(self) -> None:
        self.answer: Answer = answer(200, b"{}")
        self.authorizations: list[str | None] = []
        self.released = threading.Event()
        engine = self

        class Answering(Handler):
            def get(self) -> None:
                engine.authorizations.append(self.headers["Authorization"])
                engine.answer(self)

        self.handler = Answering
        self.url = ""


@pytest.fixture
def engine() -> Iterator[Engine]:
    running = Engine()
    with serving(running.handler) as running.url:
        yield running
        running.released.set()


def get(url: str, credentials: Credentials | None = None, timeout_seconds: float = 5.0) -> bytes:
    with Connection("Prometheus", url, credentials, timeout_seconds) as opened:
        return opened.get("/x", explain=plain_text)


def test_a_good_answer_is_its_body(engine: Engine) -> None:
    engine.answer = answer(200, b"hello")
    assert get(engine.url + "/") == b"hello"


def test_nobody_listening_is_unreachable(free_port: int) -> None:
    with pytest.raises(Unreachable, match=rf"^Prometheus at http://127.0.0.1:{free_port} cannot be reached: .+"):
        get(f"http://127.0.0.1:{free_port}")


def test_an_address_that_is_none_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="Prometheus"):
        get("http://[::1")


@pytest.mark.parametrize("url", ["localhost:9090", "ftp://127.0.0.1"])
def test_an_address_without_http_is_unreachable(url: str) -> None:
    with pytest.raises(Unreachable, match="Prometheus"):
        get(url)


def test_silence_ends_at_the_timeout(engine: Engine) -> None:
    engine.answer = lambda _: (engine.released.wait(10), None)[1]
    with pytest.raises(Unreachable, match=r"did not answer within 0\.2 s$"):
        get(engine.url, timeout_seconds=0.2)


def test_an_answer_in_drops_ends_at_the_timeout_too(engine: Engine) -> None:
    def drip(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        while not engine.released.wait(0.05):
            request.wfile.write(b".")

    engine.answer = drip
    with pytest.raises(Unreachable, match=r"did not answer within 0\.3 s$"):
        get(engine.url, timeout_seconds=0.3)


@pytest.mark.parametrize("status", [401, 403])
def test_wrong_credentials_are_refused(engine: Engine, status: int) -> None:
    engine.answer = answer(status, b"Unauthorized")
    with pytest.raises(Refused, match=rf"does not accept our credentials \(status {status}\)$"):
        get(engine.url)


@pytest.mark.parametrize("status", [500, 503, 302])
def test_an_engine_that_cannot_serve_refuses_and_says_why(engine: Engine, status: int) -> None:
    engine.answer = answer(status, b"Service\n  starting")
    with pytest.raises(Refused, match=r"cannot serve the request: Service starting$"):
        get(engine.url)


def test_a_wrong_request_is_rejected_with_the_reason(engine: Engine) -> None:
    engine.answer = answer(422, b"too many points")
    with pytest.raises(Rejected, match=r"^Prometheus rejected the request: too many points$"):
        get(engine.url)


def test_a_reason_that_is_missing_is_the_status(engine: Engine) -> None:
    engine.answer = answer(404)
    with pytest.raises(Rejected, match=r"rejected the request: status 404$"):
        get(engine.url)


def test_too_large_an_answer_is_rejected(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "ANSWER_LIMIT", 1024 * 1024)
    engine.answer = answer(200, b"x" * (1024 * 1024 + 1))
    with pytest.raises(Rejected, match=r"more than 1 MiB: ask for less$"):
        get(engine.url)


def test_a_foreign_answer_is_unreadable(engine: Engine) -> None:
    with Connection("Prometheus", engine.url, None, 5.0) as opened, pytest.raises(Unreadable, match="not its own"):
        opened.decode(b"<html>", int)


def test_the_password_is_read_at_every_request(engine: Engine, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    credentials = Credentials("watchkeeper", str(secret))
    with Connection("Prometheus", engine.url, credentials, 5.0) as opened:
        for password in ("first", "second\n"):
            secret.write_text(password)
            opened.get("/", explain=plain_text)
    expected = ["Basic " + base64.b64encode(f"watchkeeper:{word}".encode()).decode() for word in ("first", "second")]
    assert engine.authorizations == expected


def test_a_missing_password_file_is_named(engine: Engine, tmp_path: Path) -> None:
    missing = tmp_path / "gone"
    with pytest.raises(Refused, match=f"password file {missing} .* cannot be read: No such file"):
        get(engine.url, Credentials("watchkeeper", str(missing)))


def test_a_proxy_of_the_environment_is_not_asked(
    engine: Engine, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{free_port}")
    assert get(engine.url) == b"{}"


def test_every_failure_is_one_kind_and_knows_its_address() -> None:
    kinds: list[type[LiveError]] = [Unreachable, Refused, Rejected, Unreadable]
    for kind in kinds:
        error = kind("http://127.0.0.1:1", "why")
        assert isinstance(error, LiveError)
        assert (error.url, str(error)) == ("http://127.0.0.1:1", "why")
