"""The faults that happen inside the agent. A service of yours has these anyway; it needs no such file."""

import asyncio
import random
import time
from dataclasses import dataclass, field

from fastapi import HTTPException
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from watchkeeper.demo.faults import Fault, Faults, FaultWatch

DELAY_SECONDS = {Fault.LATENCY: 3.0, Fault.HANG: 8.0}
BLOCK_SECONDS = 0.4
_BLOCK_PAUSE_SECONDS = 0.4


@dataclass(slots=True, eq=False)  # FastAPI keeps its dependencies in sets
class Gate:
    """Every API request passes here before its route runs."""

    watch: FaultWatch
    dice: random.Random = field(default_factory=random.Random)

    async def __call__(self) -> None:
        faults = self.watch.now
        for fault, seconds in DELAY_SECONDS.items():
            if fault in faults:
                await asyncio.sleep(seconds)
        if Fault.ERROR_RATE in faults and self.dice.random() < float(faults.argument(Fault.ERROR_RATE, "0")):
            raise HTTPException(500, "broken on purpose")


def cut_database(engine: AsyncEngine, watch: FaultWatch) -> None:
    """From now on no statement reaches the database while it is said to be down."""

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def refuse(*_: object) -> None:
        if Fault.DATABASE_DOWN in watch.now:
            raise OperationalError("connect", None, ConnectionRefusedError("the database is down"))


async def block_loop(watch: FaultWatch, stop: asyncio.Event) -> None:
    """Do what no coroutine should, again and again."""
    while not stop.is_set():
        if Fault.LOOP_BLOCK in watch.now:
            time.sleep(BLOCK_SECONDS)  # noqa: ASYNC251  the very mistake this fault is about
        await asyncio.sleep(_BLOCK_PAUSE_SECONDS)


def version_wanted(faults: Faults, default: str) -> str:
    return faults.argument(Fault.DEPLOY, default)


async def await_deploy(watch: FaultWatch, running: str, default: str) -> None:
    """Return when another version than the running one is wanted."""
    changed = asyncio.Event()

    async def compare(faults: Faults) -> None:
        if version_wanted(faults, default) != running:
            changed.set()

    await watch.apply(compare, changed)
