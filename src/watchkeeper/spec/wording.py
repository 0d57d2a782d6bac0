"""How problems speak: lists of what is allowed, the nearest right word, the name of a place."""

import difflib
from collections.abc import Iterable

from watchkeeper.problem import Problem, Severity, Span
from watchkeeper.spec.nodes import Path

_SINGULAR = {
    "alerts": "alert",
    "budget_policy": "budget state",
    "classes": "class",
    "dashboards": "dashboard",
    "dependencies": "dependency",
    "dialects": "dialect",
    "log_alerts": "log alert",
    "metrics": "metric",
    "receivers": "receiver",
    "recordings": "recording",
    "schedules": "schedule",
    "services": "service",
    "slos": "SLO",
    "teams": "team",
    "tests": "tests of alert",
}

_MAX_CANDIDATES = 1000
"""Comparing takes some microseconds each; nobody has more names, and the tz database has 600."""


def error(code: str, span: Span, summary: str, *, found: str = "", allowed: str = "", fix: str = "") -> Problem:
    return Problem(code, Severity.ERROR, span, summary, found, allowed, fix)


def warning(code: str, span: Span, summary: str, *, fix: str) -> Problem:
    return Problem(code, Severity.WARNING, span, summary, fix=fix)


def closest(word: str, allowed: Iterable[str]) -> str | None:
    """The word that was probably meant, whatever its case; None when nothing is near."""
    by_lower = {candidate.lower(): candidate for candidate in sorted(allowed)[:_MAX_CANDIDATES]}
    near = difflib.get_close_matches(word[:80].lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[near[0]] if near else None


def instead(word: str, allowed: Iterable[str], otherwise: str = "") -> str:
    """The way out of a wrong word: the right one, where one is near."""
    near = closest(word, allowed)
    return f"write `{near}`" if near else otherwise


def listed(words: Iterable[str], limit: int = 14) -> str:
    """`a, b, c`, sorted and cut where it would fill the screen."""
    ordered = sorted(words)
    if not ordered:
        return "none is defined"
    more = len(ordered) - limit
    return ", ".join(ordered[:limit]) + (f" and {more} more" if more > 0 else "")


def place(path: Path) -> str:
    """Where a path leads, in words: `alert `DatabaseDown``, `routing.routes[0]`."""
    if not path:
        return "this file"
    if path[0] == "services" and len(path) > 2:
        return f"{place(path[2:])} of service `{path[1]}`"
    if path[0] in _SINGULAR and len(path) > 1:
        inside = f"`{dotted(path[2:])}` of " if len(path) > 2 else ""
        return f"{inside}{_SINGULAR[str(path[0])]} `{path[1]}`"
    return f"`{dotted(path)}`"


def noun(section: str) -> str:
    return _SINGULAR[section]


def dotted(path: Path) -> str:
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text
