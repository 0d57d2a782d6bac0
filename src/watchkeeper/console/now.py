"""*Now*: are people hurt, and what do I do?"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from watchkeeper.console import cells, words
from watchkeeper.console.facts import ActiveAlert, Now, SloRow
from watchkeeper.console.page import Page, escaped
from watchkeeper.console.situation import situation
from watchkeeper.console.sources import Sources
from watchkeeper.console.verdict import verdict


def now(sources: Sources) -> Page:
    seen = situation(sources)
    facts = Now(seen, verdict(seen, sources.zone))
    channels = channel_words(sources)
    return Page(
        "now.html",
        facts,
        lambda: markdown(facts, sources, channels),
        {"channels": channels, "rows": [row_cells(row, seen.at) for row in seen.slos]},
    )


def channel_words(sources: Sources) -> Callable[[str], str]:
    definitions = sources.definitions()
    return definitions.channel if definitions else str


@dataclass(frozen=True, slots=True)
class RowCells:
    """An objective in words."""

    row: SloRow
    good: cells.Cell
    failing: cells.Cell
    budget: cells.Cell
    burn: cells.Cell
    lasts: cells.Cell
    history: cells.Cell


def row_cells(row: SloRow, at: float) -> RowCells:
    return RowCells(
        row,
        good=cells.cell(row.good, words.share, at),
        failing=cells.cell(row.failing, words.share, at),
        budget=cells.cell(row.budget_left, lambda left: "whole" if row.young else words.share(left), at),
        burn=cells.cell(row.burn, words.factor, at),
        lasts=cells.cell(row.exhausted_in, lambda seconds: outlasts(seconds, row), at),
        history=cells.cell(row.coverage, lambda covered: f"{words.share(covered)} of {row.window}", at),
    )


def outlasts(seconds: float, row: SloRow) -> str:
    """A pace that leaves budget at the end of the window spends nothing that matters."""
    return f"more than {row.window}" if seconds > row.window_seconds else words.lasting(seconds)


def markdown(facts: Now, sources: Sources, channels: Callable[[str], str]) -> str:
    return "\n".join(_lines(facts, sources, channels)) + "\n"


def _lines(facts: Now, sources: Sources, channels: Callable[[str], str]) -> Iterator[str]:
    seen = facts.situation
    yield f"# {facts.verdict.level.upper()}: {escaped(facts.verdict.text)}"
    yield ""
    yield f"As of {words.iso(seen.at, sources.zone)}, environment {escaped(seen.environment)}."
    yield ""
    yield f"## Firing: {len(seen.firing)}, pending: {len(seen.pending)}"
    yield ""
    yield from (_alert_line(alert, sources, seen.at, channels) for alert in seen.alerts)
    if not seen.alerts:
        yield "Nothing."
    yield ""
    yield "## Objectives"
    yield ""
    yield "| objective | target | good | failing now | budget left | burn 1 h | lasts | history |"
    yield "|---|---|---|---|---|---|---|---|"
    yield from (_row_line(row_cells(row, seen.at)) for row in seen.slos)
    yield ""
    yield "## What changed"
    yield ""
    changed = seen.changes.value or ()
    yield from (f"- {words.clock(one.at, seen.at, sources.zone)} {escaped(one.text)}" for one in changed)
    if not changed:
        yield "Nothing in the last 3 h." if seen.changes.current is not None else seen.changes.why
    yield ""
    yield "## Who was told"
    yield ""
    told = seen.told.current
    yield f"{told.pages} pages, {told.messages} messages." if told else escaped(f"Unknown: {seen.told.why}")
    for message in told.recent if told else ():
        yield f"- {words.clock(message.at, seen.at, sources.zone)} {escaped(message.channel)}: {escaped(message.title)}"


def _alert_line(alert: ActiveAlert, sources: Sources, at: float, channels: Callable[[str], str]) -> str:
    since = f"since {words.clock(alert.since, at, sources.zone)}"
    value = f", {escaped(cells.value(alert))} ({escaped(alert.threshold)})" if alert.value is not None else ""
    return (
        f"- **{alert.severity} {alert.phase}** [{escaped(alert.name)}]({alert.address}) {since}{value}: "
        f"{escaped(alert.summary)} ({escaped(cells.reach(alert, channels))})"
    )


def _row_line(shown: RowCells) -> str:
    row = shown.row
    texts = (
        row.title,
        words.share(row.target),
        shown.good.text,
        shown.failing.text,
        shown.budget.text,
        shown.burn.text,
        shown.lasts.text,
        shown.history.text,
    )
    return "| " + " | ".join(map(escaped, texts)) + " |"
