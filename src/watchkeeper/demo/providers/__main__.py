"""`python -m watchkeeper.demo.providers --config PATH`."""

import asyncio

from watchkeeper.demo.config import DemoConfig
from watchkeeper.demo.faults import FaultWatch
from watchkeeper.demo.process import http_server, run, serve
from watchkeeper.demo.providers.app import Emulator
from watchkeeper.demo.providers.ledger import Ledger


async def main(config: DemoConfig, stop: asyncio.Event) -> None:
    config.state.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(config.state / "ledger.jsonl")
    watch = FaultWatch(config.faults)
    following = asyncio.ensure_future(watch.follow(stop))
    try:
        # A cut stream is what we want here; uvicorn would report each as an error of the application.
        server = http_server(Emulator(ledger, lambda: watch.now), config.providers_port, log_level="critical")
        await serve(server, stop)
    finally:
        stop.set()
        await following
        ledger.close()


if __name__ == "__main__":
    run("providers", main)
