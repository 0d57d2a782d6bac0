"""One stack per state directory: an flock that ends with the last process holding it, whatever happens to them."""

import fcntl
import os
import time
from pathlib import Path
from typing import Self

_POLL_SECONDS = 0.05


class Held(Exception):  # noqa: N818 - not a failure: somebody else is at work
    """Another process holds the lock."""


class Lock:
    """Held while its descriptor is open anywhere: a process that inherits the descriptor keeps the lock too."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def release(self) -> None:
        os.close(self.descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def acquire(path: Path, *, wait_seconds: float = 0.0) -> Lock:
    """Take the lock, waiting at most so long for its holder to end; raises `Held`."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + wait_seconds
    while not _taken(descriptor):
        if time.monotonic() >= deadline:
            os.close(descriptor)
            raise Held(str(path))
        time.sleep(_POLL_SECONDS)
    return Lock(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
