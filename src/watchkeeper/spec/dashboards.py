"""Dashboards that would show nothing, something else than they say, or holes."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from watchkeeper import promql
from watchkeeper.model import (
    GRID_WIDTH,
    MOST_SLICES,
    Comparison,
    Draw,
    Emitter,
    Kind,
    Need,
    Pace,
    PanelKind,
    PanelUnit,
    Reading,
    Scrape,
)
from watchkeeper.problem import Problem
from watchkeeper.promql.labels import labels
from watchkeeper.promql.nodes import Node
from watchkeeper.quantity import Duration, Measure
from watchkeeper.spec import expressions, schema, series, units
from watchkeeper.spec.definitions import Definitions
from watchkeeper.spec.nodes import Path
from watchkeeper.spec.panels import reference
from watchkeeper.spec.places import Place
from watchkeeper.spec.references import unknown
from watchkeeper.spec.wording import error, instead, listed

LONGEST_RAW = Duration.of(hours=1)
"""A longer window over raw samples is read again and again by every screen; a recorded series is read in no time."""
LABEL = re.compile(r"\{\{ *([A-Za-z_][A-Za-z0-9_]*) *\}\}")
"""A label in a legend."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A panel, and where it is written."""

    d: Definitions
    path: Path
    panel: schema.Panel

    @property
    def name(self) -> str:
        return f"panel `{self.path[1]}/{self.path[3]}`"


Check: TypeAlias = Callable[[Drawn], Iterator[Problem]]


def dashboards(d: Definitions) -> Iterator[Problem]:
    for key, dashboard in d.dashboards.items():
        yield from _layout(d, key, dashboard)
        yield from _refresh(d, key, dashboard)
        for name, panel in dashboard.panels.items():
            drawn = Drawn(d, ("dashboards", key, "panels", name), panel)
            for check in _CHECKS:
                yield from check(drawn)


# --- the whole -------------------------------------------------------------------------------------


def _layout(d: Definitions, key: str, dashboard: schema.Dashboard) -> Iterator[Problem]:
    """Panels flow from left to right; every row is full and as high as its first panel."""
    row: list[str] = []
    for name, panel in dashboard.panels.items():
        path = ("dashboards", key, "panels", name)
        first = dashboard.panels[row[0]] if row else panel
        if panel.height != first.height:
            yield error(
                "layout",
                d.at(*path, "height"),
                f"panel `{key}/{name}` is not as high as the others of its row",
                found=str(panel.height),
                allowed=f"{first.height}, as `{row[0]}`",
                fix=f"write {first.height}, or change the widths before it so that it begins a row",
            )
        row.append(name)
        widths = [dashboard.panels[each].width for each in row]
        if sum(widths) > GRID_WIDTH:
            yield _not_full(d, key, row, widths)
        if sum(widths) >= GRID_WIDTH:
            row = []
    if row:
        yield _not_full(d, key, row, [dashboard.panels[each].width for each in row])


def _not_full(d: Definitions, key: str, row: list[str], widths: list[int]) -> Problem:
    said = f"{' + '.join(map(str, widths))} = {sum(widths)}" if len(widths) > 1 else str(widths[0])
    last = GRID_WIDTH - sum(widths[:-1])
    return error(
        "layout",
        d.at("dashboards", key, "panels", row[-1], "width"),
        f"a row of dashboard `{key}` is {sum(widths)} columns wide: {listed(row)}",
        found=said,
        allowed=f"{GRID_WIDTH} columns in every row",
        fix=f"write {last} here, or share {GRID_WIDTH} otherwise",
    )


def _refresh(d: Definitions, key: str, dashboard: schema.Dashboard) -> Iterator[Problem]:
    """Asking again before anything can have changed."""
    intervals = d.intervals
    nodes = [node for panel in dashboard.panels.values() for query in panel.queries if (node := _read(query.value))]
    if intervals is None or not nodes:
        return
    fastest = min(_pace(d, intervals, name) for node in nodes for name in promql.metrics(node) or ("",))
    if dashboard.refresh < fastest:
        yield error(
            "refresh",
            d.at("dashboards", key, "refresh"),
            f"dashboard `{key}` asks more often than anything on it changes",
            found=str(dashboard.refresh),
            allowed=f"{fastest} or more: how often the fastest of its series is measured or recorded",
            fix=f"write {fastest}",
        )


def _read(text: str) -> Node | None:
    try:
        return promql.parse(text)
    except promql.PromqlError:
        return None  # told at its place


def _pace(d: Definitions, intervals: schema.Intervals, name: str) -> Duration:
    metric = series.metric(d, name)
    if name in d.recordings:
        slow = all(rule.pace is Pace.SLOW for rule in d.recordings[name].rules)
        return intervals.rules_slow if slow else intervals.rules_standard
    if metric is None:  # of objectives, or made by Prometheus itself
        return intervals.rules_critical
    return intervals.scrape_critical if metric.scrape is Scrape.CRITICAL else intervals.scrape_standard


# --- what fits which kind of panel -----------------------------------------------------------------

_ONLY: dict[str, frozenset[PanelKind]] = {
    "axis": frozenset({PanelKind.SERIES}),
    "draw": frozenset({PanelKind.SERIES}),
    "every": frozenset({PanelKind.SERIES}),
    "range": frozenset({PanelKind.SERIES, PanelKind.HEATMAP, PanelKind.TIMELINE}),
    "states": frozenset({PanelKind.TIMELINE, PanelKind.STAT}),
    "thresholds": frozenset({PanelKind.STAT, PanelKind.GAUGE, PanelKind.SERIES}),
}
_ONLY_QUERIES: dict[str, frozenset[PanelKind]] = {
    "beside": frozenset({PanelKind.SERIES}),
    "exemplars": frozenset({PanelKind.SERIES}),
    "top": frozenset({PanelKind.SERIES, PanelKind.DONUT}),
}
_ONE_QUERY = frozenset({PanelKind.DONUT, PanelKind.HEATMAP, PanelKind.BARS})
_BY_ONE_LABEL = frozenset({PanelKind.DONUT, PanelKind.BARS})


def _fitting_keys(drawn: Drawn) -> Iterator[Problem]:
    kind = drawn.panel.kind
    paths = [((*drawn.path, key), kinds) for key, kinds in _ONLY.items()]
    for index in range(len(drawn.panel.queries)):
        paths += [((*drawn.path, "queries", index, key), kinds) for key, kinds in _ONLY_QUERIES.items()]
    for path, kinds in paths:
        if kind not in kinds and drawn.d.node(*path) is not None:
            yield error(
                "wrong-kind",
                drawn.d.key(*path),
                f"{drawn.name} is of kind `{kind}`, which has no `{path[-1]}`",
                found=str(path[-1]),
                allowed=f"`{path[-1]}` only in {listed(kinds)}",
                fix=f"remove `{path[-1]}`, or write `kind: {min(kinds)}`",
            )


def _needed_keys(drawn: Drawn) -> Iterator[Problem]:
    panel = drawn.panel
    lacking = []
    if panel.kind is PanelKind.TIMELINE and not panel.states:
        lacking.append(("states", "states: [{value: 0, text: closed, colour: ok}]"))
    if panel.draw is Draw.BARS and panel.every is None:
        lacking.append(("every", "every: 1h"))
    for key, example in lacking:
        yield error(
            "missing-key",
            drawn.d.key(*drawn.path),
            f"{drawn.name} lacks `{key}`",
            allowed=f"`{example}`",
            fix=f"add `{key}`",
        )
    if panel.every is not None and panel.draw is not Draw.BARS:
        yield error(
            "wrong-kind",
            drawn.d.key(*drawn.path, "every"),
            f"{drawn.name} draws {panel.draw}, which are not one per `every`",
            allowed="`every` with `draw: bars`",
            fix="write `draw: bars`, or remove `every`",
        )


def _queries_of_kind(drawn: Drawn) -> Iterator[Problem]:
    panel, path = drawn.panel, (*drawn.path, "queries")
    if panel.kind in _ONE_QUERY and len(panel.queries) > 1:
        yield error(
            "wrong-kind",
            drawn.d.at(*path, 1),
            f"{drawn.name} is of kind `{panel.kind}`, which asks one thing",
            found=f"{len(panel.queries)} queries",
            allowed="one query, grouped by one label",
            fix="join them in one expression, or make panels of them",
        )
    for index, query in enumerate(panel.queries):
        if panel.kind in _BY_ONE_LABEL and not LABEL.fullmatch(query.legend or ""):
            yield error(
                "wrong-kind",
                drawn.d.at(*path, index, "legend"),
                f"{drawn.name} is of kind `{panel.kind}`, whose parts are called by one label",
                found=query.legend or "no legend",
                allowed="one label alone: `{{provider}}`",
                fix="write the label that the expression is grouped by",
            )
        if panel.kind is PanelKind.DONUT and query.top is not None and query.top > MOST_SLICES:
            yield error(
                "too-many",
                drawn.d.at(*path, index, "top"),
                f"{drawn.name} has more slices than anybody can tell apart",
                found=str(query.top),
                allowed=f"up to {MOST_SLICES}; the rest is one more",
                fix=f"write {MOST_SLICES}, or `kind: bars`",
            )


def _gauge_of_a_share(drawn: Drawn) -> Iterator[Problem]:
    if drawn.panel.kind is PanelKind.GAUGE and drawn.panel.unit is not PanelUnit.RATIO:
        yield error(
            "wrong-unit",
            drawn.d.at(*drawn.path, "unit"),
            f"{drawn.name} is of kind `gauge`, which ends at 100 %",
            found=str(drawn.panel.unit),
            allowed="ratio",
            fix="divide by the limit, or write `kind: stat`",
        )


# --- thresholds ------------------------------------------------------------------------------------

_BELOW = frozenset({Reading.TARGET, Reading.BUDGET_LEFT})
"""Numbers under which things are bad; beyond the others they are."""
_UNITS = {
    Reading.TARGET: Measure.RATIO,
    Reading.ALLOWED: Measure.RATIO,
    Reading.WITHIN: Measure.SECONDS,
    Reading.BURN: Measure.NUMBER,
    Reading.BUDGET_LEFT: Measure.RATIO,
}


def _thresholds(drawn: Drawn) -> Iterator[Problem]:
    directions: dict[Comparison, int] = {}
    for index, threshold in enumerate(drawn.panel.thresholds):
        path = (*drawn.path, "thresholds", index)
        yield from _of_one_thing(drawn, path, threshold)
        yield from _leads_somewhere(drawn, path, threshold)
        found = _number(drawn.d, threshold)
        if found is None:
            continue
        measure, direction = found
        if measure is not None:
            yield from _same_unit(drawn, path, measure)
        directions.setdefault(direction, index)
        if len(directions) > 1 and directions[direction] == index:
            yield error(
                "conflict",
                drawn.d.at(*path),
                f"{drawn.name}: more is bad by one threshold and good by the other",
                allowed="thresholds that all say the same of a larger value",
                fix="remove one of them",
            )


def _of_one_thing(drawn: Drawn, path: Path, threshold: schema.PanelThreshold) -> Iterator[Problem]:
    of_slo = threshold.slo is not None and threshold.at is not None and threshold.alert is None
    of_alert = threshold.alert is not None and threshold.slo is None and threshold.at is None
    if not of_slo and not of_alert:
        yield error(
            "threshold",
            drawn.d.at(*path),
            f"{drawn.name}: a threshold is that of an alert, or a number of an SLO",
            allowed="{alert: NAME}, or {slo: NAME, at: " + "|".join(Reading) + "}",
            fix="name the alert, or the SLO and which of its numbers",
        )


def _leads_somewhere(drawn: Drawn, path: Path, threshold: schema.PanelThreshold) -> Iterator[Problem]:
    """What is switched off draws no line, nor does a time that only a foreign service knows; that is no mistake."""
    d = drawn.d
    for section, key, name in (("alerts", "alert", threshold.alert), ("slos", "slo", threshold.slo)):
        if name is not None and name not in d.off.get(section, ()):
            yield from unknown(d, section, name, (*path, key))
    slo = d.slos.get(threshold.slo or "")
    if threshold.at is Reading.WITHIN and slo is not None and slo.total is None and slo.within is None:
        yield error(
            "threshold",
            d.at(*path, "at"),
            f"{drawn.name}: SLO `{threshold.slo}` has no time to keep",
            allowed=f"`within` of {listed(name for name, each in d.slos.items() if each.within)}",
            fix="name a latency objective, or another of its numbers",
        )


def _number(d: Definitions, threshold: schema.PanelThreshold) -> tuple[Measure | None, Comparison] | None:
    """What the threshold measures, and on which side of it things are bad; None where that is not known."""
    if threshold.at is not None:
        return _UNITS[threshold.at], Comparison.BELOW if threshold.at in _BELOW else Comparison.ABOVE
    alert = d.alerts.get(threshold.alert or "")
    if alert is None:
        return None
    for limit, direction in ((alert.above, Comparison.ABOVE), (alert.below, Comparison.BELOW)):
        if limit is not None:
            bare = limit.measure is Measure.NUMBER and limit.value == 0  # zero in any unit
            return None if bare else limit.measure, direction
    return None


def _same_unit(drawn: Drawn, path: Path, measure: Measure) -> Iterator[Problem]:
    wanted = Measure(drawn.panel.unit.of_thresholds)
    if measure is not wanted:
        yield error(
            "wrong-unit",
            drawn.d.at(*path),
            f"{drawn.name} shows {wanted}, but the threshold is in {measure}",
            found=str(measure),
            allowed=str(wanted),
            fix="name a threshold of what is shown, or change the unit",
        )


# --- queries ---------------------------------------------------------------------------------------


def _queries(drawn: Drawn) -> Iterator[Problem]:
    for index, query in enumerate(drawn.panel.queries):
        place = Place(drawn.d, (*drawn.path, "queries", index, "value"), query.value)
        node = place.read()
        if isinstance(node, Problem):
            yield node
            continue
        yield from expressions.sense(place, node, Kind.SYMPTOM)
        yield from _legend(drawn, index, query, node)
        yield from _unit(drawn, place, query, node)
        yield from _long_windows(place, node)
        yield from _exemplars(drawn, index, query, node)
        yield from _needs(drawn, place, node)


def _legend(drawn: Drawn, index: int, query: schema.PanelQuery, node: Node) -> Iterator[Problem]:
    has = labels(node, partial(series.labels, drawn.d))
    for label in LABEL.findall(query.legend or ""):
        if not has.may_have(label):
            yield error(
                "unknown-label",
                drawn.d.at(*drawn.path, "queries", index, "legend"),
                f"{drawn.name}: no series of the query has a label `{label}`",
                found=label,
                allowed=listed(has.possible) if has.possible else "no label at all",
                fix=instead(label, has.possible, "group the query by it, or write what it is in words"),
            )


def _unit(drawn: Drawn, place: Place, query: schema.PanelQuery, node: Node) -> Iterator[Problem]:
    said = query.beside or drawn.panel.unit
    measured = units.unit(node)
    if measured is not None and measured != Measure(said.of_thresholds):
        yield error(
            "wrong-unit",
            place.whole,
            f"{drawn.name} shows {said}, but the query measures {measured}",
            found=str(measured),
            allowed=f"a query of {said}",
            fix=f"write `unit: {measured}`, or ask for something else",
        )


def _long_windows(place: Place, node: Node) -> Iterator[Problem]:
    for window in promql.ranges(node):
        raw = [name for name in promql.metrics(window) if ":" not in name]
        if raw and window.duration > LONGEST_RAW:
            yield error(
                "long-window",
                place.word(raw[0]),
                f"{place.name}: {window.duration} of raw samples are read at every look",
                found=promql.render(window),
                allowed=f"up to {LONGEST_RAW} of a metric, any time of a recorded series",
                fix="record it, and read the recorded series",
            )


def _exemplars(drawn: Drawn, index: int, query: schema.PanelQuery, node: Node) -> Iterator[Problem]:
    names = promql.metrics(node)
    if query.exemplars and not any(name.endswith("_bucket") for name in names):
        yield error(
            "no-buckets",
            drawn.d.at(*drawn.path, "queries", index, "exemplars"),
            f"{drawn.name}: only buckets of a histogram have exemplars",
            found=listed(names),
            allowed="a query of a metric that ends in `_bucket`",
            fix="read the histogram itself, or remove `exemplars`",
        )


_NEEDED = {Emitter.KUBERNETES: Need.KUBERNETES, Emitter.NODE: Need.NODE}


def _needs(drawn: Drawn, place: Place, node: Node) -> Iterator[Problem]:
    """Whoever sees an empty panel is told why."""
    for name in promql.metrics(node):
        metric = series.metric(drawn.d, name)
        need = _NEEDED.get(metric.emitter) if metric else None
        if need is not None and drawn.panel.needs is not need:
            yield error(
                "missing-key",
                place.word(name),
                f"{drawn.name} reads `{name}`, which not every deployment has",
                found=name,
                allowed=f"`needs: {need}` in a panel that reads it",
                fix=f"add `needs: {need}`",
            )


def _details(drawn: Drawn) -> Iterator[Problem]:
    if drawn.panel.details is not None:
        yield from _panel(drawn.d, (*drawn.path, "details"), drawn.panel.details)


def shown(d: Definitions) -> Iterator[Problem]:
    """The panels that alerts and objectives send people to."""
    for section, panels in (
        ("alerts", {name: alert.panel for name, alert in d.alerts.items()}),
        ("slos", {name: slo.panel for name, slo in d.slos.items()}),
    ):
        for name, panel in panels.items():
            if panel:
                yield from _panel(d, (section, name, "panel"), panel)


def _panel(d: Definitions, path: Path, written: str) -> Iterator[Problem]:
    to = reference(written)
    if to.dashboard in d.off.get("dashboards", ()):
        return
    if to.dashboard not in d.named("dashboards"):
        yield from unknown(d, "dashboards", to.dashboard, path)
    elif d.node("dashboards", to.dashboard, "panels", to.panel) is None:
        names = d.dashboards[to.dashboard].panels if to.dashboard in d.dashboards else {}
        yield error(
            "unknown-reference",
            d.at(*path),
            f"dashboard `{to.dashboard}` has no panel `{to.panel}`",
            found=to.panel,
            allowed=listed(names),
            fix=instead(to.panel, names, f"define it under `panels` of dashboard `{to.dashboard}`"),
        )


_CHECKS: tuple[Check, ...] = (
    _fitting_keys,
    _needed_keys,
    _queries_of_kind,
    _gauge_of_a_share,
    _thresholds,
    _queries,
    _details,
)
