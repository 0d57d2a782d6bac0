"""Start children in order of need, keep them running, stop them in waves. Knows nothing of what they do."""

import asyncio
from collections.abc import Callable, Sequence

from watchkeeper.stack.child import Child, Wave
from watchkeeper.stack.keeper import Keeper, Surroundings
from watchkeeper.stack.record import ChildRecord, ChildState, Phase

STOP_SECONDS = {Wave.TRAFFIC: 2.5, Wave.WATCHERS: 2.0, Wave.ROUTING: 1.5, Wave.RECEIVING: 1.0}
"""What each wave is given before it is killed: with the reaper's last look, less than ten seconds."""


class Supervisor:
    """Owns its children's processes from `run` to its end. `changed` is called whenever a record changes."""

    def __init__(self, children: Sequence[Child], surroundings: Surroundings, changed: Callable[[], None]) -> None:
        self._keepers = {child.name: Keeper(child, surroundings, self._on_move) for child in children}
        self._changed = changed
        self._moved = asyncio.Event()
        self._stopping = False

    @property
    def records(self) -> tuple[ChildRecord, ...]:
        return tuple(keeper.record for keeper in self._keepers.values())

    @property
    def phase(self) -> Phase:
        keepers = self._keepers.values()
        if self._stopping:
            return Phase.STOPPING
        if any(keeper.state is ChildState.FAILED for keeper in keepers):
            return Phase.FAILED
        if all(keeper.state is ChildState.READY for keeper in keepers):
            return Phase.READY
        return Phase.DEGRADED if all(keeper.once_ready.is_set() for keeper in keepers) else Phase.STARTING

    async def run(self, stop: asyncio.Event, started: Callable[[], None]) -> bool:
        """Until `stop` is set. `started` is called once all are ready. False if something could not be started."""
        keeping = [asyncio.create_task(keeper.keep(self._needed(keeper))) for keeper in self._keepers.values()]
        try:
            if await self._start(stop):
                started()
                await stop.wait()
            return self.phase is not Phase.FAILED or stop.is_set()
        finally:
            self._stopping = True
            for task in keeping:
                task.cancel()
            await asyncio.gather(*keeping, return_exceptions=True)
            await self._stop()

    async def kill(self) -> None:
        """At once, without asking."""
        await asyncio.gather(*(keeper.stop(0) for keeper in self._keepers.values()))

    def _needed(self, keeper: Keeper) -> tuple[Keeper, ...]:
        return tuple(self._keepers[name] for name in keeper.child.needs)

    async def _start(self, stop: asyncio.Event) -> bool:
        """True once everything has been ready; False if one was given up before, or `stop` came."""
        stopped = asyncio.create_task(stop.wait())
        while self.phase is Phase.STARTING and not stop.is_set():
            self._moved.clear()
            moved = asyncio.create_task(self._moved.wait())
            await asyncio.wait((moved, stopped), return_when=asyncio.FIRST_COMPLETED)
            moved.cancel()
        stopped.cancel()
        return self.phase in {Phase.READY, Phase.DEGRADED} and not stop.is_set()

    async def _stop(self) -> None:
        self._changed()
        for wave, seconds in STOP_SECONDS.items():
            together = [keeper for keeper in self._keepers.values() if keeper.child.wave is wave]
            await asyncio.gather(*(keeper.stop(seconds) for keeper in together))

    def _on_move(self) -> None:
        self._moved.set()
        self._changed()
