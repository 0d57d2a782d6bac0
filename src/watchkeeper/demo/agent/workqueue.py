"""Workflows take their turn: a few run at once, the others wait, first come first served."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

HANDS = 4
"""So many run at once."""


@dataclass(slots=True)
class WorkQueue:
    hands: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(HANDS))
    clock: Callable[[], float] = time.monotonic
    _waiting: dict[object, float] = field(default_factory=dict)
    """Since when each one waits, in the order in which they came."""

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a free hand, and keep it until the end of the block."""
        ticket = object()
        self._waiting[ticket] = self.clock()
        try:
            await self.hands.acquire()
        finally:
            del self._waiting[ticket]
        try:
            yield
        finally:
            self.hands.release()

    @property
    def depth(self) -> int:
        return len(self._waiting)

    @property
    def oldest_age(self) -> float:
        """Seconds; 0 while nobody waits. Safe to ask from another thread."""
        since = tuple(self._waiting.values())
        return self.clock() - since[0] if since else 0.0
