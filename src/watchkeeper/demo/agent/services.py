"""What the routes work with, opened once when the service starts."""

import hmac
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine

from watchkeeper.demo.agent import context, database, models
from watchkeeper.demo.agent.copilot import Copilot
from watchkeeper.demo.agent.fallback import Fallback
from watchkeeper.demo.agent.identity import Presence, Tokens, signing_key
from watchkeeper.demo.agent.modules import Modules
from watchkeeper.demo.agent.observability import Wk
from watchkeeper.demo.agent.workqueue import WorkQueue
from watchkeeper.demo.config import DemoConfig


@dataclass(frozen=True, slots=True)
class Services:
    wk: Wk
    version: str
    store: database.Store
    context: context.Context
    modules: Modules
    copilot: Copilot
    queue: WorkQueue
    tokens: Tokens
    presence: Presence
    probe_secret: str

    def is_probe(self, secret: str) -> bool:
        return hmac.compare_digest(secret, self.probe_secret)

    def measure_queue(self) -> None:
        self.wk.m.queue_depth.set(self.queue.depth, queue="workflows")
        self.wk.m.queue_oldest_age_seconds.set(self.queue.oldest_age, queue="workflows")

    async def check_cache(self) -> None:
        await self.context.check()


@asynccontextmanager
async def open_services(config: DemoConfig, version: str, wk: Wk, engine: AsyncEngine) -> AsyncGenerator[Services]:
    store = database.Store(wk.database(engine))
    cache = wk.redis(context.connect(config.cache_port))
    modules = Modules(config.module_ports, wk)
    remembered = context.Context(store, cache, wk)
    providers = models.connect(wk, f"http://127.0.0.1:{config.providers_port}", api_key="for-the-emulator")
    services = Services(
        wk=wk,
        version=version,
        store=store,
        context=remembered,
        modules=modules,
        copilot=Copilot(store, remembered, modules, Fallback(providers, wk), wk),
        queue=WorkQueue(),
        tokens=Tokens(signing_key(config.state / "signing-key")),
        presence=Presence(wk.m.sessions_active.set),
        probe_secret=config.probe_secret_file.read_text().strip(),
    )
    watch_dependencies(services)
    wk.before_scrape(services.measure_queue)
    yield services
    await providers.close()
    await modules.close()
    await cache.aclose()
    await store.close()


def watch_dependencies(services: Services) -> None:
    """`dependency_up` for each thing this service cannot work without, or works worse."""
    services.wk.dependency("database", services.store.ping)
    services.wk.dependency("cache", services.check_cache)
    for module in services.modules.ports:
        services.wk.dependency(f"module-{module}", partial(services.modules.check, module))
