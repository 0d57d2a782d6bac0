"""Is a page ever lost? Kill each process of the running stack while an alert is on its way, and see it arrive.

    python bench/kill.py [--only CHILD ...] [--skip-supervisor]

For each child: a fresh stack with the demo, the model providers broken, and in the moment in which Prometheus says that
a critical alert fires, before anybody was paged, `kill -9` of that child. Measured: the time until the whole stack is
ready again, and until the page is in the inbox. Then the supervisor itself: SIGTERM, a closed terminal, `kill -9`;
measured is when the last process is gone and every port is free. Takes about a minute a row.
"""

import argparse
import contextlib
import os
import pty
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from watchkeeper.live.errors import LiveError
from watchkeeper.live.inbox import Inbox
from watchkeeper.live.prometheus import AlertState, Prometheus
from watchkeeper.model import Credentials
from watchkeeper.stack import ports, processes, record
from watchkeeper.stack.layout import Layout
from watchkeeper.stack.reaper import TOKEN_VARIABLE
from watchkeeper.stack.record import Phase, Record

ENGINES = ("inbox", "alertmanager", "prometheus", "console", "host")
DEMO = ("cache", "providers", "modules", "agent", "ingress", "load", "probe")
CHILDREN = (*ENGINES, *DEMO)
FIRST_PORT = 20460
HEALTHY_SECONDS = 15.0
GONE_SECONDS = 10.0
FIRING_SECONDS = 150.0
PAGE_SECONDS = 60.0
"""From firing to the inbox: the group's wait of 10 s, the kill, a second try."""
ON_A_TERMINAL = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Stack:
    """One stack of our own."""

    def __init__(self, folder: str) -> None:
        self.layout = Layout.of(Path(folder) / "state")

    def command(self, *words: str) -> tuple[str, ...]:
        return (sys.executable, "-m", "watchkeeper.cli", *words, "--state", str(self.layout.root))

    def up(self) -> None:
        """In the background, ready when this returns."""
        subprocess.run(
            self.command("up", "--demo", "--detach", "--port-base", str(FIRST_PORT)), check=True, capture_output=True
        )

    @property
    def record(self) -> Record:
        current = record.running(self.layout)
        if current is None:
            sys.exit("the stack is not running any more")
        return current

    def is_ready(self) -> bool:
        current = record.running(self.layout)
        return current is not None and current.phase is Phase.READY

    def pid(self, child: str) -> int | None:
        return next((entry.pid for entry in self.record.children if entry.name == child), None)

    def restarted(self, child: str, before: int) -> bool:
        return self.is_ready() and self.pid(child) not in {None, before}

    def firing(self) -> str:
        """A critical alert that fires; empty when there is none, or nobody to ask."""
        credentials = Credentials("watchkeeper", str(self.layout.password))
        try:
            with Prometheus(self.record.prometheus, credentials) as prometheus:
                alerts = [a for a in prometheus.alerts() if a.state is AlertState.FIRING]
        except LiveError:
            return ""
        return next((a.name for a in alerts if a.labels.get("severity") == "critical"), "")

    def paged(self) -> int:
        """Events that opened an incident."""
        with contextlib.suppress(LiveError), Inbox(self.record.inbox) as inbox:
            return sum(message.action == "trigger" for message in inbox.messages(kind="pagerduty"))
        return 0


@contextlib.contextmanager
def stack() -> Iterator[Stack]:
    with tempfile.TemporaryDirectory(prefix="kill-") as folder:
        made = Stack(folder)
        try:
            yield made
        finally:
            subprocess.run(made.command("down"), check=False, capture_output=True)


def wait(condition: Callable[[], bool], seconds: float) -> float | None:
    """How long it took; None when it took longer than allowed."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            return None
        time.sleep(0.05)
    return time.monotonic() - began


@dataclass(frozen=True, slots=True)
class Row:
    killed: str
    alert: str
    healthy: float | None
    page: float | None
    pages: int

    @property
    def good(self) -> bool:
        return self.healthy is not None and self.healthy <= HEALTHY_SECONDS and self.page is not None

    def __str__(self) -> str:
        healthy, page = _seconds(self.healthy), _seconds(self.page)
        return f"{self.killed:<14} {self.alert:<28} {healthy:>10} {page:>10} {self.pages:>6}   {_verdict(self.good)}"


def kill_child(child: str) -> Row:
    with stack() as running:
        running.up()
        subprocess.run(running.command("demo", "break", "provider-outage"), check=True, capture_output=True)
        if wait(lambda: bool(running.firing()), FIRING_SECONDS) is None:
            return Row(child, "none fired", None, None, 0)
        alert, before = running.firing(), running.pid(child)
        if before is None:
            return Row(child, "it did not run", None, None, 0)
        early, at = running.paged(), time.monotonic()
        os.kill(before, signal.SIGKILL)
        healthy = wait(lambda: running.restarted(child, before), HEALTHY_SECONDS * 2)
        arrived = wait(lambda: running.paged() > early, PAGE_SECONDS - (time.monotonic() - at))
        page = None if arrived is None else time.monotonic() - at
        # a second page for the same incident would follow within the group's interval
        wait(lambda: False, 5)
        return Row(child, alert, healthy, page, running.paged())


def end_supervisor(how: str) -> tuple[float | None, float | None]:
    """Seconds until no process is left, and until every port is free."""
    with stack() as running, contextlib.ExitStack() as exits:
        end = _on_a_terminal(running, exits) if how == "terminal" else _in_the_background(running, how)
        now = running.record
        end()
        at = time.monotonic()
        gone = wait(lambda: not _marked(now.token) and not processes.alive(now.identity), GONE_SECONDS * 2)
        free = wait(lambda: all(ports.is_free(port) for port in now.ports.values()), GONE_SECONDS)
        return gone, None if free is None else time.monotonic() - at


def _in_the_background(running: Stack, how: str) -> Callable[[], None]:
    running.up()
    number = signal.Signals[how]
    return lambda: os.kill(running.record.pid, number)


def _on_a_terminal(running: Stack, exits: contextlib.ExitStack) -> Callable[[], None]:
    master, slave = pty.openpty()
    up = running.command("up", "--demo", "--port-base", str(FIRST_PORT))
    supervisor = subprocess.Popen(
        (sys.executable, "-S", "-c", ON_A_TERMINAL, *up), stdin=slave, stdout=slave, stderr=slave
    )
    exits.callback(supervisor.wait)
    os.close(slave)
    if wait(running.is_ready, 60) is None:
        sys.exit("the stack on a terminal did not become ready")
    return lambda: os.close(master)


def _marked(token: str) -> list[int]:
    """Processes of the stack with this token."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(TOKEN_VARIABLE) == token and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.1f} s"


def _verdict(good: bool) -> str:
    return "" if good else "FAILED"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=CHILDREN, default=CHILDREN)
    parser.add_argument("--skip-supervisor", action="store_true")
    asked = parser.parse_args()
    good = []
    print(f"{'kill -9 of':<14} {'while firing':<28} {'healthy':>10} {'page':>10} {'pages':>6}", flush=True)
    for child in asked.only:
        row = kill_child(child)
        good.append(row.good)
        print(row, flush=True)
    if not asked.skip_supervisor:
        print(f"\n{'supervisor':<14} {'processes gone':>16} {'ports free':>12}", flush=True)
        for how in ("SIGTERM", "terminal", "SIGKILL"):
            gone, free = end_supervisor(how)
            good.append(gone is not None and free is not None and max(gone, free) <= GONE_SECONDS)
            print(f"{how:<14} {_seconds(gone):>16} {_seconds(free):>12}   {_verdict(good[-1])}", flush=True)
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
