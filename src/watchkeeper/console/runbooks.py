"""Runbook pages: found by name, rendered from Markdown without HTML, images or links that run anything."""

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources.abc import Traversable

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_LINK = re.compile(r"https?://[^\s<>\"]+|#[\w-]+|(?P<page>[a-z0-9][a-z0-9_-]*)\.md(?P<anchor>#[\w-]+)?")
_DEEPEST = 6


class Runbooks:
    """Pages of one or more folders; the first folder that has a name wins."""

    def __init__(self, folders: Sequence[Traversable]) -> None:
        self._folders = folders

    def text(self, name: str) -> str | None:
        """The Markdown of a page, by its name without `.md`; None when there is no such page."""
        if not NAME.fullmatch(name):
            return None
        for folder in self._folders:
            page = folder / f"{name}.md"
            if page.is_file():
                return page.read_bytes().decode("utf-8", "replace")
        return None


def name_of(file: str) -> str:
    """`database-down.md` -> `database-down`; empty for anything that is no page's name."""
    name = file.removesuffix(".md")
    return name if NAME.fullmatch(name) else ""


class _Markdown(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802 - the library's name
        """Web addresses, other runbooks, and places on the page. Everything else stays text."""
        return _LINK.fullmatch(url) is not None


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    return (
        _Markdown("commonmark", {"html": False})
        .enable("table")
        .disable(["image", "html_block", "html_inline", "autolink"])
    )


def rendered(text: str, *, deeper: int = 0) -> Markup:
    """HTML of a page without its title, which is its reader's; headings sink by `deeper` levels, under those around."""
    tokens = _parser().parse(text)
    if tokens and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
        tokens = tokens[3:]
    for index, token in enumerate(tokens):
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + deeper, _DEEPEST)}"
        if token.type == "heading_open":
            token.attrSet("id", anchor(tokens[index + 1].content))
        if token.type == "fence":
            token.info = ""
        _relink(token.children or [])
    html = _parser().renderer.render(tokens, _parser().options, {})
    # the parser escaped every text, HTML is switched off and every link was matched against the list above
    return Markup(html)  # noqa: S704


def anchor(heading: str) -> str:
    return "page-" + "-".join(re.findall(r"\w+", heading.lower()))


def _relink(tokens: Sequence[Token]) -> None:
    for token in tokens:
        if token.type != "link_open":
            continue
        href = str(token.attrGet("href") or "")
        found = _LINK.fullmatch(href)
        if found is None:
            token.attrSet("href", "#")
        elif found["page"]:
            token.attrSet("href", f"/runbooks/{found['page']}" + _moved(found["anchor"] or ""))
        elif href.startswith("#"):
            token.attrSet("href", _moved(href))
        else:
            token.attrSet("rel", "noopener noreferrer external")


def _moved(place: str) -> str:
    return f"#page-{place[1:]}" if place else ""
