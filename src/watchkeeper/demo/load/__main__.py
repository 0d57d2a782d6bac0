"""`python -m watchkeeper.demo.load --config PATH`."""

import asyncio
import logging
from contextlib import suppress
from datetime import datetime

from watchkeeper.demo.config import DemoConfig
from watchkeeper.demo.load.crowd import Crowd
from watchkeeper.demo.load.door import Door
from watchkeeper.demo.load.rhythm import Rhythm
from watchkeeper.demo.process import run


async def main(config: DemoConfig, stop: asyncio.Event) -> None:
    rhythm = Rhythm.of(config, datetime.now().astimezone())
    crowd = Crowd(Door(config.ingress_port), rhythm, logging.getLogger("watchkeeper.demo.load").info)
    coming = asyncio.ensure_future(crowd.run())
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait((coming, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    coming.cancel()
    with suppress(asyncio.CancelledError):
        await coming


if __name__ == "__main__":
    run("load", main)
