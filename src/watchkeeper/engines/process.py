"""One running engine: started in a session of its own, awaited until it answers, stopped for certain."""

import base64
import contextlib
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from watchkeeper.engines.binary import Engine

READY_PATH = "/-/ready"
_POLL_SECONDS = 0.02
_TERM_SECONDS = 5.0
_LAST_LINES = 8


class EngineError(Exception):
    """An engine ended, or did not answer in time; the text carries the last lines it printed."""


@dataclass(frozen=True, slots=True)
class Login:
    username: str
    password: str

    @property
    def header(self) -> str:
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


@contextlib.contextmanager
def run(
    engine: Engine,
    arguments: Sequence[str],
    *,
    url: str,
    log: Path,
    login: Login | None = None,
    ready_seconds: float = 20.0,
) -> Iterator[subprocess.Popen[bytes]]:
    """Start `engine`, wait until `url` + `/-/ready` answers 200, and stop it at the end whatever happens inside."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*engine.command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_ready(engine, process, url + READY_PATH, log=log, login=login, seconds=ready_seconds)
        yield process
    finally:
        stop(process)


def wait_ready(
    engine: Engine, process: subprocess.Popen[bytes], url: str, *, log: Path, login: Login | None, seconds: float
) -> None:
    """Return once `url` answers 200; raise EngineError when the process ends or the time is over first."""
    deadline = time.monotonic() + seconds
    while not answers(url, login):
        if process.poll() is not None:
            raise EngineError(f"{engine.name} ended with code {process.returncode}:\n{last_lines(log)}")
        if time.monotonic() > deadline:
            raise EngineError(f"{engine.name} did not answer at {url} within {seconds:g} s:\n{last_lines(log)}")
        time.sleep(_POLL_SECONDS)


def answers(url: str, login: Login | None = None) -> bool:
    """Whether a GET of `url` is answered with 200 right now."""
    headers = {"Authorization": login.header} if login else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - an engine's loopback address
    # whatever proxy the environment names must not see loopback requests
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def stop(process: subprocess.Popen[bytes], seconds: float = _TERM_SECONDS) -> int:
    """End the process and what it started: TERM, a bounded wait, KILL. Returns its exit code."""
    _signal_group(process, signal.SIGTERM)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        _signal_group(process, signal.SIGKILL)
        return process.wait()


def last_lines(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.is_file() else []
    return "\n".join(f"  {line}" for line in lines[-_LAST_LINES:]) or "  (it printed nothing)"


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
