"""`python -m watchkeeper.demo.cache --config PATH`: a real Redis server if there is one, else an imitation of it."""

import asyncio
import logging
import shutil
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from watchkeeper.demo.config import DemoConfig
from watchkeeper.demo.faults import Fault, Faults, FaultWatch
from watchkeeper.demo.process import run

if TYPE_CHECKING:
    from fakeredis import TcpFakeServer

_log = logging.getLogger(__name__)


class CacheServer(Protocol):
    """Something that speaks Redis on a port while it runs."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


@dataclass(slots=True)
class RedisServer:
    """A real server: a child that ends with us, keeps nothing on disk and at most 64 MB in memory."""

    binary: str
    port: int
    directory: Path
    died: Callable[[], None]
    """Called when the server ends by itself."""
    _process: asyncio.subprocess.Process | None = None
    _waiting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(*self._command(), stdout=asyncio.subprocess.DEVNULL)
        self._waiting = asyncio.ensure_future(self._await_death(self._process))

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    async def _await_death(self, process: asyncio.subprocess.Process) -> None:
        await process.wait()
        if process is self._process:
            self.died()

    def _command(self) -> list[str]:
        # Killed together with us, even when we are killed: an orphan would keep the port.
        keeper = shutil.which("setpriv")
        settings = {
            "--port": str(self.port),
            "--bind": "127.0.0.1",
            "--dir": str(self.directory),
            "--save": "",
            "--appendonly": "no",
            "--maxmemory": "64mb",
            "--maxmemory-policy": "allkeys-lru",
        }
        flat = [word for setting in settings.items() for word in setting]
        return [*([keeper, "--pdeathsig", "KILL", "--"] if keeper else []), self.binary, *flat]


@dataclass(slots=True)
class FakeServer:
    """An imitation in threads of this process."""

    port: int
    _server: "TcpFakeServer | None" = None

    async def start(self) -> None:
        from fakeredis import TcpFakeServer

        self._server = TcpFakeServer(("127.0.0.1", self.port))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    async def stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await asyncio.to_thread(server.shutdown)
            server.server_close()


@dataclass(slots=True)
class Cache:
    """Runs a server unless it is broken."""

    server: CacheServer
    running: bool = field(default=False)

    async def apply(self, faults: Faults) -> None:
        wanted = Fault.REDIS_DOWN not in faults
        if wanted and not self.running:
            await self.server.start()
            _log.info("cache started")
        elif self.running and not wanted:
            await self.server.stop()
            _log.info("cache stopped")
        self.running = wanted

    async def close(self) -> None:
        await self.server.stop()


def server_for(config: DemoConfig, binary: str | None, died: Callable[[], None]) -> CacheServer:
    if binary is None:
        return FakeServer(config.cache_port)
    config.state.mkdir(parents=True, exist_ok=True)
    return RedisServer(binary, config.cache_port, config.state, died)


async def main(config: DemoConfig, stop: asyncio.Event) -> None:
    deaths: list[str] = []

    def died() -> None:
        deaths.append("redis-server ended by itself")
        stop.set()

    cache = Cache(server_for(config, shutil.which("redis-server"), died))
    try:
        await FaultWatch(config.faults).apply(cache.apply, stop)
    finally:
        await cache.close()
    if deaths:
        sys.exit(deaths[0])


if __name__ == "__main__":
    run("cache", main)
