"""The open loop: people come when they come, however slow the service is, and somebody counts how it went."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from watchkeeper.demo.load.door import Door
from watchkeeper.demo.load.rhythm import Rhythm
from watchkeeper.demo.load.visitor import CHAT, Action, Ending, Visitor

REPORT_SECONDS = 10.0
NEWCOMER_CHANCE = 0.1
_REGULARS = 60
_MOST_VISITORS = 1500


@dataclass(slots=True)
class Tally:
    """What happened since the last report."""

    actions: Counter[Action] = field(default_factory=Counter)
    endings: Counter[Ending] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def add(self, action: Action, ending: Ending, seconds: float) -> None:
        self.actions[action] += 1
        self.endings[ending] += 1
        self.seconds.append(seconds)

    def line(self, over_seconds: float) -> str:
        """One line for the log; nothing in it needs a parser."""
        total = self.actions.total()
        if not total:
            return "no requests"
        ordered = sorted(self.seconds)
        p50, p95 = (ordered[int(share * (total - 1))] for share in (0.5, 0.95))
        endings = " ".join(f"{ending}={self.endings[ending]}" for ending in Ending)
        chat = sum(self.actions[action] for action in CHAT) / total
        return f"rps={total / over_seconds:.1f} {endings} chat={chat:.0%} p50={p50:.2f}s p95={p95:.2f}s"


@dataclass(slots=True)
class Crowd:
    door: Door
    rhythm: Rhythm
    report: Callable[[str], None]
    dice: random.Random = field(default_factory=random.Random)
    clock: Callable[[], float] = time.monotonic
    tally: Tally = field(default_factory=Tally)
    _visitors: list[Visitor] = field(default_factory=list)
    _visits: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        """Until cancelled."""
        started = reported = self.clock()
        try:
            while True:
                await asyncio.sleep(self.dice.expovariate(self.rhythm.rate(self.clock() - started)))
                self._begin()
                if self.clock() - reported >= REPORT_SECONDS:
                    self.report(self.tally.line(self.clock() - reported))
                    self.tally, reported = Tally(), self.clock()
        finally:
            for visit in self._visits:
                visit.cancel()

    def _begin(self) -> None:
        visitor = self._idle()
        if visitor is not None:
            visitor.busy = True
            visit = asyncio.ensure_future(self._visit(visitor))
            self._visits.add(visit)
            visit.add_done_callback(self._visits.discard)

    def _idle(self) -> Visitor | None:
        """Somebody who waits for nothing, now and then a newcomer; nobody when the house is full."""
        idle = [visitor for visitor in self._visitors if not visitor.busy]
        settled = len(self._visitors) >= _REGULARS or self.dice.random() > NEWCOMER_CHANCE
        if idle and settled:
            return self.dice.choice(idle)
        if len(self._visitors) >= _MOST_VISITORS:
            return None
        newcomer = Visitor(f"user-{len(self._visitors) + 1}", self.door, self.dice)
        self._visitors.append(newcomer)
        return newcomer

    async def _visit(self, visitor: Visitor) -> None:
        action = visitor.choose()
        started = self.clock()
        ending = await visitor.act(action)
        self.tally.add(action, ending, self.clock() - started)
