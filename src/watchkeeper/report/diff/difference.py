"""Everything that differs between two catalogs, by what it means."""

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import TypeAlias

from watchkeeper.formats.yaml import Tree
from watchkeeper.model import Catalog
from watchkeeper.report.diff import alerts, keeping, objectives, panels, routes, series
from watchkeeper.report.diff.change import MEANINGS, Change, Meaning, ordered
from watchkeeper.report.diff.pairing import services

_NAMED = 3
"""Subjects of one line; JSON names all."""

Comparison: TypeAlias = Callable[[Catalog, Catalog], Iterator[Change]]


def _services(old: Catalog, new: Catalog) -> Iterator[Change]:
    for pair in services(old, new):
        if pair.both:
            before, after = pair.both
            if before.name != after.name:
                yield Change(Meaning.OTHER, "service", before.name, after.name, "the label of every series")
        elif pair.old is not None:
            yield Change(Meaning.BLIND, f"service {pair.name}", "watched", "", "nothing of it is watched any more", 9)
        elif pair.new is not None:
            yield Change(Meaning.LOUDER, f"service {pair.name}", "", "watched", "all its alerts are new", 9)


COMPARISONS: tuple[Comparison, ...] = (
    _services,
    alerts.changes,
    objectives.changes,
    routes.changes,
    series.changes,
    panels.changes,
    keeping.changes,
)


def diff(old: Catalog, new: Catalog) -> tuple[Change, ...]:
    """What the change from one to the other means, the worst first."""
    return ordered(change for compare in COMPARISONS for change in compare(old, new))


def text(changes: tuple[Change, ...]) -> str:
    if not changes:
        return "nothing that anybody would notice"
    return "\n\n".join("\n".join(_group(meaning, list(found))) for meaning, found in groupby(changes, _meaning))


def _meaning(change: Change) -> Meaning:
    return change.meaning


def _group(meaning: Meaning, changes: list[Change]) -> Iterator[str]:
    yield f"{meaning}: {MEANINGS[meaning]}"
    yield from (f"  {_line(change)}" for change in changes)


def _line(change: Change) -> str:
    match (change.before, change.after):
        case ("", ""):
            told = ""
        case ("", after):
            told = f" new: {after}"
        case (before, ""):
            told = f" gone: {before}"
        case (before, after):
            told = f" {before} -> {after}"
    return f"{_named(change)}:{told}{';' if told else ''} {change.why}"


def _named(change: Change) -> str:
    subjects = (change.subject, *change.also)
    more = len(subjects) - _NAMED
    return ", ".join(subjects[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def tree(changes: tuple[Change, ...]) -> Tree:
    return [
        {
            "meaning": change.meaning.value,
            "subjects": [change.subject, *change.also],
            "before": change.before,
            "after": change.after,
            "why": change.why,
        }
        for change in changes
    ]
