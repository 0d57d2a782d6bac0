"""The docstring of a check as its documentation page: title, words, one bad and one good example."""

import re
from dataclasses import dataclass

_PAGE = re.compile(
    r"(?P<title>[^\n]+)\.\n\n(?P<words>.+?)\n\nBad:\n\n```yaml\n(?P<bad>.+?)```\n\nGood:\n\n```yaml\n(?P<good>.+?)```\s*",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Page:
    title: str
    words: str
    """What is told and why it matters; Markdown."""
    bad: str
    good: str
    """YAML: `groups:` or `rules:` of a rule file, with `metrics:` where the inventory matters, or definitions."""


def read(docstring: str | None) -> Page:
    """Raises ValueError for a docstring without one of the parts."""
    match = _PAGE.fullmatch(docstring or "")
    if match is None:
        raise ValueError("a check's docstring is: title, empty line, words, `Bad:` and `Good:` with YAML each")
    return Page(match["title"], match["words"], match["bad"], match["good"])
