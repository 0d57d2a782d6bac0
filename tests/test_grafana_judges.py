"""The shipped dashboards before judges that are not ours, and the rules that no judge knows.

No Grafana can be started here. What stands in for it: the types that Grafana generates for Python (a key they do not
know is lost on the way through them), the list of units in its own JavaScript, and the PromQL parser of Prometheus'
grammar.
"""

import importlib
import json
import re
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from watchkeeper import promql, spec
from watchkeeper.compile import build, panels
from watchkeeper.compile.reference import reference
from watchkeeper.model import GRID_WIDTH, MOST_LINES, MOST_SLICES, Axis, Catalog, Colour, Comparison, Dashboard, Draw
from watchkeeper.model import Panel as Drawn
from watchkeeper.model import PanelKind as Kind
from watchkeeper.promql.nodes import Aggregate, Aggregation, Selector
from watchkeeper.promql.rewrite import walk
from watchkeeper.quantity import Duration

NODE = Path(__file__).parent / "node"
HISTOGRAM = ("_bucket", "_count", "_sum")
OF_PROMETHEUS = {"ALERTS", "up"}
COLOURS = {Colour.OK: "green", Colour.WARN: "orange", Colour.BAD: "red"}

# Seed chapter 6, in its words (a number in brackets is ours); "LLM cost over time (hourly, daily)" is two panels.
SEED = {
    "executive": (
        "30s",
        ["leadership", "product managers"],
        [
            ("Monthly availability SLA (30 d)", Kind.STAT),
            ("Error budget remaining (30 d)", Kind.GAUGE),
            ("Composite service quality score", Kind.STAT),
            ("Active incidents count", Kind.STAT),
            ("30-day availability trend", Kind.SERIES),
            ("Error budget burn rate (1h, 6h, 24h)", Kind.SERIES),
            ("Monthly request volume (30 d)", Kind.STAT),
            ("Monthly error count (30 d)", Kind.STAT),
            ("Monthly LLM costs (30 d)", Kind.STAT),
        ],
    ),
    "operations": (
        "10s",
        ["SRE", "on-call engineers"],
        [
            ("Request rate (RPS) by status code", Kind.SERIES),
            ("Error rate", Kind.SERIES),
            ("Response time percentiles (p50, p95, p99)", Kind.SERIES),
            ("Active pods count", Kind.STAT),
            ("CPU usage", Kind.GAUGE),
            ("Memory usage", Kind.GAUGE),
            ("Redis hit rate", Kind.STAT),
            ("Database connections (active/idle)", Kind.SERIES),
            ("Module health status history", Kind.TIMELINE),
            ("LLM API latency (p95)", Kind.SERIES),
        ],
    ),
    "debug": (
        "30s",
        ["engineers"],
        [
            ("Latency by endpoint (p95)", Kind.SERIES),
            ("Request rate by endpoint", Kind.SERIES),
            ("Error distribution by status code", Kind.DONUT),
            ("Database query latency by operation", Kind.SERIES),
            ("Event loop lag distribution", Kind.HEATMAP),
            ("GC duration by generation (p99)", Kind.SERIES),
            ("Module request latency (p95)", Kind.SERIES),
            ("LLM token usage by provider", Kind.SERIES),
            ("Circuit breaker state history", Kind.TIMELINE),
        ],
    ),
    "business": (
        "1m",
        ["product", "finance"],
        [
            ("Active sessions over time", Kind.SERIES),
            ("Conversation rate (per hour)", Kind.SERIES),
            ("Messages by intent (24 h)", Kind.DONUT),
            ("Workflow success rate", Kind.SERIES),
            ("Test generation rate", Kind.SERIES),
            ("LLM cost over time (hourly)", Kind.SERIES),
            ("LLM cost over time (daily)", Kind.SERIES),
            ("LLM cost by provider (30 d)", Kind.DONUT),
            ("Incident detection rate", Kind.SERIES),
            ("Incidents by severity (24 h)", Kind.BARS),
        ],
    ),
}
RANGES = {"executive": "now-30d", "operations": "now-1h", "debug": "now-1h", "business": "now-1d"}


@cache
def pack() -> Catalog:
    catalog = spec.load().catalog
    assert catalog is not None
    return catalog


@cache
def documents() -> dict[str, str]:
    return {document.path: document.text for document in build(pack(), reference(pack()))}


@cache
def dashboards() -> dict[str, Any]:
    every = json.loads(documents()["grafana-dashboards.json"])["dashboards"]
    return {each["uid"].removeprefix("wk-"): each for each in every}


def drawn() -> list[tuple[Dashboard, Drawn]]:
    return [(dashboard, panel) for dashboard in pack().dashboards for panel in dashboard.panels]


def compiled(dashboard: Dashboard, panel: Drawn) -> Any:
    """The panel's JSON; its position is its only name in both."""
    return dashboards()[dashboard.key]["panels"][dashboard.panels.index(panel)]


PANELS = [pytest.param(d, p, id=f"{d.key}/{p.key}") for d, p in drawn()]
every_panel = pytest.mark.parametrize(("dashboard", "panel"), PANELS)


# --- the specification's list ----------------------------------------------------------------------


def test_thirty_eight_panels() -> None:
    assert [len(titles) for _, _, titles in SEED.values()] == [9, 10, 9, 10]
    assert sum(len(each["panels"]) for each in dashboards().values()) == 38


@pytest.mark.parametrize("key", SEED)
def test_dashboards_are_those_of_the_specification(key: str) -> None:
    refresh, audience, titles = SEED[key]
    dashboard, tree = pack().dashboard(key), dashboards()[key]
    assert [(panel.title, panel.kind) for panel in dashboard.panels] == titles
    assert [panel["title"] for panel in tree["panels"]] == [title for title, _ in titles]
    assert (tree["refresh"], tree["time"]["from"]) == (refresh, RANGES[key])
    assert all(word in tree["description"] for word in audience)


# --- judges ----------------------------------------------------------------------------------------


def through_their_types(tree: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing the package warns of its own deprecations
        from grafana_foundation_sdk.cog import plugins
        from grafana_foundation_sdk.cog.encoder import JSONEncoder
        from grafana_foundation_sdk.models.dashboard import Dashboard as Theirs
    plugins.register_default_plugins()
    return json.loads(JSONEncoder().encode(Theirs.from_json(json.loads(json.dumps(tree)))))


def lost(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    """What did not come back. An absent key and null are the same to Grafana."""
    if isinstance(ours, dict):
        for key, value in ours.items():
            if isinstance(theirs, dict) and key in theirs:
                yield from lost(value, theirs[key], f"{path}.{key}")
            elif value is not None:
                yield f"{path}.{key}"
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from lost(mine, other, f"{path}[{index}]")
    elif ours != theirs:
        yield f"{path}: {ours!r} became {theirs!r}"


@pytest.mark.parametrize("key", SEED)
def test_nothing_is_lost_in_grafanas_own_types(key: str) -> None:
    assert list(lost(dashboards()[key], through_their_types(dashboards()[key]))) == []


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (("titel",), [".titel"]),
        (("panels", 0, "gridPoss"), [".panels[0].gridPoss"]),
        (("panels", 0, "options", "textMod"), [".panels[0].options.textMod"]),
        (("panels", 4, "fieldConfig", "defaults", "custom", "drawStile"), None),
        (("panels", 0, "targets", 0, "legendFormt"), [".panels[0].targets[0].legendFormt"]),
    ],
)
def test_a_misspelt_key_would_be_seen(path: tuple[str | int, ...], found: list[str] | None) -> None:
    tree = json.loads(json.dumps(dashboards()["executive"]))
    at = tree
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = "x"
    seen = list(lost(tree, through_their_types(tree)))
    assert seen == found if found is not None else len(seen) == 1


CHOICES = {
    "fieldConfig.defaults.color.mode": ("dashboard", "FieldColorModeId"),
    "fieldConfig.defaults.custom.drawStyle": ("common", "GraphDrawStyle"),
    "fieldConfig.defaults.custom.lineInterpolation": ("common", "LineInterpolation"),
    "fieldConfig.defaults.custom.gradientMode": ("common", "GraphGradientMode"),
    "fieldConfig.defaults.custom.showPoints": ("common", "VisibilityMode"),
    "fieldConfig.defaults.custom.axisPlacement": ("common", "AxisPlacement"),
    "fieldConfig.defaults.custom.axisColorMode": ("common", "AxisColorMode"),
    "fieldConfig.defaults.custom.barAlignment": ("common", "BarAlignment"),
    "fieldConfig.defaults.custom.stacking.mode": ("common", "StackingMode"),
    "fieldConfig.defaults.custom.scaleDistribution.type": ("common", "ScaleDistribution"),
    "fieldConfig.defaults.custom.thresholdsStyle.mode": ("common", "GraphThresholdsStyleMode"),
    "fieldConfig.defaults.thresholds.mode": ("dashboard", "ThresholdsMode"),
    "options.legend.displayMode": ("common", "LegendDisplayMode"),
    "options.legend.placement": ("common", "LegendPlacement"),
    "options.tooltip.mode": ("common", "TooltipDisplayMode"),
    "options.tooltip.sort": ("common", "SortOrder"),
    "options.orientation": ("common", "VizOrientation"),
    "options.textMode": ("common", "BigValueTextMode"),
    "options.colorMode": ("common", "BigValueColorMode"),
    "options.graphMode": ("common", "BigValueGraphMode"),
    "options.justifyMode": ("common", "BigValueJustifyMode"),
    "options.percentChangeColorMode": ("common", "PercentChangeColorMode"),
    "options.sizing": ("common", "BarGaugeSizing"),
    "options.showValue": ("common", "VisibilityMode"),
    "options.stacking": ("common", "StackingMode"),
    "options.alignValue": ("common", "TimelineValueAlignment"),
    "options.pieType": ("piechart", "PieChartType"),
    "options.color.mode": ("heatmap", "HeatmapColorMode"),
    "options.color.scale": ("heatmap", "HeatmapColorScale"),
    "options.selectionMode": ("heatmap", "HeatmapSelectionMode"),
    "options.rowsFrame.layout": ("common", "HeatmapCellLayout"),
    "options.yAxis.axisPlacement": ("common", "AxisPlacement"),
}
"""Where a word is one of a list that Grafana publishes, and the list's name; its types do not look at the word."""


def words_in(tree: Any, path: str) -> set[Any]:
    for step in path.split("."):
        tree = tree.get(step) if isinstance(tree, dict) else None
    return set() if tree is None else {tree}


@pytest.mark.parametrize("path", CHOICES)
def test_words_are_those_that_grafana_publishes(path: str) -> None:
    module, name = CHOICES[path]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        allowed = getattr(importlib.import_module(f"grafana_foundation_sdk.models.{module}"), name)
    used = {word for d, p in drawn() for word in words_in(compiled(d, p), path)}
    assert used, "no panel says anything there"
    assert used <= {choice.value for choice in allowed}


@cache
def grafanas_units() -> frozenset[str]:
    node = shutil.which("node")
    if node is None or not (NODE / "node_modules" / "@grafana" / "data").is_dir():
        pytest.skip("Grafana's list of units needs Node and `npm ci` in tests/node")
    run = subprocess.run([node, "units.mjs"], cwd=NODE, capture_output=True, text=True, check=True, timeout=60)
    return frozenset(run.stdout.split())


@every_panel
def test_grafana_knows_the_unit(dashboard: Dashboard, panel: Drawn) -> None:
    made = compiled(dashboard, panel)
    told = [p["value"] for o in made["fieldConfig"]["overrides"] for p in o["properties"] if p["id"] == "unit"]
    units = {made["fieldConfig"]["defaults"]["unit"], *told}
    units |= {made["options"]["yAxis"]["unit"]} if panel.kind is Kind.HEATMAP else set()
    assert units <= grafanas_units()
    assert "furlongs" not in grafanas_units()


def plain(expression: str) -> str:
    """As Prometheus gets it."""
    return expression.replace("$service", "llm-copilot-agent").replace("$environment", "production")


def expressions(dashboard: Dashboard, panel: Drawn) -> list[str]:
    return [plain(target["expr"]) for target in compiled(dashboard, panel)["targets"]]


@every_panel
def test_every_query_is_promql(dashboard: Dashboard, panel: Drawn) -> None:
    for expression in expressions(dashboard, panel):
        assert "$" not in expression
        promql_parser.parse(expression)


@pytest.mark.parametrize("key", SEED)
def test_annotations_are_promql_of_known_metrics(key: str) -> None:
    for annotation in dashboards()[key]["annotations"]["list"]:
        promql_parser.parse(plain(annotation["expr"]))
        assert set(promql.metrics(promql.parse(plain(annotation["expr"])))) <= known()


# --- rules of our own ------------------------------------------------------------------------------


@cache
def recorded() -> frozenset[str]:
    groups = yaml.safe_load(documents()["prometheus-recording-rules.yaml"])["groups"]
    return frozenset(rule["record"] for group in groups for rule in group["rules"] if "record" in rule)


@cache
def known() -> frozenset[str]:
    metrics = {metric.name for metric in pack().metrics if not metric.buckets}
    parts = {metric.name + ending for metric in pack().metrics if metric.buckets for ending in HISTOGRAM}
    return frozenset(metrics | parts | recorded() | OF_PROMETHEUS)


@every_panel
def test_every_metric_is_declared_or_recorded(dashboard: Dashboard, panel: Drawn) -> None:
    for expression in expressions(dashboard, panel):
        assert set(promql.metrics(promql.parse(expression))) <= known()


@every_panel
def test_every_selector_is_of_one_service_and_environment(dashboard: Dashboard, panel: Drawn) -> None:
    for target in compiled(dashboard, panel)["targets"]:
        for selector in promql.selectors(promql.parse(target["expr"])):
            labels = {matcher.label: matcher.value for matcher in selector.matchers}
            assert labels["service"] == "$service"
            assert labels["environment"] in {"$environment", "$environment|"}


@every_panel
def test_long_windows_read_recorded_series(dashboard: Dashboard, panel: Drawn) -> None:
    for expression in expressions(dashboard, panel):
        for window in promql.ranges(promql.parse(expression)):
            assert window.duration <= Duration.of(hours=1) or set(promql.metrics(window)) <= recorded()


@pytest.mark.parametrize("key", SEED)
def test_the_grid_is_full_and_nothing_overlaps(key: str) -> None:
    places = [panel["gridPos"] for panel in dashboards()[key]["panels"]]
    cells = [(x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
    assert len(cells) == len(set(cells)), "panels overlap"
    height = max(y for _, y in cells) + 1
    assert set(cells) == {(x, y) for x in range(GRID_WIDTH) for y in range(height)}, "holes"


def test_ids_are_written_and_unique() -> None:
    for tree in dashboards().values():
        ids = [panel["id"] for panel in tree["panels"]]
        assert len(set(ids)) == len(ids)
        assert all(0 < each < 2**31 for each in ids)


def test_addresses_stay() -> None:
    """Links in chats and tickets outlive a release: a change here breaks them."""
    assert {tree["uid"] for tree in dashboards().values()} == {
        "wk-executive",
        "wk-operations",
        "wk-debug",
        "wk-business",
    }
    assert {each["title"]: each["id"] for each in dashboards()["operations"]["panels"]}["Error rate"] == 411648427


@every_panel
def test_every_panel_explains_itself(dashboard: Dashboard, panel: Drawn) -> None:
    assert len(compiled(dashboard, panel)["description"].split()) >= 3
    assert panel.description.endswith(".")


@every_panel
def test_an_empty_panel_has_a_reason(dashboard: Dashboard, panel: Drawn) -> None:
    assert panel.needs or panel.empty or panel.key == "active-incidents"  # which counts to zero
    assert compiled(dashboard, panel)["fieldConfig"]["defaults"].get("noValue", "") == panel.when_empty


@cache
def domains() -> dict[str, int]:
    """How many values a label may have, at most, wherever it stands."""
    sizes = [(label.name, label.size) for metric in pack().metrics for label in metric.labels]
    return {name: max(size for _, size in group) for name, group in groupby(sorted(sizes), lambda pair: pair[0])}


def lines(panel: Drawn) -> int:
    count = 0
    for query in panel.queries:
        if query.beside is None:
            product = 1
            for label in query.labels:
                product *= domains()[label]
            count += min(query.top or product, product)
    return count


@every_panel
def test_few_lines_unless_they_are_parts_of_a_whole(dashboard: Dashboard, panel: Drawn) -> None:
    if panel.kind is Kind.SERIES and panel.draw is Draw.LINES:
        assert lines(panel) <= MOST_LINES, f"{dashboard.key}/{panel.key}"
        assert all(query.legend for query in panel.queries)


@every_panel
def test_few_slices(dashboard: Dashboard, panel: Drawn) -> None:
    if panel.kind is Kind.DONUT:
        (expression,) = expressions(dashboard, panel)
        counts = [part for part in walk(promql.parse(expression)) if isinstance(part, Aggregation)]
        largest = {
            promql.render(part.parameter) for part in counts if part.operator is Aggregate.TOPK and part.parameter
        }
        assert largest == {str(MOST_SLICES)}
        legend = compiled(dashboard, panel)["options"]["legend"]
        assert (legend["sortBy"], legend["sortDesc"], legend["displayMode"]) == ("Value", True, "table")


@every_panel
def test_thresholds_are_those_of_objectives_and_alerts(dashboard: Dashboard, panel: Drawn) -> None:
    """Every number drawn is one that the definitions say, and every one they say is drawn."""
    (service,) = pack().services
    steps = compiled(dashboard, panel)["fieldConfig"]["defaults"]["thresholds"]["steps"][1:]
    limits = panels.limits(service, panel)
    if panel.kind is Kind.SERIES:
        assert {step["value"] for step in steps} == {float(limit.value) for limit in limits}
    else:
        assert [(step["value"], step["color"]) for step in steps] == [
            (float(zone.start), COLOURS[zone.colour]) for zone in panels.zones(limits) if zone.start is not None
        ]
    assert len(limits) >= len(panel.thresholds)


def test_no_file_of_dashboards_has_a_number_as_threshold() -> None:
    for path in (Path(spec.__file__).parents[1] / "pack" / "dashboards").glob("*.yaml"):
        for dashboard in yaml.safe_load(path.read_text(encoding="utf-8"))["dashboards"].values():
            for panel in dashboard["panels"].values():
                for threshold in panel.get("thresholds", []):
                    assert all(not re.search(r"\d", str(value)) for value in threshold.values()), threshold


def test_axes_of_shares_close_to_one_begin_at_the_data() -> None:
    (service,) = pack().services
    close = [
        panel
        for _, panel in drawn()
        if panel.kind is Kind.SERIES
        and any(limit.direction is Comparison.BELOW and limit.value > 0 for limit in panels.limits(service, panel))
    ]
    assert close
    assert all(panel.axis is Axis.DATA for panel in close)


def test_monthly_tiles_do_not_follow_the_time_picker() -> None:
    monthly = [(d, p) for d, p in drawn() if p.title.startswith("Monthly")]
    assert len(monthly) == 4
    for dashboard, panel in monthly:
        assert panel.title.endswith("(30 d)")
        for target in compiled(dashboard, panel)["targets"]:
            assert target["instant"] is True
            selectors = promql.selectors(promql.parse(target["expr"]))
            assert all(":" in selector.name for selector in selectors)


def test_the_time_until_the_budget_is_spent_is_computed() -> None:
    """No text says "1 hour" of a burn rate: the legend shows the recorded seconds."""
    dashboard = pack().dashboard("executive")
    made = compiled(dashboard, dashboard.panel("burn-rate"))
    (exhaustion,) = (t for t in made["targets"] if t["legendFormat"] == "time to exhaustion")
    (selector,) = promql.selectors(promql.parse(exhaustion["expr"]))
    assert isinstance(selector, Selector)
    assert selector.name == "slo:error_budget_exhausted_in:seconds"


def test_dots_lead_to_traces_from_buckets_only() -> None:
    dotted = [(d, p) for d, p in drawn() if any(query.exemplars for query in p.queries)]
    assert dotted
    for dashboard, panel in dotted:
        for target in compiled(dashboard, panel)["targets"]:
            assert not target["exemplar"] or "_bucket{" in target["expr"]


def test_every_panel_on_call_leads_further() -> None:
    for panel in pack().dashboard("operations").panels:
        assert panel.details or panel.links or panel.needs, panel.key
