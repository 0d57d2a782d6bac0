"""The console as an ASGI application: addresses to pages, inside the guard."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from watchkeeper.console.alert import alert
from watchkeeper.console.alerts import alerts
from watchkeeper.console.guard import Guard
from watchkeeper.console.now import now
from watchkeeper.console.page import respond
from watchkeeper.console.runbook import runbook
from watchkeeper.console.runbooks import Runbooks
from watchkeeper.console.sources import Sources

_STATIC = Path(__file__).parent / "static"
_FILES = {"console.css": "text/css", "console.js": "text/javascript", "icon.svg": "image/svg+xml"}
_LONGEST_NAME = 200


def app(sources: Sources, *, port: int, pages: Runbooks) -> Starlette:
    """The console for one address on this machine; the port is part of what the Host header must say."""

    # plain functions run in threads: every page waits for the engines
    def show_now(request: Request) -> Response:
        return respond(request, sources, now(sources))

    def show_alerts(request: Request) -> Response:
        return respond(request, sources, alerts(sources))

    def show_alert(request: Request) -> Response:
        name = request.path_params["name"][:_LONGEST_NAME]
        labels = tuple((key, text) for key, text in request.query_params.items() if key != "format")
        return respond(request, sources, alert(sources, pages, name, labels))

    def show_runbook(request: Request) -> Response:
        return respond(request, sources, runbook(sources, pages, request.path_params["name"][:_LONGEST_NAME]))

    async def health(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def static(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _FILES:
            return PlainTextResponse("Not found\n", 404)
        return FileResponse(_STATIC / name, media_type=_FILES[name], headers={"cache-control": "no-cache"})

    return Starlette(
        routes=[
            Route("/", show_now),
            Route("/alerts", show_alerts),
            Route("/alerts/{name}", show_alert),
            Route("/runbooks/{name}", show_runbook),
            Route("/health", health),
            Route("/static/{name}", static),
        ],
        middleware=[Middleware(Guard, port=port)],
    )
