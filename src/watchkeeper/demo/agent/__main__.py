"""`python -m watchkeeper.demo.agent --config PATH`."""

import asyncio
import gc
import socket

from watchkeeper.demo.config import DemoConfig
from watchkeeper.demo.process import run


async def main(config: DemoConfig, stop: asyncio.Event) -> None:
    # Listening before the slow imports: who comes while the service starts is queued, not turned away.
    listener = socket.create_server(("127.0.0.1", config.agent_port), backlog=512)
    # Importing makes half a million objects that stay: looking for garbage among them, now or later, is wasted time.
    gc.disable()
    from watchkeeper.demo.agent.serving import serve_agent

    gc.freeze()
    gc.enable()
    await serve_agent(config, stop, listener)


if __name__ == "__main__":
    run("agent", main)
