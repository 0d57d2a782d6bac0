"""The probe: holds a short conversation with the service from outside, again and again, and says how it went.

Run as `python -m watchkeeper.stack.probe --config FILE`. Nothing but the standard library while it works:
what judges the service from outside must not fail with it, and must start at once.
"""

import contextlib
import http.client
import json
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, urlsplit

import msgspec

from watchkeeper.entry import Misuse, decoded, log, run, stopped
from watchkeeper.stack.exposing import Sample, page, show

SECRET_HEADER = "X-Watchkeeper-Probe"  # noqa: S105 - the name of a header
ANSWER_LIMIT = 1024 * 1024


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    service: str
    environment: str
    url: str
    port: int
    secret_file: str
    every_seconds: float
    timeout_seconds: float


class ProbeFailed(Exception):  # noqa: N818 - what happened to the service, not to us
    """One step of the conversation did not go as it must; the text says which and how."""


@dataclass(frozen=True, slots=True)
class Results:
    """What is known so far. `success` is None until the first attempt has ended."""

    success: bool | None = None
    duration_seconds: float = 0.0
    ended_at: float = 0.0
    successes: int = 0
    failures: int = 0
    attempt_since: float | None = None
    """On the monotonic clock, while an attempt runs."""
    certificate_ends: float | None = None
    """Unix time, of the certificate seen last; None without TLS."""


@dataclass(slots=True)
class Front:
    """What the front door showed while it was talked to."""

    certificate_ends: float | None = None

    def look(self, opened: socket.socket | None) -> None:
        certificate = opened.getpeercert() if isinstance(opened, ssl.SSLSocket) else None
        ends = certificate.get("notAfter") if certificate else None
        if isinstance(ends, str):
            self.certificate_ends = float(ssl.cert_time_to_seconds(ends))


def converse(config: Config, front: Front) -> None:
    """Log in, begin a conversation, say something and read the answer. Raises `ProbeFailed`."""
    with _connection(config, front) as step:
        token = step("login", "/api/v1/login", {"user": "probe"}, "token", "")
        conversation = step("conversation", "/api/v1/conversations", {}, "id", token)
        path = f"/api/v1/conversations/{quote(conversation, safe='')}/messages"
        step("message", path, {"text": "Are you there?"}, "reply", token)


Step = Callable[[str, str, dict[str, str], str, str], str]


@contextlib.contextmanager
def _connection(config: Config, front: Front) -> Iterator[Step]:
    """One connection, torn down when the time is over: a server that answers byte by byte cannot hold the probe."""
    address = urlsplit(config.url)
    secure = address.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    deadline = time.monotonic() + config.timeout_seconds
    connection = kind(address.hostname or "", address.port, timeout=config.timeout_seconds)
    headers = _headers(config)

    def step(name: str, path: str, content: dict[str, str], wanted: str, token: str) -> str:
        authorization = {"Authorization": f"Bearer {token}"} if token else {}
        late = f"{name}: no answer within {config.timeout_seconds:g} s"
        try:
            connection.request("POST", address.path + path, json.dumps(content), headers | authorization)
            front.look(connection.sock)
            response = connection.getresponse()
            body = response.read(ANSWER_LIMIT)
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = f"{name}: {str(error) or type(error).__name__}"
            raise ProbeFailed(late if time.monotonic() >= deadline else reason) from error
        if time.monotonic() >= deadline:
            raise ProbeFailed(late)
        return _wanted(name, response.status, body, wanted)

    watchdog = threading.Timer(config.timeout_seconds, _abort, [connection])
    watchdog.daemon = True
    watchdog.start()
    try:
        yield step
    finally:
        watchdog.cancel()
        connection.close()


def _abort(connection: http.client.HTTPConnection) -> None:
    opened = connection.sock
    if opened is not None:
        with contextlib.suppress(OSError):
            opened.shutdown(socket.SHUT_RDWR)


def _headers(config: Config) -> dict[str, str]:
    try:
        secret = Path(config.secret_file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ProbeFailed(f"secret file {config.secret_file} cannot be read: {error.strerror}") from error
    return {
        "Content-Type": "application/json",
        "User-Agent": f"watchkeeper-probe ({config.service}, {config.environment})",
        SECRET_HEADER: secret,
    }


def _wanted(name: str, status: int, body: bytes, wanted: str) -> str:
    """The text at the key `wanted` of a good answer."""
    if not 200 <= status < 300:
        raise ProbeFailed(f"{name}: status {status}")
    try:
        value = msgspec.json.decode(body, type=dict[str, object]).get(wanted)
    except (ValueError, RecursionError) as error:
        raise ProbeFailed(f"{name}: the answer is no JSON object") from error
    if not isinstance(value, str | int) or not str(value).strip():
        raise ProbeFailed(f"{name}: the answer has no {wanted!r}")
    return str(value)


class Prober:
    """Attempts one after the other, never two at once. Its results may be read from any thread."""

    def __init__(self, config: Config, attempt: Callable[[Config, Front], None] = converse) -> None:
        self._config = config
        self._attempt = attempt
        self._reason: str | None = None
        self._front = Front()
        self.results = Results()

    def run(self, stop: threading.Event) -> None:
        """Attempt every `every_seconds`; an attempt that takes longer delays the next, it does not double it."""
        every = self._config.every_seconds
        due = time.monotonic()
        while not stop.is_set():
            self.once()
            now = time.monotonic()
            due += every * max(1, -((due - now) // every))
            stop.wait(due - now)

    def once(self) -> None:
        started = time.monotonic()
        self.results = replace(self.results, attempt_since=started)
        reason = ""
        try:
            self._attempt(self._config, self._front)
        except ProbeFailed as failure:
            reason = str(failure)
        self._record(reason, time.monotonic() - started)

    def overdue(self) -> bool:
        """An attempt hangs where no timeout reaches it, for example in a name lookup."""
        since = self.results.attempt_since
        return since is not None and time.monotonic() - since > self._config.timeout_seconds + 1

    def _record(self, reason: str, duration_seconds: float) -> None:
        before = self.results
        self.results = Results(
            success=not reason,
            duration_seconds=duration_seconds,
            ended_at=time.time(),
            successes=before.successes + (not reason),
            failures=before.failures + bool(reason),
            certificate_ends=self._front.certificate_ends,
        )
        if reason != self._reason:
            self._reason = reason
            log(f"failing: {reason}" if reason else f"conversation succeeded in {duration_seconds:.3f} s")


def exposition(results: Results, *, overdue: bool, host: str = "") -> str:
    """Gauges of the last attempt are absent before there was one."""
    samples = [
        Sample("probe_attempts_total", "counter", str(results.successes), (("outcome", "success"),)),
        Sample("probe_attempts_total", "counter", str(results.failures), (("outcome", "failure"),)),
    ]
    if results.success is not None or overdue:
        samples.append(Sample("probe_success", "gauge", str(int(bool(results.success) and not overdue))))
    if results.success is not None:
        samples.append(Sample("probe_duration_seconds", "gauge", f"{results.duration_seconds:.6f}"))
        samples.append(Sample("probe_last_attempt_timestamp_seconds", "gauge", f"{results.ended_at:.3f}"))
    if results.certificate_ends is not None:
        name, ends = "tls_certificate_expiry_timestamp_seconds", f"{results.certificate_ends:.0f}"
        samples.append(Sample(name, "gauge", ends, (("host", host),)))
    return page(samples)


def read(path: Path) -> Config:
    config = decoded(path, Config)
    if urlsplit(config.url).scheme not in {"http", "https"}:
        raise Misuse(f"{path}: url is {config.url!r}, it must begin with http:// or https://")
    if not 0 < config.timeout_seconds < config.every_seconds:
        raise Misuse(f"{path}: timeout_seconds must be above 0 and below every_seconds")
    return config


def serve(config: Config) -> None:
    """Until SIGTERM or SIGINT."""
    stop, prober, host = stopped(), Prober(config), urlsplit(config.url).hostname or ""
    with contextlib.ExitStack() as open_servers:
        show(open_servers, config.port, lambda: exposition(prober.results, overdue=prober.overdue(), host=host))
        threading.Thread(target=prober.run, args=[stop], daemon=True).start()
        stop.wait()


def main() -> int:
    return run("stack.probe", "Probe a copilot service.", lambda path: serve(read(path)))


if __name__ == "__main__":
    sys.exit(main())
