"""Which modules run: all, less those that are broken."""

import asyncio
import logging
from dataclasses import dataclass, field

import grpc.aio

from watchkeeper.demo.config import ModuleName
from watchkeeper.demo.faults import Fault, Faults
from watchkeeper.demo.modules.services import Workload, add_module

_log = logging.getLogger(__name__)

# With port sharing on, a second server could bind a port that is still in use and take half of its calls.
_OPTIONS = (("grpc.so_reuseport", 0),)


@dataclass(slots=True)
class ModuleHost:
    """Runs each module on its port."""

    ports: dict[ModuleName, int]
    work: Workload = field(default_factory=Workload)
    _running: dict[ModuleName, grpc.aio.Server] = field(default_factory=dict)

    async def apply(self, faults: Faults) -> None:
        """Stop what is broken, start what is not."""
        down = set(faults.arguments(Fault.MODULE_DOWN))
        for name in self.ports:
            if name in down:
                await self._stop(name)
            elif name not in self._running:
                await self._start(name)

    async def close(self) -> None:
        await asyncio.gather(*map(self._stop, tuple(self._running)))

    async def _start(self, name: ModuleName) -> None:
        server = grpc.aio.server(options=_OPTIONS)
        add_module(name, server, self.work)
        server.add_insecure_port(f"127.0.0.1:{self.ports[name]}")
        await server.start()
        self._running[name] = server
        _log.info("module %s listens on port %d", name, self.ports[name])

    async def _stop(self, name: ModuleName) -> None:
        server = self._running.pop(name, None)
        if server is not None:
            await server.stop(grace=0)
            _log.info("module %s stopped", name)
