"""Markdown, as far as the guide needs it: blocks with an empty line between them."""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

Blocks: TypeAlias = Iterator[str]
"""Parts of a page: headings, paragraphs, tables, lists, code."""


def page(blocks: Iterable[str]) -> str:
    return "\n\n".join(block for block in blocks if block) + "\n"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (head, tuple("---" for _ in head), *(tuple(map(cell, row)) for row in rows))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "<br>")


def items(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def steps(lines: Iterable[str]) -> str:
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))


def code(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


def link(words: str, to: str) -> str:
    return f"[{words}]({to})"
