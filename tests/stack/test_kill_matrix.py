"""Whoever is killed, however it is killed: the stack is whole again, or nothing of it is left."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from watchkeeper.stack import lock, ports, record, stopping
from watchkeeper.stack.layout import Layout
from watchkeeper.stack.reaper import TOKEN_VARIABLE
from watchkeeper.stack.record import ChildRecord, Phase, Record

pytestmark = pytest.mark.stack

FAKE = Path(__file__).parent / "fake_stack.py"
HEALTHY_SECONDS = 15.0
GONE_SECONDS = 10.0
USUAL = {"inbox": "plain", "alertmanager": "plain", "prometheus": "parent", "agent": "stubborn", "load": "daemon"}
POLITE = {"inbox": "plain", "prometheus": "parent", "agent": "plain"}
_ON_A_TERMINAL = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""

Until = Callable[..., None]


@dataclass
class Stack:
    """A stack of fake children in a process of its own."""

    layout: Layout
    ports: dict[str, int]
    programs: dict[str, str]
    until: Until
    process: subprocess.Popen[bytes] | None = None
    token: str = ""

    @property
    def command(self) -> tuple[str, ...]:
        specs = (f"{name}={program}:{self.ports[name]}" for name, program in self.programs.items())
        return (sys.executable, str(FAKE), str(self.layout.root), *specs)

    def start(self) -> "Stack":
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.ready()
        return self

    def ready(self) -> None:
        self.until(self.is_ready, HEALTHY_SECONDS, "a ready stack")
        self.token = self.record.token

    def is_ready(self) -> bool:
        current = record.running(self.layout)
        return current is not None and current.phase is Phase.READY

    @property
    def record(self) -> Record:
        current = record.running(self.layout)
        assert current is not None
        return current

    def child(self, name: str) -> ChildRecord:
        [child] = [child for child in self.record.children if child.name == name]
        return child

    def pid(self, name: str) -> int:
        pid = self.child(name).pid
        assert pid is not None
        return pid

    @property
    def supervisor(self) -> int:
        return self.record.pid

    @property
    def reaper(self) -> int:
        mine = psutil.Process(self.supervisor).children()
        [reaper] = [process.pid for process in mine if "watchkeeper.stack.reaper" in process.cmdline()]
        return reaper

    def processes(self) -> list[psutil.Process]:
        """Everything that carries this stack's token."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(TOKEN_VARIABLE) == self.token and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def gone(self) -> bool:
        return not self.processes() and all(ports.is_free(port) for port in self.ports.values())

    def assert_gone(self, began: float) -> None:
        """No process, no port, no lock, no record, in time."""
        self.until(self.gone, GONE_SECONDS, "an empty machine")
        lock.acquire(self.layout.lock, wait_seconds=2).release()
        assert time.monotonic() - began < GONE_SECONDS
        assert not self.layout.record.exists()


Start = Callable[..., Stack]


@pytest.fixture
def stack(tmp_path: Path, until: Until) -> Iterator[Start]:
    """`stack(**programs)` starts one and ends it after the test."""
    stacks: list[Stack] = []

    def make(programs: dict[str, str] = USUAL) -> Stack:
        made = Stack(Layout.of(tmp_path / "state"), {name: ports.unused() for name in programs}, programs, until)
        stacks.append(made)
        return made

    yield make
    for made in stacks:
        stopping.stop(made.layout)
        if made.process is not None:
            made.process.wait(10)


def test_kill_of_each_child(stack: Start, until: Until) -> None:
    """One after the other, each is back soon, alone, and counted."""
    running = stack().start()
    for victim in USUAL:
        before = {name: running.pid(name) for name in USUAL}
        began = time.monotonic()
        os.kill(before[victim], signal.SIGKILL)
        until(lambda name=victim: running.child(name).restarts == 1 and running.is_ready(), HEALTHY_SECONDS)
        # a plain child needs a moment to start; what is measured is that nobody waits for a second round
        assert time.monotonic() - began < 3.0
        after = {name: running.pid(name) for name in USUAL}
        assert {name for name in USUAL if after[name] != before[name]} == {victim}


def test_kill_of_the_reaper(stack: Start, until: Until) -> None:
    running = stack(POLITE).start()
    before = running.reaper
    os.kill(before, signal.SIGKILL)
    until(lambda: len(running.processes()) > 0 and _reaper_or_none(running) not in {None, before}, 5)
    assert running.is_ready()
    # the new one knows what the old one knew
    began = time.monotonic()
    os.kill(running.supervisor, signal.SIGKILL)
    running.assert_gone(began)


def _reaper_or_none(running: Stack) -> int | None:
    try:
        return running.reaper
    except (ValueError, psutil.Error):
        return None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL], ids=lambda n: n.name)
def test_end_of_the_supervisor(stack: Start, number: signal.Signals) -> None:
    running = stack().start()
    began = time.monotonic()
    os.kill(running.supervisor, number)
    running.assert_gone(began)


def test_a_closed_terminal(stack: Start) -> None:
    running = stack()
    master, slave = pty.openpty()
    wrapper = (sys.executable, "-S", "-c", _ON_A_TERMINAL, *running.command)
    running.process = subprocess.Popen(wrapper, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    running.ready()
    began = time.monotonic()
    os.close(master)
    running.assert_gone(began)


def test_a_second_signal_does_not_wait(stack: Start, until: Until) -> None:
    running = stack({"agent": "stubborn", "load": "stubborn"}).start()
    began = time.monotonic()
    os.kill(running.supervisor, signal.SIGINT)
    until(lambda: running.record.phase is Phase.STOPPING, 2)
    os.kill(running.supervisor, signal.SIGINT)
    running.assert_gone(began)
    # the wave alone would be given three seconds
    assert time.monotonic() - began < 2.5


def test_kill_of_supervisor_and_reaper_together_is_healed_by_the_next_start(stack: Start, until: Until) -> None:
    running = stack().start()
    token, reaper = running.token, running.reaper
    orphans = {process.pid for process in running.processes()} - {reaper}
    _kill_together(running)
    # a killed process is seen for a moment longer
    until(lambda: {process.pid for process in running.processes()} == orphans, 5)
    assert len(orphans) == 7, "five children, and what two of them started"
    assert running.process is not None
    running.process.wait(5)
    running.start()
    assert running.token != token
    running_now, running.token = running.token, token
    assert running.processes() == []
    running.token = running_now


def _kill_together(running: Stack) -> None:
    supervisor, reaper = running.supervisor, running.reaper
    # stopped first, so that neither can answer the death of the other
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in (reaper, supervisor):
            os.kill(pid, number)


def test_kill_of_supervisor_and_reaper_together_is_healed_by_down(stack: Start) -> None:
    running = stack().start()
    _kill_together(running)
    assert running.process is not None
    running.process.wait(5)
    began = time.monotonic()
    assert stopping.stop(running.layout)
    running.assert_gone(began)


def test_down(stack: Start) -> None:
    running = stack().start()
    began = time.monotonic()
    assert stopping.stop(running.layout)
    running.assert_gone(began)
    assert not stopping.stop(running.layout)


def test_a_second_start_says_who_runs(stack: Start) -> None:
    running = stack(POLITE).start()
    second = subprocess.run(running.command, capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == 1
    assert f"already running (process {running.supervisor}, ready): console at http://127.0.0.1:1" in second.stdout
    assert running.is_ready()


def test_a_start_right_after_a_kill_waits_for_the_reaper_and_gets_its_ports(stack: Start) -> None:
    running = stack(POLITE).start()
    os.kill(running.supervisor, signal.SIGKILL)
    assert running.process is not None
    running.process.wait(5)
    before = running.token
    running.start()
    assert running.token != before
    assert {child.name: child.port for child in running.record.children} == running.ports
    assert all(child.restarts == 0 for child in running.record.children)


def test_eight_starts_at_once_make_one_stack(stack: Start, until: Until) -> None:
    running = stack({"agent": "plain"})
    starts = [
        subprocess.Popen(running.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for _ in range(8)
    ]
    try:
        until(lambda: sum(start.poll() == 1 for start in starts) == 7, 60, "seven refusals")
        running.ready()
        assert [start.pid for start in starts if start.poll() is None] == [running.supervisor]
        assert len(running.processes()) == 2, "one child and the reaper"
    finally:
        stopping.stop(running.layout)
        for start in starts:
            start.communicate(timeout=10)


def test_a_start_that_fails_leaves_nothing(stack: Start) -> None:
    running = stack({"inbox": "plain", "agent": "broken"})
    began = time.monotonic()
    failed = subprocess.run(running.command, capture_output=True, text=True, timeout=30, check=False)
    assert failed.returncode == 1
    assert "agent is given up: ended with exit code 1\n    no such file: config.yml" in failed.stdout
    running.token = "none was recorded"
    running.assert_gone(began)


def test_the_record_can_be_read_by_others(stack: Start) -> None:
    running = stack({"inbox": "plain"}).start()
    document = json.loads(running.layout.record.read_text())
    assert document["pid"] == running.supervisor
    assert document["demo"] is False
    assert document["phase"] == "ready"
    assert document["children"][0]["name"] == "inbox"
    assert running.layout.record.stat().st_mode & 0o777 == 0o600
