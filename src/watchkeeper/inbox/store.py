"""Messages on disk: appended, forced to the disk before anyone is answered, found again after any kind of death."""

import fcntl
import os
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from watchkeeper.inbox.message import Draft, Kind, Message

SEGMENT_BYTES = 8 * 1024 * 1024
SEGMENTS = 4
"""The oldest segment is deleted when there would be more: the inbox keeps about 32 MB."""

_DECODER = msgspec.json.Decoder(Message)


class InUse(Exception):  # noqa: N818 - reads as what it says: the store is in use
    """Another inbox writes to the same directory."""


def utc_now() -> datetime:
    return datetime.now(UTC)


class Store:
    """One directory of segments `messages-<first id>.jsonl`. Safe for threads; one process at a time."""

    def __init__(self, directory: Path, clock: Callable[[], datetime] = utc_now) -> None:
        self._directory = directory
        self._clock = clock
        self._lock = threading.Lock()
        self._segments: dict[Path, list[Message]] = {}
        self._guard = -1
        self._file = -1
        self._size = 0
        self._next_id = 1

    def open(self) -> None:
        """Take the directory and read what is there. Raises `InUse`."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self._guard = os.open(self._directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._guard)
            raise InUse(f"another inbox uses {self._directory}") from error
        for path in sorted(self._directory.glob("messages-*.jsonl")):
            self._segments[path] = list(_read(path))
        self._next_id = max((message.id for message in self.messages()), default=0) + 1
        self._continue()

    def close(self) -> None:
        os.close(self._file)
        os.close(self._guard)

    def append(self, draft: Draft) -> Message:
        """Keep a message for good; it is on the disk when this returns. Raises OSError when it could not be kept."""
        with self._lock:
            message = draft.stored(self._next_id, self._clock())
            line = msgspec.json.encode(message) + b"\n"
            if self._size and self._size + len(line) > SEGMENT_BYTES:
                self._rotate()
            self._write(line)
            self._last().append(message)
            self._next_id += 1
            return message

    def messages(self) -> tuple[Message, ...]:
        """Everything kept, oldest first."""
        segments = tuple(self._segments.values())
        return tuple(message for segment in segments for message in tuple(segment))

    def select(self, *, kind: Kind | None = None, since: int = 0, limit: int = 100) -> tuple[Message, ...]:
        """Oldest first: after `since` the first `limit` messages, without it the newest `limit`."""
        found = [message for message in self.messages() if message.id > since and kind in {None, message.kind}]
        return tuple(found[:limit] if since else found[-limit:])

    @property
    def newest(self) -> int:
        """Id of the newest message; 0 when there never was one."""
        return self._next_id - 1

    def _last(self) -> list[Message]:
        return self._segments[next(reversed(self._segments))]

    def _continue(self) -> None:
        """Go on writing into the newest segment, or begin the first one."""
        if not self._segments:
            self._begin()
            return
        path = next(reversed(self._segments))
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        self._size = _whole_lines(path)
        os.ftruncate(self._file, self._size)

    def _begin(self) -> None:
        path = self._directory / f"messages-{self._next_id:012d}.jsonl"
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        _sync_directory(self._directory)
        self._segments[path] = []
        self._size = 0

    def _rotate(self) -> None:
        os.close(self._file)
        self._begin()
        for path in list(self._segments)[:-SEGMENTS]:
            path.unlink()
            del self._segments[path]

    def _write(self, line: bytes) -> None:
        try:
            written = os.write(self._file, line)
            if written < len(line):
                raise OSError(f"only {written} of {len(line)} bytes could be written")
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(line)


def _read(path: Path) -> Iterator[Message]:
    """The messages of a segment. What follows the last line end was torn by a crash, before anyone was answered."""
    for number, line in enumerate(path.read_bytes().split(b"\n")[:-1], start=1):
        try:
            yield _DECODER.decode(line)
        except (ValueError, RecursionError) as error:
            print(f"{path}:{number}: unreadable message left out: {error}", file=sys.stderr)  # noqa: T201 - the process log


def _whole_lines(path: Path) -> int:
    """Bytes up to the last complete line."""
    return path.read_bytes().rfind(b"\n") + 1


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
