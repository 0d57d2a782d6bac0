"""The application: routes, resources, and what failures look like from outside."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI, Request
from fastapi.params import Depends
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import ASGIApp

from watchkeeper.demo.agent import health, routes
from watchkeeper.demo.agent.database import Store
from watchkeeper.demo.agent.models import ProviderError
from watchkeeper.demo.agent.modules import ModuleError
from watchkeeper.demo.agent.observability import CLASSES, Wk
from watchkeeper.demo.agent.services import open_services
from watchkeeper.demo.config import DemoConfig

KEEP_SECONDS = 6 * 3600.0
_TIDY_SECONDS = 600.0
_RETRY_SECONDS = 1.0


def create_app(
    config: DemoConfig, version: str, wk: Wk, engine: AsyncEngine, *, gates: Sequence[Depends] = ()
) -> ASGIApp:
    """`gates` are passed by every API request before anything else."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with open_services(config, version, wk, engine) as services:
            app.state.services = services
            with suppress(SQLAlchemyError):
                await services.store.create()
            tidying = asyncio.ensure_future(tidy(services.store, wk))
            yield
            tidying.cancel()
            with suppress(asyncio.CancelledError):
                await tidying

    app = FastAPI(
        title="Copilot",
        version=version,
        lifespan=lifespan,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.include_router(routes.router, dependencies=gates)
    app.include_router(health.router)
    add_failures(app, wk)
    return wk.asgi(app, classes=CLASSES)


def add_failures(app: FastAPI, wk: Wk) -> None:
    """What people are told when something behind us fails; `wk.failed` names what it was."""
    llm, database, modules = wk.logger("llm"), wk.logger("database"), wk.logger("modules")

    @app.exception_handler(ProviderError)
    async def provider_failed(_: Request, error: ProviderError) -> JSONResponse:
        llm.error("llm.request.failed", provider=error.provider)
        wk.failed(dependency=error.provider)
        return JSONResponse({"detail": "the model does not answer"}, 503 if error.busy else 502)

    @app.exception_handler(SQLAlchemyError)
    async def database_failed(_: Request, error: SQLAlchemyError) -> JSONResponse:
        database.error("db.query.failed", error=type(error).__name__)
        wk.failed(dependency="database")
        return JSONResponse({"detail": "the database does not answer"}, 503)

    @app.exception_handler(ModuleError)
    async def module_failed(_: Request, error: ModuleError) -> JSONResponse:
        modules.error("module.request.failed", module=error.module)
        wk.failed(dependency=f"module-{error.module}")
        return JSONResponse({"detail": f"{error.module} does not answer"}, 503)


async def tidy(store: Store, wk: Wk) -> None:
    """Make the tables, however late the database comes; forget old conversations, so that the disk does not fill."""
    log = wk.logger("database")
    while True:
        pause = _TIDY_SECONDS
        try:
            await store.create()
            await store.forget(time.time() - KEEP_SECONDS)
        except SQLAlchemyError as error:
            log.warning("db.tidy.failed", error=type(error).__name__)
            pause = _RETRY_SECONDS
        await asyncio.sleep(pause)
