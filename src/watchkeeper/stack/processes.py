"""Other processes, named so that a number used again is never mistaken for the process that had it before."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import psutil

_POLL_SECONDS = 0.05
# a start time is derived from the boot time, which moves a little when the clock is set
_SAME_START_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Identity:
    pid: int
    started: float
    """Unix time."""


def identify(pid: int) -> Identity | None:
    """None when there is no such process any more."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return Identity(pid, process.create_time())
    except psutil.Error:
        return None


def alive(identity: Identity) -> bool:
    """Whether this very process still runs."""
    now = identify(identity.pid)
    return now is not None and abs(now.started - identity.started) < _SAME_START_SECONDS


def members(leaders: Iterable[Identity], marked: Callable[[psutil.Process], bool]) -> frozenset[int]:
    """Living processes of the leaders' groups, and any others that are marked; never the caller itself."""
    groups = {leader.pid for leader in leaders if _group_is_theirs(leader)}
    found = set()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if os.getpgid(process.pid) in groups or marked(process):
                found.add(process.pid)
    return frozenset(found)


def has_variable(name: str, value: str) -> Callable[[psutil.Process], bool]:
    """Marks processes that were started with this environment variable, and what they started in turn."""

    def marked(process: psutil.Process) -> bool:
        return process.environ().get(name) == value

    return marked


def end(
    find: Callable[[], Collection[int]], *, patience_seconds: float, clock: Callable[[], float] = time.monotonic
) -> frozenset[int]:
    """TERM everything `find` names, wait, KILL what is left. Returns what even that did not end."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        _signal(find(), number)
        deadline = clock() + (patience_seconds if number is signal.SIGTERM else 2.0)
        while left := find():
            if clock() >= deadline:
                break
            if number is signal.SIGKILL:
                _signal(left, number)
            time.sleep(_POLL_SECONDS)
        if not left:
            return frozenset()
    return frozenset(left)


def _signal(pids: Collection[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _group_is_theirs(leader: Identity) -> bool:
    # while a member lives, the system does not give the leader's number to another process
    now = identify(leader.pid)
    return now is None or abs(now.started - leader.started) < _SAME_START_SECONDS
