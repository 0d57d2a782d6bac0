"""The whole demo in one event loop, at full speed, for tests: agent, modules, providers and cache."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import msgspec
from fastapi import Depends
from starlette.types import ASGIApp

import watchkeeper
from demo_bench import config_in, dice, serving
from watchkeeper.copilot import Instruments
from watchkeeper.demo.agent import database
from watchkeeper.demo.agent.app import create_app
from watchkeeper.demo.agent.observability import Wk
from watchkeeper.demo.agent.sabotage import Gate, cut_database
from watchkeeper.demo.cache import Cache, FakeServer
from watchkeeper.demo.config import DemoConfig
from watchkeeper.demo.faults import Faults, FaultWatch, activate
from watchkeeper.demo.modules.hosting import ModuleHost
from watchkeeper.demo.modules.services import Workload
from watchkeeper.demo.providers.app import Emulator
from watchkeeper.demo.providers.behaviour import INSTANT
from watchkeeper.demo.providers.ledger import Ledger


@dataclass
class Town:
    config: DemoConfig
    wk: Wk
    watch: FaultWatch
    emulator: Emulator
    modules: ModuleHost
    cache: Cache
    http: httpx2.AsyncClient
    log: io.StringIO
    _headers: dict[str, str] = field(default_factory=dict)

    async def break_(self, *typed: str) -> None:
        """As `demo break` does, but at once and everywhere."""
        name, *arguments = typed
        await self._now(self.watch.now.broken(activate(name, arguments, since=0.0)))

    async def heal(self) -> None:
        await self._now(Faults())

    async def login(self, user: str = "ada", **headers: str) -> httpx2.Response:
        answer = await self.http.post("/api/v1/login", json={"user": user}, headers=headers)
        if answer.status_code == 200:
            self._headers = {"Authorization": f"Bearer {answer.json()['token']}"}
        return answer

    async def post(self, path: str, **body: str) -> httpx2.Response:
        return await self.http.post(f"/api/v1/{path}", json=body, headers=self._headers)

    async def get(self, path: str) -> httpx2.Response:
        return await self.http.get(f"/api/v1/{path}", headers=self._headers)

    async def conversation(self) -> str:
        """A new conversation of somebody who is logged in."""
        if not self._headers:
            await self.login()
        return f"conversations/{(await self.post('conversations')).json()['id']}"

    async def ask(self, text: str = "Why?", **more: str) -> httpx2.Response:
        return await self.post(f"{await self.conversation()}/messages", text=text, **more)

    async def ask_for_stream(self, text: str = "Why?", **more: str) -> httpx2.Response:
        return await self.post(f"{await self.conversation()}/messages/stream", text=text, **more)

    def events(self, request_class: str, outcome: str) -> float:
        return self.wk.m.sli_events_total.value("availability", request_class, outcome)

    def tokens(self, model: str, kind: str) -> float:
        return self.wk.m.llm_tokens_total.value("anthropic" if "claude" in model else "openai", model, kind)

    async def _now(self, faults: Faults) -> None:
        self.watch.now = faults
        await self.modules.apply(faults)
        await self.cache.apply(faults)


@asynccontextmanager
async def town(directory: Path, *broken: str) -> AsyncIterator[Town]:
    """Ready to be asked. What is `broken` is so before the agent starts."""
    config = config_in(directory)
    watch = FaultWatch(config.faults)
    watch.now = Faults(tuple(activate(*_typed(fault), since=0.0) for fault in broken))
    log = io.StringIO()
    wk = watchkeeper.init(
        Instruments, service="copilot", version="1.0.0", environment="test", metrics_port=None, log_stream=log
    )
    emulator = Emulator(Ledger(), lambda: watch.now, lambda _: INSTANT, dice=dice(1))
    modules = ModuleHost(config.module_ports, Workload((0.0, 0.0), dice(1)))
    cache = Cache(FakeServer(config.cache_port))
    try:
        await modules.apply(watch.now)
        await cache.apply(watch.now)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(serving(emulator, config.providers_port))
            await stack.enter_async_context(serving(agent(config, wk, watch), config.agent_port))
            http = await stack.enter_async_context(httpx2.AsyncClient(base_url=f"http://127.0.0.1:{config.agent_port}"))
            yield Town(config, wk, watch, emulator, modules, cache, http, log)
    finally:
        await modules.close()
        await cache.close()
        wk.close()


def agent(config: DemoConfig, wk: Wk, watch: FaultWatch) -> ASGIApp:
    engine = database.connect(config.state / "copilot.db")
    cut_database(engine, watch)
    return create_app(config, "1.0.0", wk, engine, gates=(Depends(Gate(watch, dice(1))),))


def in_town(directory: Path, scenario: Callable[[Town], Awaitable[None]], *broken: str) -> None:
    async def whole() -> None:
        async with town(directory, *broken) as ready:
            await scenario(ready)

    asyncio.run(whole())


def said(log: io.StringIO, event: str) -> list[dict[str, object]]:
    """The log lines of an event."""
    lines = (msgspec.json.decode(line, type=dict[str, object]) for line in log.getvalue().splitlines())
    return [line for line in lines if line["event"] == event]


def _typed(fault: str) -> tuple[str, list[str]]:
    name, *arguments = fault.split()
    return name, arguments
