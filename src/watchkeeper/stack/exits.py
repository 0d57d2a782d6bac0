"""Why a process ended that should not have: by its exit code, its last words and the kernel's count of OOM kills."""

import re
import signal
from collections import deque
from enum import StrEnum
from pathlib import Path

LOOK_SECONDS = 1.0
"""Between two looks at the kernel's count."""
_LOOKS = 3
_WORDS_BYTES = 64 * 1024
_FATAL = re.compile(r'"level": ?"FATAL"|\blevel=fatal\b|\bFATAL\b', re.IGNORECASE)


class Cause(StrEnum):
    EXIT = "exit"
    """It ended by itself, with whatever code."""
    SIGNAL = "signal"
    """Somebody ended it: another process, or the supervisor, because it did not answer."""
    OOM = "oom"
    """The kernel ended it for want of memory."""
    FATAL = "fatal"
    """It said so itself before it ended: a line of level FATAL in its log."""


class KernelKills:
    """The kernel says only how many processes of the whole machine it killed: what counts is whether it just did."""

    def __init__(self, vmstat: Path = Path("/proc/vmstat")) -> None:
        self._vmstat = vmstat
        self._looks = deque((self._count(),), maxlen=_LOOKS)

    def look(self) -> None:
        """Remember the count; to be called every `LOOK_SECONDS`."""
        self._looks.append(self._count())

    def recent(self) -> bool:
        """Whether there was a kill within the last looks."""
        return self._count() > self._looks[0]

    def _count(self) -> int:
        count = oom_kills(self._vmstat)
        return 0 if count is None else count


def oom_kills(vmstat: Path = Path("/proc/vmstat")) -> int | None:
    """Processes this machine's kernel has killed for want of memory; None where it does not say."""
    try:
        lines = vmstat.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), None)


def cause_of(code: int, words: str, kernel: KernelKills) -> Cause:
    """`code` as Python has it: negative for a signal. `words`: what the process wrote while it lived."""
    if code == -signal.SIGKILL and kernel.recent():
        return Cause.OOM
    if _FATAL.search(words):
        return Cause.FATAL
    return Cause.SIGNAL if code < 0 else Cause.EXIT


def last_words(log: Path, since: int) -> str:
    """The end of a log, from a position on; all of it if it was cut meanwhile."""
    try:
        size = log.stat().st_size
        begin = since if since <= size else 0
        with log.open("rb") as file:
            file.seek(max(begin, size - _WORDS_BYTES))
            return file.read().decode(errors="replace")
    except OSError:
        return ""
