"""End a stack from outside, and drop what it kept when that is wanted."""

import contextlib
import os
import shutil
import signal

from watchkeeper.stack import lock, processes, reaper, record
from watchkeeper.stack.layout import Layout
from watchkeeper.stack.saying import Refusal

POLITE_SECONDS = 12.0
REAPER_SECONDS = 12.0


def stop(layout: Layout) -> bool:
    """End the stack of this state directory, surely. False if none ran."""
    running = record.running(layout)
    if running is None:
        return _leftovers(layout)
    with contextlib.suppress(ProcessLookupError):
        os.kill(running.pid, signal.SIGTERM)
    try:
        lock.acquire(layout.lock, wait_seconds=POLITE_SECONDS).release()
    except lock.Held:
        if processes.alive(running.identity):
            os.kill(running.pid, signal.SIGKILL)
        _await_reaper(layout)
    return True


def purge(layout: Layout) -> None:
    """Drop everything that a stack made. Refused while one runs, and for a directory that no stack made."""
    if not layout.root.exists():
        return
    if not layout.lock.exists():
        raise Refusal(f"{layout.root} was not made by watchkeeper up: nothing is dropped")
    try:
        held = lock.acquire(layout.lock)
    except lock.Held:
        raise Refusal(f"a stack runs in {layout.root}: nothing is dropped") from None
    for directory in (layout.data, layout.config, layout.logs, layout.secrets):
        shutil.rmtree(directory, ignore_errors=True)
    layout.record.unlink(missing_ok=True)
    layout.lock.unlink()
    held.release()
    # what somebody else put there stays, and with it the directory
    with contextlib.suppress(OSError):
        layout.root.rmdir()


def _leftovers(layout: Layout) -> bool:
    """A dead supervisor's reaper may be at work; if that is dead too, its work is done here."""
    old = record.read(layout.record)
    if old is None:
        return False
    _await_reaper(layout)
    reaper.reap(old.leaders, old.token)
    layout.record.unlink(missing_ok=True)
    return True


def _await_reaper(layout: Layout) -> None:
    try:
        lock.acquire(layout.lock, wait_seconds=REAPER_SECONDS).release()
    except lock.Held:
        raise Refusal(f"{layout.lock} is still held after {REAPER_SECONDS:g} s: see {layout.log('reaper')}") from None
