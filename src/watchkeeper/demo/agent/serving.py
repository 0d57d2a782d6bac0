"""The agent as a process: the application, its server, and the faults that happen inside."""

import asyncio

from fastapi import Depends
from uvicorn import Server

from watchkeeper.demo.agent import database
from watchkeeper.demo.agent.app import create_app
from watchkeeper.demo.agent.observability import observe
from watchkeeper.demo.agent.sabotage import Gate, await_deploy, block_loop, cut_database, version_wanted
from watchkeeper.demo.config import DemoConfig
from watchkeeper.demo.faults import FaultWatch
from watchkeeper.demo.process import http_server, serve

DRAIN_SECONDS = 30


async def serve_agent(config: DemoConfig, stop: asyncio.Event) -> None:
    """Until `stop`, or until another version is deployed; then requests are finished first."""
    config.state.mkdir(parents=True, exist_ok=True)
    watch = FaultWatch(config.faults)
    watch.refresh()
    version = version_wanted(watch.now, config.version)
    wk = observe(config, version)
    engine = database.connect(config.state / "copilot.db")
    cut_database(engine, watch)
    app = create_app(config, version, wk, engine, gates=(Depends(Gate(watch)),))
    server = http_server(app, config.agent_port)
    background = (
        asyncio.ensure_future(watch.follow(stop)),
        asyncio.ensure_future(block_loop(watch, stop)),
        asyncio.ensure_future(_leave_for_another(server, config, version)),
    )
    try:
        await serve(server, stop)
    finally:
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        wk.close()


async def _leave_for_another(server: Server, config: DemoConfig, version: str) -> None:
    await await_deploy(FaultWatch(config.faults), version, config.version)
    server.config.timeout_graceful_shutdown = DRAIN_SECONDS
    server.should_exit = True
