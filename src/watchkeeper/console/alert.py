"""*Alert*: why did this fire, is it real, who knows, what do I do?"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from markupsafe import Markup

from watchkeeper.console import cells, chart, runbooks, words
from watchkeeper.console.definitions import Curve, DefinedAlert
from watchkeeper.console.facts import (
    ActiveAlert,
    Health,
    Labels,
    Message,
    Phase,
    Presence,
    Reading,
    Situation,
    identity,
    present,
)
from watchkeeper.console.now import channel_words
from watchkeeper.console.page import Page, escaped
from watchkeeper.console.situation import situation
from watchkeeper.console.sources import Answer, Sources, absence
from watchkeeper.console.verdict import PROMETHEUS
from watchkeeper.live.prometheus import Series
from watchkeeper.model import Unit

DRAWN_SECONDS = 3 * 3600.0
STEP_SECONDS = 30.0
GRID_SECONDS = 5.0
MESSAGES = 20


@dataclass(frozen=True, slots=True)
class Drawing:
    """One curve of the last three hours."""

    title: str
    unit: Unit
    threshold: float | None
    lines: Reading[tuple[chart.Line, ...]]


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """One alert: as it is defined, as it fires, as it was told."""

    at: float
    name: str
    phase: str
    """`firing`, `pending`, `inactive`, or `unknown` while Prometheus does not say."""
    defined: DefinedAlert | None
    active: tuple[ActiveAlert, ...]
    drawings: tuple[Drawing, ...]
    told: Reading[tuple[Message, ...]]
    """Notifications about this alert, newest first."""
    runbook: str
    """Name of its page; empty when it has none."""

    @property
    def known(self) -> bool:
        return self.defined is not None or bool(self.active)

    @property
    def texts(self) -> ActiveAlert | DefinedAlert | None:
        """Where summary, impact and actions come from; those of a firing alert are filled in."""
        return self.active[0] if self.active else self.defined


def alert(sources: Sources, pages: runbooks.Runbooks, name: str, labels: Labels) -> Page:
    facts = _facts(sources, name, labels)
    loading = sources.definitions() is None
    channels = channel_words(sources)
    text = pages.text(facts.runbook) or ""
    span = _span(facts.at, sources)
    shown: dict[str, object] = {
        "channels": channels,
        "loading": loading,
        "runbook": runbooks.rendered(text, deeper=1) if text else Markup(""),
        "charts_drawn": [DrawnChart.of(drawing, span, index) for index, drawing in enumerate(facts.drawings)],
    }
    status = 200 if facts.known or loading else 404
    return Page("alert.html", facts, lambda: "\n".join(_lines(facts, sources, channels, text)) + "\n", shown, status)


def _facts(sources: Sources, name: str, labels: Labels) -> AlertFacts:
    seen = situation(sources)
    definitions = sources.definitions()
    defined = definitions.find(name, dict(labels)) if definitions else None
    active = tuple(one for one in seen.alerts if one.name == name and set(labels) <= set(one.labels))
    asked = [sources.ask(_question(sources, curve, seen.at)) for curve in (defined.curves if defined else ())]
    drawings = [
        _drawing(curve, answer.result(), seen.at)
        for curve, answer in zip(defined.curves if defined else (), asked, strict=True)
    ]
    page = (active[0].runbook if active else "") or (defined.runbook if defined else "")
    return AlertFacts(
        at=seen.at,
        name=name,
        phase=_phase(seen, active),
        defined=defined,
        active=active,
        drawings=tuple(drawings),
        told=_told(sources, name, seen.at),
        runbook=runbooks.name_of(page),
    )


def _phase(seen: Situation, active: tuple[ActiveAlert, ...]) -> str:
    phases = {one.phase for one in active}
    if phases:
        return Phase.FIRING if Phase.FIRING in phases else Phase.PENDING
    return "inactive" if seen.backend(PROMETHEUS).health is Health.UP else "unknown"


def _span(now: float, sources: Sources) -> chart.Span:
    """On the grid of the fastest scrape: a refresh in between draws the same curve again."""
    end = now // GRID_SECONDS * GRID_SECONDS
    return chart.Span(end - DRAWN_SECONDS, end, STEP_SECONDS, sources.zone)


def _question(sources: Sources, curve: Curve, now: float) -> Callable[[], tuple[Series, ...]]:
    span = _span(now, sources)
    return lambda: sources.metrics.range(curve.query, span.start, span.end, span.step)


def _drawing(curve: Curve, answer: Answer[tuple[Series, ...]], now: float) -> Drawing:
    lines = tuple(chart.Line(identity(tuple(one.labels.items())), one.points) for one in answer.value or ())
    reading = present(lines, now) if lines else absence(answer, starting=False)
    return Drawing(curve.title, curve.unit, curve.threshold, reading)


def _told(sources: Sources, name: str, now: float) -> Reading[tuple[Message, ...]]:
    answer = sources.ask(sources.inbox.messages).result()
    if answer.value is None:
        return Reading(Presence.BACKEND_DOWN, why=str(answer.failure))
    return present(tuple(message for message in answer.value if message.alert == name)[:MESSAGES], now)


@dataclass(frozen=True, slots=True)
class DrawnChart:
    """A drawing in both widths, with its table and its sentence."""

    drawing: Drawing
    number: int
    wide: chart.Chart
    narrow: chart.Chart
    described: str
    tables: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]

    @classmethod
    def of(cls, drawing: Drawing, span: chart.Span, number: int) -> "DrawnChart":
        lines, limit, unit = drawing.lines.current or (), drawing.threshold, drawing.unit
        return cls(
            drawing,
            number,
            chart.chart(lines, limit, unit, span, chart.WIDE),
            chart.chart(lines, limit, unit, span, chart.NARROW),
            chart.described(lines, limit, unit),
            tuple((line.name, chart.table(line, unit, span)) for line in lines[: chart.MOST_LINES]),
        )


def _lines(facts: AlertFacts, sources: Sources, channels: Callable[[str], str], runbook: str) -> Iterator[str]:
    yield f"# {escaped(facts.name)}: {facts.phase}"
    yield ""
    if facts.texts is None:
        yield "No alert of this name is defined or fires."
        return
    yield escaped(facts.texts.summary)
    yield ""
    for one in facts.active:
        yield (
            f"- {one.phase} since {words.clock(one.since, facts.at, sources.zone)} {escaped(one.identity)}: "
            f"{escaped(cells.value(one) or 'value unknown')}; {escaped(cells.reach(one, channels))}"
        )
    yield f"- fires when: {escaped(facts.texts.threshold or 'see the expression')}"
    for drawing in facts.drawings:
        described = chart.described(drawing.lines.current or (), drawing.threshold, drawing.unit)
        yield f"- {escaped(drawing.title)}: {escaped(described)}"
    yield f"- impact: {escaped(facts.texts.impact)}"
    yield f"- escalation: {escaped(facts.texts.escalation)}"
    yield f"- found: {escaped(facts.texts.detection or 'at the next evaluation')}"
    yield ""
    yield "## Do this"
    yield ""
    yield from (f"{number}. {escaped(action)}" for number, action in enumerate(facts.texts.actions, 1))
    yield ""
    yield "## Who was told"
    yield ""
    yield from _told_lines(facts, sources)
    if runbook:
        yield ""
        yield "## Runbook"
        yield ""
        yield runbook


def _told_lines(facts: AlertFacts, sources: Sources) -> Iterator[str]:
    if facts.defined:
        yield f"When it fires: {escaped(', '.join(facts.defined.receivers))}."
    told = facts.told.current
    if told is None:
        yield escaped(f"Unknown: {facts.told.why}")
    elif not told:
        yield "Nobody, as far as the inbox reaches back."
    for message in told or ():
        at = words.clock(message.at, facts.at, sources.zone)
        yield f"- {at} {'' if message.firing else 'resolved, '}{escaped(message.channel)}: {escaped(message.title)}"
