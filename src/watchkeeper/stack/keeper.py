"""One child kept running: started, awaited, watched, started again, given up in the end."""

import asyncio
import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from watchkeeper.stack import processes, restart
from watchkeeper.stack.child import Child
from watchkeeper.stack.exits import Cause, KernelKills, cause_of, last_words
from watchkeeper.stack.record import ChildRecord, ChildState
from watchkeeper.stack.saying import Say, Tone

_READY_POLL_SECONDS = 0.05
_LAST_LINES = 5


class Reaped(Protocol):
    """Who must be told which processes exist, in case the supervisor cannot end them itself."""

    def add(self, pid: int) -> None: ...
    def remove(self, pid: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all children of one supervisor share."""

    directory: Path
    environment: Mapping[str, str]
    log: Callable[[str], Path]
    reaped: Reaped
    say: Say
    policy: restart.Policy = restart.Policy()  # noqa: RUF009 - frozen
    chance: Callable[[], float] = random.random
    check_seconds: float = 5.0
    """Between two questions to a child that is ready."""
    checks_failed: int = 3
    """So many unanswered in a row, and it is ended and started again."""
    kernel: KernelKills = field(default_factory=KernelKills)


class Keeper:
    """Owns the child's process. `moved` is called whenever the state changes."""

    def __init__(self, child: Child, surroundings: Surroundings, moved: Callable[[], None]) -> None:
        self.child = child
        self.state = ChildState.WAITING
        self.once_ready = asyncio.Event()
        self._around = surroundings
        self._moved = moved
        self._process: asyncio.subprocess.Process | None = None
        self._began: float | None = None
        self._restarts = 0
        self._exits: Counter[Cause] = Counter()
        self._log_began = 0
        """Where in its log this life of the process begins."""
        self._crashes: tuple[float, ...] = ()

    @property
    def record(self) -> ChildRecord:
        pid = self._process.pid if self._process else None
        exits = {cause.value: count for cause, count in self._exits.items()}
        return ChildRecord(self.child.name, self.state, pid, self._began, self.child.port, self._restarts, exits)

    async def keep(self, needed: Sequence["Keeper"]) -> None:
        """From the moment all needed are ready until this one is given up, or the task is cancelled."""
        for keeper in needed:
            await keeper.once_ready.wait()
        while True:
            why = await self._live()
            wait = self._next_wait()
            if wait is None:
                self._around.say(f"{self.child.name} is given up: {why}{self._last_words()}", Tone.BAD)
                self._become(ChildState.FAILED)
                return
            self._around.say(f"{self.child.name} {why}; starting it again in {wait:.1f} s", Tone.BAD)
            self._become(ChildState.RESTARTING)
            await asyncio.sleep(wait)
            self._restarts += 1

    async def stop(self, seconds: float) -> None:
        """Ask, wait so long, kill. Does nothing to a child that does not run."""
        process = self._process
        if process is not None:
            if seconds > 0:
                _signal(process, signal.SIGTERM)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), seconds)
            await self._end(process)
        self._become(ChildState.STOPPED)

    async def _live(self) -> str:
        """One life of the process, from its start to its end. Returns what ended it, as a verb."""
        try:
            process = await self._spawn()
        except OSError as error:
            return f"cannot be started ({error.strerror}: {self.child.command[0]})"
        ended = asyncio.ensure_future(process.wait())
        try:
            why = await self._until_ready(ended) or await self._until_unwell(ended)
        except asyncio.CancelledError:
            ended.cancel()
            raise
        await self._end(process)
        self._exits[self._cause(process.returncode or 0) if not why else Cause.SIGNAL] += 1
        return why or _obituary(process.returncode or 0)

    def _cause(self, code: int) -> Cause:
        return cause_of(code, last_words(self._around.log(self.child.name), self._log_began), self._around.kernel)

    async def _spawn(self) -> asyncio.subprocess.Process:
        with self._around.log(self.child.name).open("ab") as log:
            self._log_began = log.tell()
            process = await asyncio.create_subprocess_exec(
                *self.child.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._around.directory,
                env=dict(self._around.environment),
                start_new_session=True,
            )
        self._process = process
        self._around.reaped.add(process.pid)
        identity = processes.identify(process.pid)
        self._began = identity.started if identity else None
        self._become(ChildState.STARTING)
        return process

    async def _until_ready(self, ended: "asyncio.Future[int]") -> str:
        """Empty once it is ready or has ended; else why it is not worth waiting any longer."""
        began = time.monotonic()
        while not ended.done():
            age = time.monotonic() - began
            if await self.child.ready.holds(age) and not ended.done():
                self._around.say(f"{self.child.name} ready after {age:.1f} s", Tone.GOOD)
                self.once_ready.set()
                self._become(ChildState.READY)
                return ""
            if age > self.child.patience_seconds:
                return f"was not ready within {self.child.patience_seconds:g} s"
            await asyncio.wait((ended,), timeout=_READY_POLL_SECONDS)
        return ""

    async def _until_unwell(self, ended: "asyncio.Future[int]") -> str:
        """Empty once it has ended; else that it does not answer any more."""
        pause = self._around.check_seconds if self.child.checked else None
        unanswered = 0
        while not ended.done() and unanswered < self._around.checks_failed:
            await asyncio.wait((ended,), timeout=pause)
            if not ended.done():
                unanswered = 0 if await self.child.ready.holds(self._around.check_seconds) else unanswered + 1
        return "" if ended.done() else "does not answer any more"

    def _next_wait(self) -> float | None:
        now, policy = time.monotonic(), self._around.policy
        self._crashes = (*restart.recent(policy, self._crashes, now), now)
        ever_ready = self.once_ready.is_set()
        return restart.delay(policy, len(self._crashes), ever_ready=ever_ready, chance=self._around.chance())

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        """Whatever is left of the process and its group."""
        _signal(process, signal.SIGKILL)
        await process.wait()
        self._around.reaped.remove(process.pid)
        self._process = None
        self._began = None

    def _become(self, state: ChildState) -> None:
        self.state = state
        self._moved()

    def _last_words(self) -> str:
        log = self._around.log(self.child.name)
        lines = log.read_text(errors="replace").splitlines()[-_LAST_LINES:] if log.is_file() else []
        return "".join(f"\n    {line}" for line in lines)


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    # the child leads a group of its own, so this reaches what it started and nobody else
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _obituary(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
