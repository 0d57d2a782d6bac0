"""The lock of a state directory: one holder, ended by its death, kept by whoever inherits it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from watchkeeper.stack import lock

_HOLD = "import sys; sys.stdin.read()"


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    held = lock.acquire(tmp_path / "lock")
    with pytest.raises(lock.Held, match="lock"):
        lock.acquire(tmp_path / "lock")
    held.release()
    lock.acquire(tmp_path / "lock").release()


def test_a_file_left_behind_locks_nothing(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("4711")
    lock.acquire(tmp_path / "lock").release()


def test_only_the_owner_may_open_it(tmp_path: Path) -> None:
    lock.acquire(tmp_path / "lock").release()
    assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600


def test_whoever_inherits_the_descriptor_keeps_the_lock(tmp_path: Path) -> None:
    held = lock.acquire(tmp_path / "lock")
    command = [sys.executable, "-S", "-c", _HOLD]
    with subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=(held.descriptor,)) as heir:
        held.release()
        with pytest.raises(lock.Held):
            lock.acquire(tmp_path / "lock")
        heir.kill()
    lock.acquire(tmp_path / "lock", wait_seconds=5).release()


def test_waiting_ends_when_the_holder_does(tmp_path: Path) -> None:
    held = lock.acquire(tmp_path / "lock")
    command = [sys.executable, "-S", "-c", "import sys; sys.stdin.readline()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=(held.descriptor,)) as heir:
        held.release()
        assert heir.stdin is not None
        heir.stdin.write(b"\n")
        heir.stdin.flush()
        lock.acquire(tmp_path / "lock", wait_seconds=10).release()


def test_children_do_not_inherit_it_by_accident(tmp_path: Path) -> None:
    held = lock.acquire(tmp_path / "lock")
    assert not os.get_inheritable(held.descriptor)
    held.release()
