"""`python -m watchkeeper.demo.agent --config PATH`."""

import asyncio
import gc

from watchkeeper.demo.config import DemoConfig
from watchkeeper.demo.process import run


async def main(config: DemoConfig, stop: asyncio.Event) -> None:
    # Importing makes half a million objects that stay: looking for garbage among them, now or later, is wasted time.
    gc.disable()
    from watchkeeper.demo.agent.serving import serve_agent

    gc.freeze()
    gc.enable()
    await serve_agent(config, stop)


if __name__ == "__main__":
    run("agent", main)
