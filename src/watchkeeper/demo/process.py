"""How each process of the demo begins and ends: `--config PATH` at one end, SIGTERM or SIGINT at the other."""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from watchkeeper.demo.config import ConfigError, DemoConfig

if TYPE_CHECKING:
    from starlette.types import ASGIApp
    from uvicorn import Server

Main = Callable[[DemoConfig, asyncio.Event], Awaitable[None]]


def run(name: str, main: Main) -> None:
    """Run `main` until it returns; it should return soon after the event is set."""
    parser = argparse.ArgumentParser(prog=f"python -m watchkeeper.demo.{name}")
    parser.add_argument("--config", type=Path, required=True, help="the demo's configuration, JSON")
    try:
        config = DemoConfig.load(parser.parse_args().config)
    except ConfigError as error:
        sys.exit(f"watchkeeper.demo.{name}: {error}")
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(levelname)s %(message)s")
    asyncio.run(_until_stopped(config, main))


async def _until_stopped(config: DemoConfig, main: Main) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    await main(config, stop)


def http_server(app: "ASGIApp", port: int, *, log_level: str = "warning") -> "Server":
    """A uvicorn server that leaves signals to `run`; requests get a second to finish."""
    import uvicorn

    class QuietServer(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    return QuietServer(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=port,
            log_level=log_level,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )


async def serve(server: "Server", stop: asyncio.Event) -> None:
    """Serve until `stop` is set or the server ends by itself. A server that is ending already is hurried by `stop`."""
    serving = asyncio.ensure_future(server.serve())
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if stop.is_set():
        server.force_exit = server.should_exit
        server.should_exit = True
    await serving
