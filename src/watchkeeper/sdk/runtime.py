"""What the process itself is doing: event-loop lag, garbage collection, processor time, memory."""

import asyncio
import gc
import os
import time
from pathlib import Path

from watchkeeper.sdk import limits
from watchkeeper.sdk.instruments import Counter, Gauge, Histogram

_LAG_EVERY = 0.25
_LIMITS_EVERY = 30.0
"""A container can be resized while it runs, but not often, and asking takes a dozen files."""
_PROC = Path("/proc")


class LoopLag:
    """How late an event loop wakes a timer that re-arms itself: a blocked loop is measured when it is free again."""

    def __init__(self, lag: Histogram) -> None:
        self._lag = lag
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._due = 0.0

    def sample(self, loop: asyncio.AbstractEventLoop) -> None:
        """Watch this loop from now on; one that is closed is forgotten."""
        if loop is not self._loop:
            self.close()
            self._loop = loop
            self._arm(loop)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop = None

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = loop.time() + _LAG_EVERY
        self._timer = loop.call_at(self._due, self._woken, loop)

    def _woken(self, loop: asyncio.AbstractEventLoop) -> None:
        self._lag.record(("python",), max(0.0, loop.time() - self._due))
        self._arm(loop)


class Collections:
    """Time the garbage collector takes. Its callback only queues an update: it may run inside any lock."""

    def __init__(self, duration: Histogram) -> None:
        self._duration = duration
        self._started = 0.0

    def start(self) -> None:
        gc.callbacks.append(self._collected)

    def close(self) -> None:
        if self._collected in gc.callbacks:
            gc.callbacks.remove(self._collected)

    def _collected(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._started = time.perf_counter()
        elif self._started:
            self._duration.record((str(info["generation"]),), time.perf_counter() - self._started)


class Process:
    """Processor time and limits everywhere; memory, start and open files where there is a `/proc`."""

    def __init__(
        self,
        *,
        cpu: Counter,
        cpu_limit: Gauge,
        memory: Gauge,
        memory_limit: Gauge,
        started: Gauge,
        files: Gauge,
        files_limit: Gauge,
        groups: limits.ControlGroups = limits.ControlGroups(),  # noqa: B008 - frozen
    ) -> None:
        self._cpu = cpu
        self._cpu_limit = cpu_limit
        self._memory = memory
        self._memory_limit = memory_limit
        self._files = files
        self._files_limit = files_limit
        self._groups = groups
        self._limits_due = 0.0
        self._counted = 0.0
        if _PROC.is_dir():
            started.write((), _start_time())

    def measure(self) -> None:
        spent = sum(os.times()[:2])
        self._cpu.add((), max(0.0, spent - self._counted))
        self._counted = spent
        if time.monotonic() >= self._limits_due:
            self._measure_limits()
        if _PROC.is_dir():
            pages = int((_PROC / "self" / "statm").read_text().split()[1])
            self._memory.write((), pages * os.sysconf("SC_PAGE_SIZE"))
            self._files.write((), sum(1 for _ in (_PROC / "self" / "fd").iterdir()) - 1)

    def _measure_limits(self) -> None:
        self._limits_due = time.monotonic() + _LIMITS_EVERY
        self._cpu_limit.write((), limits.cpu_cores(self._groups))
        self._memory_limit.write((), limits.memory_bytes(self._groups))
        self._files_limit.write((), limits.open_files())


def _start_time() -> float:
    """Seconds since 1970. The command may hold blanks and brackets, so fields count from the last bracket."""
    ticks = int((_PROC / "self" / "stat").read_text().rpartition(")")[2].split()[19])
    boot = next(line for line in (_PROC / "stat").read_text().splitlines() if line.startswith("btime"))
    return int(boot.split()[1]) + ticks / os.sysconf("SC_CLK_TCK")
