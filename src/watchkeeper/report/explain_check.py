"""A check: what it tells and why, by its number (`L06`) or its name."""

from collections.abc import Iterator

from watchkeeper.checks import CHECKS
from watchkeeper.checks.page import read
from watchkeeper.report.explanation import Explanation, Fact


def names() -> Iterator[str]:
    yield from (word for check in CHECKS for word in (check.id, check.slug))


def explanations(name: str) -> Iterator[Explanation]:
    for check in CHECKS:
        if name in {check.id, check.slug}:
            page = read(check.page)
            facts = (
                Fact("severity", check.severity),
                Fact("why", _reflowed(page.words)),
                Fact("bad", page.bad.rstrip(), verbatim=True),
                Fact("good", page.good.rstrip(), verbatim=True),
            )
            yield Explanation("check", f"{check.id} {check.slug}", f"{page.title}.", facts)


def _reflowed(words: str) -> str:
    """One line a paragraph."""
    return "\n\n".join(" ".join(paragraph.split("\n")) for paragraph in words.split("\n\n"))
