"""The probe against services that answer well, badly, slowly, or not at all; and as a process."""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest

from http_bench import Handler, serving
from watchkeeper.entry import Misuse
from watchkeeper.stack.exposing import MetricsServer
from watchkeeper.stack.probe import (
    Config,
    Front,
    ProbeFailed,
    Prober,
    Results,
    converse,
    exposition,
    main,
    read,
)

Answer = tuple[int, bytes]
GOOD: dict[str, Answer] = {
    "/api/v1/login": (200, b'{"token": "t-1"}'),
    "/api/v1/conversations": (201, b'{"id": "c/1"}'),
    "/api/v1/conversations/c%2F1/messages": (200, b'{"reply": "yes", "intent": "chat"}'),
}


class Service:
    """A copilot service reduced to its answers; remembers what it was asked."""

    def __init__(self) -> None:
        self.answers = dict(GOOD)
        self.asked: list[tuple[str, str | None, str | None, str | None, object]] = []
        self.before: Callable[[BaseHTTPRequestHandler], None] = lambda _: None
        self.released = threading.Event()
        service = self

        class Answering(Handler):
            protocol_version = "HTTP/1.1"

            def post(self) -> None:
                body = json.loads(self.body())
                headers = self.headers
                seen = (headers["Authorization"], headers["X-Watchkeeper-Probe"], headers["User-Agent"])
                service.asked.append((self.path, *seen, body))
                service.before(self)
                status, content = service.answers[self.path]
                self.reply(content, status)

        self.handler = Answering
        self.url = ""


@pytest.fixture
def service() -> Iterator[Service]:
    running = Service()
    with serving(running.handler) as running.url:
        yield running
        running.released.set()


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "probe"
    path.write_text("s3cret")
    return path


def config(url: str, secret: Path, *, port: int = 0, every: float = 5.0, timeout: float = 4.0) -> Config:
    return Config("llm-copilot-agent", "demo", url, port, str(secret), every, timeout)


def until(happened: Callable[[], bool], seconds: float = 10.0) -> None:
    """Poll another thread or process: it offers no way to be told."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "did not happen in time"


def test_it_logs_in_begins_a_conversation_and_says_something(service: Service, secret: Path) -> None:
    converse(config(service.url, secret), Front())
    agent = "watchkeeper-probe (llm-copilot-agent, demo)"
    assert service.asked == [
        ("/api/v1/login", None, "s3cret", agent, {"user": "probe"}),
        ("/api/v1/conversations", "Bearer t-1", "s3cret", agent, {}),
        ("/api/v1/conversations/c%2F1/messages", "Bearer t-1", "s3cret", agent, {"text": "Are you there?"}),
    ]


def test_a_path_in_the_address_is_kept(service: Service, secret: Path) -> None:
    service.answers = {f"/copilot{path}": answer for path, answer in GOOD.items()}
    converse(config(service.url + "/copilot", secret), Front())
    assert service.asked[0][0] == "/copilot/api/v1/login"


def test_a_number_is_an_id_too(service: Service, secret: Path) -> None:
    service.answers["/api/v1/conversations"] = (201, b'{"id": 7}')
    service.answers["/api/v1/conversations/7/messages"] = GOOD["/api/v1/conversations/c%2F1/messages"]
    converse(config(service.url, secret), Front())


@pytest.mark.parametrize(
    ("path", "answer", "reason"),
    [
        ("/api/v1/login", (500, b"{}"), "login: status 500"),
        ("/api/v1/login", (302, b"{}"), "login: status 302"),
        ("/api/v1/login", (200, b"<html>"), "login: the answer is no JSON object"),
        ("/api/v1/login", (200, b"[" * 100_000), "login: the answer is no JSON object"),
        ("/api/v1/login", (200, b'{"token": ""}'), "login: the answer has no 'token'"),
        ("/api/v1/conversations", (200, b'{"token": "t"}'), "conversation: the answer has no 'id'"),
        ("/api/v1/conversations", (200, b'{"id": [1]}'), "conversation: the answer has no 'id'"),
        ("/api/v1/conversations/c%2F1/messages", (503, b"{}"), "message: status 503"),
        ("/api/v1/conversations/c%2F1/messages", (200, b'{"reply": " "}'), "message: the answer has no 'reply'"),
    ],
)
def test_a_bad_answer_names_its_step(service: Service, secret: Path, path: str, answer: Answer, reason: str) -> None:
    service.answers[path] = answer
    with pytest.raises(ProbeFailed) as failure:
        converse(config(service.url, secret), Front())
    assert str(failure.value) == reason


def test_a_token_that_fits_no_header_is_a_failure_of_the_service(service: Service, secret: Path) -> None:
    service.answers["/api/v1/login"] = (200, b'{"token": "a\\nb"}')
    with pytest.raises(ProbeFailed, match=r"^conversation: Invalid header value"):
        converse(config(service.url, secret), Front())


def test_nobody_listening_fails_at_once(secret: Path, free_port: int) -> None:
    with pytest.raises(ProbeFailed, match=r"^login: .*Connection refused"):
        converse(config(f"http://127.0.0.1:{free_port}", secret), Front())


def test_a_missing_secret_is_named(service: Service, tmp_path: Path) -> None:
    with pytest.raises(ProbeFailed, match=r"^secret file .*/gone cannot be read: No such file or directory$"):
        converse(config(service.url, tmp_path / "gone"), Front())
    assert service.asked == []


def test_silence_ends_at_the_timeout(service: Service, secret: Path) -> None:
    service.before = lambda _: (service.released.wait(10), None)[1]
    began = time.monotonic()
    with pytest.raises(ProbeFailed, match=r"^login: no answer within 0\.3 s$"):
        converse(config(service.url, secret, timeout=0.3), Front())
    assert time.monotonic() - began < 2


def test_the_timeout_is_for_the_whole_conversation(service: Service, secret: Path) -> None:
    def slow(_: BaseHTTPRequestHandler) -> None:
        service.released.wait(0.25)

    service.before = slow
    with pytest.raises(ProbeFailed, match=r"^conversation: no answer within 0\.4 s$"):
        converse(config(service.url, secret, timeout=0.4), Front())
    assert len(service.asked) == 2


def test_an_answer_byte_by_byte_does_not_hold_the_probe(service: Service, secret: Path) -> None:
    def drip(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not service.released.wait(0.05):
            request.wfile.write(b"{")

    service.before = drip
    began = time.monotonic()
    with pytest.raises(ProbeFailed, match=r"^login: no answer within 0\.4 s$"):
        converse(config(service.url, secret, timeout=0.4), Front())
    assert time.monotonic() - began < 2


def test_before_the_first_attempt_has_ended_nothing_is_claimed() -> None:
    assert exposition(Results(), overdue=False) == (
        "# TYPE probe_attempts_total counter\n"
        'probe_attempts_total{outcome="success"} 0\n'
        'probe_attempts_total{outcome="failure"} 0\n'
    )


def test_the_exposition_of_a_success_and_of_a_failure(secret: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = iter(["", "login: status 500", "login: status 500"])

    def attempt(*_: object) -> None:
        if reason := next(outcomes):
            raise ProbeFailed(reason)

    prober = Prober(config("http://127.0.0.1", secret), attempt)
    prober.once()
    assert "probe_success 1\n" in exposition(prober.results, overdue=prober.overdue())
    prober.once()
    prober.once()
    lines = exposition(prober.results, overdue=prober.overdue()).splitlines()
    assert 'probe_attempts_total{outcome="success"} 1' in lines
    assert 'probe_attempts_total{outcome="failure"} 2' in lines
    assert "probe_success 0" in lines
    (ended,) = (line for line in lines if line.startswith("probe_last_attempt_timestamp_seconds "))
    assert abs(float(ended.split()[1]) - time.time()) < 60
    assert [line.startswith("# TYPE") for line in lines].count(True) == 4
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("conversation succeeded in 0.")
    assert second == "failing: login: status 500"


def test_an_attempt_that_no_timeout_reaches_counts_as_failing(secret: Path) -> None:
    entered, release = threading.Event(), threading.Event()

    def hang(*_: object) -> None:
        entered.set()
        release.wait(10)

    prober = Prober(config("http://127.0.0.1", secret, timeout=-0.9), hang)
    thread = threading.Thread(target=prober.once)
    thread.start()
    assert entered.wait(5)
    until(prober.overdue)
    text = exposition(prober.results, overdue=prober.overdue())
    release.set()
    thread.join()
    assert "probe_success 0\n" in text
    assert "probe_last_attempt_timestamp_seconds" not in text
    assert not prober.overdue()


def test_metrics_are_served_while_an_attempt_hangs(secret: Path) -> None:
    entered, release, stop = threading.Event(), threading.Event(), threading.Event()
    running: list[int] = []

    def hang(*_: object) -> None:
        running.append(1)
        entered.set()
        release.wait(10)

    prober = Prober(config("http://127.0.0.1", secret, every=0.01), hang)
    with MetricsServer(0, lambda: exposition(prober.results, overdue=prober.overdue())) as server:
        threads = [
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}),
            threading.Thread(target=prober.run, args=[stop]),
        ]
        for thread in threads:
            thread.start()
        assert entered.wait(5)
        answers = [httpx2.get(f"http://127.0.0.1:{server.port}{path}", trust_env=False) for path in ("/metrics", "/")]
        stop.set()
        release.set()
        server.shutdown()
        for thread in threads:
            thread.join()
    assert [answer.status_code for answer in answers] == [200, 404]
    assert answers[0].headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "probe_success" not in answers[0].text
    assert running == [1], "a second attempt began while the first one was hanging"


def test_attempts_follow_each_other(secret: Path) -> None:
    stop = threading.Event()
    times: list[float] = []

    def attempt(*_: object) -> None:
        times.append(time.monotonic())
        if len(times) == 4:
            stop.set()

    Prober(config("http://127.0.0.1", secret, every=0.05), attempt).run(stop)
    assert times[3] - times[0] == pytest.approx(0.15, abs=0.1)


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A key and a certificate for `localhost` that ends in ninety days, trusted by this process."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl makes the certificate of this test, and is not here")
    file = tmp_path / "both.pem"
    request = (openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90", "-subj", "/CN=localhost")
    names = ("-addext", "subjectAltName=DNS:localhost", "-keyout", str(file), "-out", str(tmp_path / "one.pem"))
    subprocess.run([*request, *names], check=True, capture_output=True)
    file.write_text(file.read_text() + (tmp_path / "one.pem").read_text())
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "one.pem"))
    return file


def test_the_end_of_the_certificate_that_the_door_shows(service: Service, secret: Path, certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with encrypted(service, context) as url:
        prober = Prober(config(url, secret))
        prober.once()
        assert prober.results.success
        ends = prober.results.certificate_ends
        assert ends is not None
        assert ends - time.time() == pytest.approx(90 * 86400, abs=600)
        text = exposition(prober.results, overdue=False, host="localhost")
        assert f'tls_certificate_expiry_timestamp_seconds{{host="localhost"}} {ends:.0f}\n' in text
    prober.once()  # nobody is there any more: what was seen last still holds
    assert not prober.results.success
    assert prober.results.certificate_ends == ends


def test_without_tls_there_is_no_certificate(service: Service, secret: Path) -> None:
    prober = Prober(config(service.url, secret))
    prober.once()
    assert prober.results.success
    assert "tls_certificate" not in exposition(prober.results, overdue=False)


@contextmanager
def encrypted(service: Service, context: ssl.SSLContext) -> Iterator[str]:
    """The same answers behind TLS."""
    with ThreadingHTTPServer(("127.0.0.1", 0), service.handler) as server:
        server.daemon_threads = True
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"https://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


def document(**changes: object) -> str:
    good: dict[str, object] = {
        "service": "agent",
        "environment": "demo",
        "url": "http://127.0.0.1:1",
        "port": 0,
        "secret_file": "secret",
        "every_seconds": 5,
        "timeout_seconds": 4,
    }
    return json.dumps(good | changes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "truncated"),
        (document(port="x"), r"Expected `int`, got `str` - at `\$.port`"),
        (document(colour="red"), "unknown field `colour`"),
        (document(url="localhost"), "url is 'localhost', it must begin with http"),
        (document(timeout_seconds=5), "timeout_seconds must be above 0 and below every_seconds"),
        (document(timeout_seconds=0), "timeout_seconds must be above 0 and below every_seconds"),
    ],
)
def test_a_wrong_configuration_is_explained(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "probe.json"
    path.write_text(text)
    with pytest.raises(Misuse, match=message) as misuse:
        read(path)
    assert str(misuse.value).startswith(str(path))


def test_a_configuration_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match=r"gone\.json cannot be read: No such file or directory$"):
        read(tmp_path / "gone.json")


def test_a_taken_port_ends_the_process_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "probe.json"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        path.write_text(document(port=taken.getsockname()[1]))
        monkeypatch.setattr(sys, "argv", ["probe", "--config", str(path)])
        monkeypatch.setattr(signal, "signal", lambda *_: None)
        assert main() == 2
    assert "cannot be used: Address already in use" in capsys.readouterr().err


def test_the_process_probes_serves_and_ends_at_sigterm(
    service: Service, secret: Path, tmp_path: Path, free_port: int
) -> None:
    path = tmp_path / "probe.json"
    path.write_text(document(url=service.url, port=free_port, secret_file=str(secret)))
    process = subprocess.Popen([sys.executable, "-m", "watchkeeper.stack.probe", "--config", str(path)], env=os.environ)
    try:
        until(lambda: "probe_success 1\n" in _metrics(free_port))
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert process.wait(10) == 0
        assert time.monotonic() - began < 2
    finally:
        process.kill()
        process.wait()


def _metrics(port: int) -> str:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
    except httpx2.HTTPError:
        return ""
