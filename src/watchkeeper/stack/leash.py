"""The supervisor's end of the reaper: who is alive is written down the pipe; if the supervisor dies, the pipe ends."""

import asyncio
import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path


class Leash:
    """Keeps one reaper running and told. It is started again if somebody ends it."""

    def __init__(self, record: Path, token: str, *, lock: int, log: Path, environment: Mapping[str, str]) -> None:
        self._command = (sys.executable, "-P", "-m", "watchkeeper.stack.reaper", str(record), token)
        self._lock = lock
        self._log = log
        self._environment = environment
        self._pids: set[int] = set()
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def tie(self) -> None:
        await self._start()
        self._watch = asyncio.create_task(self._keep())

    def add(self, pid: int) -> None:
        self._pids.add(pid)
        self._tell(f"+ {pid}")

    def remove(self, pid: int) -> None:
        self._pids.discard(pid)
        self._tell(f"- {pid}")

    async def untie(self) -> None:
        """Everything is stopped: let the reaper look for itself, and wait until it has."""
        if self._watch is not None:
            self._watch.cancel()
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            await self._process.wait()

    async def _start(self) -> None:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=dict(self._environment),
                start_new_session=True,
                pass_fds=(self._lock,),
            )
        for pid in sorted(self._pids):
            self._tell(f"+ {pid}")

    async def _keep(self) -> None:
        while self._process is not None:
            await self._process.wait()
            await self._start()

    def _tell(self, line: str) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(ConnectionError):
                self._process.stdin.write(f"{line}\n".encode())
