"""Logs of the children: one file each, bounded, readable and followable while it is written."""

import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

LIMIT_BYTES = 10 * 1024 * 1024
FOLLOW_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Line:
    child: str
    text: str


def rotate(log: Path, limit_bytes: int = LIMIT_BYTES) -> bool:
    """Move a log that grew too large to `NAME.log.1` and go on with an empty one. True if it was moved.

    The writer keeps its file: children append, so what they write next begins the emptied file. Lines written between
    the copy and the cut are lost; a log is no ledger.
    """
    try:
        if log.stat().st_size <= limit_bytes:
            return False
    except FileNotFoundError:
        return False
    shutil.copyfile(log, log.with_name(f"{log.name}.1"))
    with log.open("r+b") as file:
        file.truncate(0)
    return True


def names(directory: Path) -> tuple[str, ...]:
    """Children that have a log, sorted."""
    return tuple(sorted(path.stem for path in directory.glob("*.log")))


def last(directory: Path, children: Sequence[str], count: int) -> tuple[Line, ...]:
    """The newest `count` lines of each child, child after child."""
    return tuple(line for child in children for line in _tail(directory / f"{child}.log", child, count))


def follow(directory: Path, children: Sequence[str], *, wait: Callable[[float], None] = time.sleep) -> Iterator[Line]:
    """New lines as they are written, from now on, for ever. A log that was cut is read from its beginning."""
    positions = {child: _size(directory / f"{child}.log") for child in children}
    while True:
        for child in children:
            path = directory / f"{child}.log"
            if _size(path) < positions[child]:
                positions[child] = 0
            text, positions[child] = _read_lines(path, positions[child])
            yield from (Line(child, line) for line in text.splitlines())
        wait(FOLLOW_SECONDS)


def _tail(path: Path, child: str, count: int) -> Iterator[Line]:
    with path.open(errors="replace") as file:
        yield from (Line(child, text.rstrip("\n")) for text in deque(file, maxlen=count))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _read_lines(path: Path, position: int) -> tuple[str, int]:
    """Whole lines from `position` on, and where they end."""
    try:
        with path.open("rb") as file:
            file.seek(position)
            content = file.read()
    except FileNotFoundError:
        return "", position
    whole = content[: content.rfind(b"\n") + 1]
    return whole.decode(errors="replace"), position + len(whole)
