"""`python -m watchkeeper.demo.modules --config PATH`."""

import asyncio

from watchkeeper.demo.config import DemoConfig
from watchkeeper.demo.faults import FaultWatch
from watchkeeper.demo.modules.hosting import ModuleHost
from watchkeeper.demo.process import run


async def main(config: DemoConfig, stop: asyncio.Event) -> None:
    host = ModuleHost(config.module_ports)
    try:
        await FaultWatch(config.faults).apply(host.apply, stop)
    finally:
        await host.close()


if __name__ == "__main__":
    run("modules", main)
