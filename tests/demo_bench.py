"""A place to run parts of the demo in tests: free ports, servers in this event loop, waiting for a state."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from starlette.types import ASGIApp

from ports import free_ports
from watchkeeper.demo.config import MODULES, DemoConfig
from watchkeeper.demo.process import http_server, serve

DEADLINE_SECONDS = 15.0


def config_in(directory: Path) -> DemoConfig:
    """A configuration with free ports and everything below `directory`."""
    ports = free_ports(5 + len(MODULES))
    (directory / "probe").write_text("probe-secret")
    return DemoConfig(
        service="llm-copilot-agent",
        environment="test",
        version="1.0.0",
        state=directory,
        faults=directory / "faults.json",
        ingress_port=ports[0],
        agent_port=ports[1],
        metrics_port=ports[2],
        providers_port=ports[3],
        cache_port=ports[4],
        module_ports=dict(zip(MODULES, ports[5:], strict=True)),
        probe_secret_file=directory / "probe",
    )


def dice(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  dice, no secrets


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a state; fails after the deadline."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():  # noqa: ASYNC110  sockets and other processes set no event
            await asyncio.sleep(0.01)


def listens(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1.0)
        return client.connect_ex(("127.0.0.1", port)) == 0


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def talking(talk: Talk, port: int) -> AsyncIterator[None]:
    """A TCP server whose connections are all closed when the block ends."""
    talks: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks.add(task)
        try:
            await talk(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_server(accept, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


@asynccontextmanager
async def serving(app: ASGIApp, port: int) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.ensure_future(serve(http_server(app, port, log_level="critical"), stop))
    try:
        await until(lambda: task.done() or listens(port))
        yield
    finally:
        stop.set()
        await task
