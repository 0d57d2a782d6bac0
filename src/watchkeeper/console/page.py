"""One address, three prints: HTML for people, Markdown for a message, JSON for a program."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from watchkeeper.console import cells, words
from watchkeeper.console.sources import Sources

_TEMPLATES = Path(__file__).parent / "templates"
_RESERVED = re.compile(r"([\\`*_{}\[\]<>#|])")


class Format(StrEnum):
    HTML = "html"
    JSON = "json"
    MARKDOWN = "md"


@dataclass(frozen=True, slots=True)
class Page:
    """Facts with the template and the function that print them."""

    template: str
    facts: object
    """A dataclass: the JSON print, and `facts` in the template."""
    markdown: Callable[[], str]
    shown: Mapping[str, object]
    """What else the template needs to print the same facts."""
    status: int = 200


def respond(request: Request, sources: Sources, page: Page) -> Response:
    asked = request.query_params.get("format", Format.HTML)
    match asked:
        case Format.JSON:
            return Response(msgspec.json.encode(page.facts), page.status, media_type="application/json")
        case Format.MARKDOWN:
            return Response(page.markdown(), page.status, media_type="text/markdown")
        case Format.HTML:
            return HTMLResponse(_html(request, sources, page), page.status)
    return PlainTextResponse(f"format must be one of {', '.join(Format)}\n", 400)


def _html(request: Request, sources: Sources, page: Page) -> str:
    now = sources.clock()
    return (
        _environment()
        .get_template(page.template)
        .render(
            facts=page.facts,
            now=now,
            environment=sources.environment,
            path=request.url.path,
            clock=lambda at: words.clock(at, now, sources.zone),
            second=lambda at: words.second(at, sources.zone),
            iso=lambda at: words.iso(at, sources.zone),
            zone=words.zone_name(now, sources.zone),
            **page.shown,
        )
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals |= {
        "share": words.share,
        "lasting": words.lasting,
        "factor": words.factor,
        "amount": words.amount,
        "cell": cells.cell,
        "value_of": cells.value,
        "reach_of": cells.reach,
    }
    return environment


def escaped(text: str) -> str:
    """Foreign text inside Markdown: one line, and no sign means anything."""
    return _RESERVED.sub(r"\\\1", " ".join(text.split()))
