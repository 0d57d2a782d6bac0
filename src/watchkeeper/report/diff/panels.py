"""Dashboards: panels gone and new, and panels that ask something else."""

from collections.abc import Iterator

from watchkeeper import promql
from watchkeeper.model import Catalog, Dashboard, Panel
from watchkeeper.report.diff.change import Change, Meaning
from watchkeeper.report.diff.pairing import pairs


def changes(old: Catalog, new: Catalog) -> Iterator[Change]:
    shown = {name for board in new.dashboards for panel in board.panels for name in _names(panel)}
    for pair in pairs(old.dashboards, new.dashboards, lambda board: board.key):
        if pair.new is None:
            yield Change(Meaning.OTHER, f"dashboard {pair.name}", pair.old.title if pair.old else "", "", "it is gone")
        elif pair.old is None:
            yield Change(Meaning.OTHER, f"dashboard {pair.name}", "", pair.new.title, f"for {pair.new.audience}")
        yield from _panels(pair.name, pair.old, pair.new, shown)


def _panels(board: str, old: Dashboard | None, new: Dashboard | None, shown: set[str]) -> Iterator[Change]:
    before, after = (side.panels if side else () for side in (old, new))
    for pair in pairs(before, after, lambda panel: panel.key):
        subject = f"panel {board}/{pair.name}"
        if pair.both:
            yield from _changed(subject, *pair.both)
        elif pair.old is not None:
            yield _gone(subject, pair.old, shown)
        elif pair.new is not None:
            yield Change(Meaning.OTHER, subject, "", pair.new.title, "a new panel")


def _gone(subject: str, panel: Panel, shown: set[str]) -> Change:
    unseen = sorted(_names(panel) - shown)
    if unseen:
        why = f"no other panel shows {', '.join(unseen)}"
        return Change(Meaning.BLIND, subject, panel.title, "", why)
    return Change(Meaning.OTHER, subject, panel.title, "", "what it showed is in other panels, too")


def _changed(subject: str, old: Panel, new: Panel) -> Iterator[Change]:
    before, after = ("; ".join(query.value for query in panel.queries) for panel in (old, new))
    if before != after:
        yield Change(Meaning.OTHER, subject, before, after, "it asks something else")
    if old.thresholds != new.thresholds:
        yield Change(Meaning.OTHER, subject, "", "", "it is compared with other objectives or alerts")


def _names(panel: Panel) -> set[str]:
    return {name for query in panel.queries for name in promql.metrics(promql.parse(query.value))}
