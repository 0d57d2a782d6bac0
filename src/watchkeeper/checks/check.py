"""What a check is: a name, a page, and pure functions from a subject to what is wrong with it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from watchkeeper.checks.definitions import Definitions
from watchkeeper.checks.rules import Rules
from watchkeeper.problem import Problem, Severity, Span


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong at one place; the check it comes from lends it a name and a severity."""

    span: Span
    summary: str
    """The subject first, lower case, one line."""
    found: str = ""
    allowed: str = ""
    fix: str = ""
    severity: Severity | None = None
    """Only where it differs from the check's own."""


RulesCheck: TypeAlias = Callable[[Rules], Iterator[Finding]]
DefinitionsCheck: TypeAlias = Callable[[Definitions, Rules], Iterator[Finding]]
"""Definitions, and the rules that were compiled from them."""


@dataclass(frozen=True, slots=True)
class Check:
    """One row of the table in docs/reference/checks.md."""

    id: str
    """`L06`: short, for comments that ignore it."""
    slug: str
    """`average-of-ratios`: the code of its problems and the heading of its section."""
    severity: Severity
    page: str | None
    """The docstring of its module: what, why, a bad and a good example."""
    rules: RulesCheck | None = None
    """Looks at rule files: compiled ones and those of others."""
    definitions: DefinitionsCheck | None = None
    """Looks at what only definitions say: objectives, intervals, owners."""
    needs_inventory: bool = False
    """Silent about metrics that nobody declared, so that nobody can say whether a comment that ignores it is needed."""
    door: tuple[str, ...] = ()
    """Codes under which `spec` refuses such definitions before any check is asked."""

    def problem(self, finding: Finding) -> Problem:
        severity = finding.severity or self.severity
        return Problem(self.slug, severity, finding.span, finding.summary, finding.found, finding.allowed, finding.fix)
