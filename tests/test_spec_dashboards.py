"""Dashboards from text to model, and what is no mistake although it looks like one. Messages are in golden/problems."""

from decimal import Decimal
from pathlib import Path

import pytest

from watchkeeper import model, spec
from watchkeeper.model import Axis, Colour, Draw, Leads, Need, OfAlert, OfSlo, PanelKind, PanelRef, PanelUnit, Reading
from watchkeeper.quantity import Duration

PACK = Path(__file__).parent / "golden" / "pack"
OTHER = """
  other:
    title: Other
    audience: everybody
    refresh: 1m
    range: 6h
    panels:
      one:
"""


def loaded(tmp_path: Path, text: str) -> spec.Loaded:
    project = tmp_path / "watchkeeper.yaml"
    project.write_text(f"service: chat-agent\n{text}", encoding="utf-8")
    return spec.load(project, pack=PACK)


def catalog(tmp_path: Path, text: str = "") -> model.Catalog:
    result = loaded(tmp_path, text)
    assert result.problems == ()
    assert result.catalog is not None
    return result.catalog


def codes(tmp_path: Path, panel: str) -> list[str]:
    """Of a project that changes the pack's chart of latency."""
    result = loaded(tmp_path, f"dashboards: {{health: {{panels: {{latency: {panel}}}}}}}\n")
    return [problem.code for problem in result.problems]


# --- what arrives ----------------------------------------------------------------------------------


def test_everything_written_arrives(tmp_path: Path) -> None:
    text = f"""dashboards:{OTHER}        kind: series
        title: Pods
        description: Pods there are.
        unit: requests-per-second
        draw: bars
        every: 1h
        range: 7d
        axis: log
        width: 24
        height: 5
        queries:
          - {{value: sum(dependency_up), legend: n, top: 3}}
          - {{value: memory_bytes, beside: bytes}}
        links: [traces]
        details: health/latency
        needs: limits
"""
    dashboard = catalog(tmp_path, text).dashboard("other")
    (panel,) = dashboard.panels
    assert dashboard == model.Dashboard(
        key="other",
        title="Other",
        audience="everybody",
        refresh=Duration.of(minutes=1),
        range=Duration.of(hours=6),
        panels=(panel,),
    )
    assert panel == model.Panel(
        key="one",
        kind=PanelKind.SERIES,
        title="Pods",
        description="Pods there are.",
        unit=PanelUnit.REQUESTS_PER_SECOND,
        queries=(
            model.Query("sum(dependency_up)", "n", 3, None, exemplars=False),
            model.Query("memory_bytes", "", 0, PanelUnit.BYTES, exemplars=False),
        ),
        thresholds=(),
        states=(),
        draw=Draw.BARS,
        axis=Axis.LOG,
        range=Duration.of(days=7),
        every=Duration.of(hours=1),
        width=24,
        height=5,
        links=(Leads.TRACES,),
        details=PanelRef("health", "latency"),
        needs=Need.LIMITS,
        empty="",
    )


def test_thresholds_and_states_arrive(tmp_path: Path) -> None:
    health = catalog(tmp_path).dashboard("health")
    assert health.panel("latency").thresholds == (OfSlo("latency", Reading.WITHIN), OfAlert("HighLatency"))
    text = f"""dashboards:{OTHER}        {{kind: timeline, title: t, description: d, unit: number, width: 24, height: 5,
         queries: [{{value: dependency_up, legend: '{{{{dependency}}}}'}}],
         states: [{{value: 0, text: down, colour: bad}}, {{value: 0.5, text: limping, colour: warn}}]}}
"""
    (panel,) = catalog(tmp_path, text).dashboard("other").panels
    assert panel.states == (
        model.State(Decimal(0), "down", Colour.BAD),
        model.State(Decimal("0.5"), "limping", Colour.WARN),
    )


def test_a_donut_shows_the_six_largest_unless_it_says_fewer(tmp_path: Path) -> None:
    donut = "kind: donut, title: t, description: d, unit: number, width: 24, height: 5"
    for written, top in (("", 6), (", top: 4", 4)):
        query = f"{{value: dependency_up, legend: '{{{{dependency}}}}'{written}}}"
        text = f"dashboards:{OTHER}        {{{donut}, queries: [{query}]}}\n"
        (panel,) = catalog(tmp_path, text).dashboard("other").panels
        assert panel.queries[0].top == top


@pytest.mark.parametrize(
    ("legend", "labels"),
    [("", ()), ("p95", ()), ("{{a}}", ("a",)), ("{{ a }} of {{b_c}}", ("a", "b_c")), ("{a} {{9}}", ())],
)
def test_labels_of_a_legend(legend: str, labels: tuple[str, ...]) -> None:
    assert model.Query("m", legend, 0, None, exemplars=False).labels == labels


def test_an_unknown_panel_or_dashboard_is_an_error_of_the_caller(tmp_path: Path) -> None:
    found = catalog(tmp_path)
    with pytest.raises(KeyError):
        found.dashboard("helth")
    with pytest.raises(KeyError):
        found.dashboard("health").panel("latencies")


@pytest.mark.parametrize(
    ("unit", "threshold"),
    [
        (PanelUnit.RATIO, model.Unit.RATIO),
        (PanelUnit.SECONDS, model.Unit.SECONDS),
        (PanelUnit.DOLLARS, model.Unit.DOLLARS),
        (PanelUnit.PER_SECOND, model.Unit.NUMBER),  # alerts write rates as plain numbers: 0.5/s
        (PanelUnit.REQUESTS_PER_SECOND, model.Unit.NUMBER),
    ],
)
def test_units_of_thresholds(unit: PanelUnit, threshold: model.Unit) -> None:
    assert unit.of_thresholds is threshold


# --- changes of a project --------------------------------------------------------------------------


def test_a_project_changes_one_panel_by_name(tmp_path: Path) -> None:
    text = "dashboards: {health: {refresh: 1m, panels: {latency: {title: Slow answers, thresholds: []}}}}\n"
    health = catalog(tmp_path, text).dashboard("health")
    assert health.refresh == Duration.of(minutes=1)
    assert [panel.key for panel in health.panels] == ["budget", "latency"]
    latency = health.panel("latency")
    assert (latency.title, latency.thresholds, latency.width) == ("Slow answers", (), 16)


def test_a_dashboard_may_be_switched_off_with_what_leads_to_it(tmp_path: Path) -> None:
    off = "dashboards: {health: {enabled: false, because: we draw our own}}\n"
    text = off + "alerts: {HighLatency: {panel: health/latency}}\n"
    assert catalog(tmp_path, text).dashboards == ()


@pytest.mark.parametrize(
    "text",
    [
        "alerts: {HighLatency: {enabled: false, because: streams only}}\n",
        "slos: {latency: {enabled: false, because: streams only}}\n",
        "slos: {latency: {total: requests_total, bad: slow_total}}\n",  # nobody says how slow
        "alerts: {HighLatency: {above: 0}}\n",  # zero is zero in any unit
    ],
)
def test_what_a_project_does_not_watch_draws_no_line_and_is_no_mistake(tmp_path: Path, text: str) -> None:
    assert catalog(tmp_path, text).dashboard("health").panel("latency").thresholds


def test_a_panel_of_a_dependency_that_is_switched_off_stays_empty(tmp_path: Path) -> None:
    text = f"""dependencies: {{cache: {{enabled: false, because: none here}}}}
dashboards:{OTHER}        {{kind: stat, title: t, description: d, unit: number, width: 24, height: 5,
         queries: [{{value: 'dependency_up{{dependency="cache"}}'}}]}}
"""
    assert catalog(tmp_path, text).dashboard("other").panels


# --- near misses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("panel", "expected"),
    [
        ("{unit: ratio, thresholds: [{slo: availability, at: allowed}], queries: [{value: sum(dependency_up)}]}", []),
        ("{unit: number, thresholds: [{alert: DatabaseDown}], queries: [{value: dependency_up}]}", []),
        ("{unit: ratio, thresholds: [{alert: DatabaseDown}], queries: [{value: dependency_up}]}", ["wrong-unit"]),
        # an hour of raw samples is read at every look, a day is not
        ("{unit: bytes, thresholds: [], queries: [{value: 'sum(increase(memory_bytes[1h]))'}]}", ["wrong-function"]),
        ("{unit: number, thresholds: [], queries: [{value: 'max_over_time(dependency_up[1h])'}]}", []),
        ("{unit: number, thresholds: [], queries: [{value: 'max_over_time(dependency_up[61m])'}]}", ["long-window"]),
        ("{unit: number, thresholds: [], queries: [{value: 'max_over_time(a:b:c[30d])'}]}", []),
        ("{unit: number, thresholds: [], queries: [{value: 'max_over_time(dependency_up[1d:1h])'}]}", ["long-window"]),
        # a scalar has no series
        ("{unit: number, thresholds: [], queries: [{value: '1 + 1'}]}", ["not-a-vector"]),
        ("{unit: seconds, queries: [{value: 'sum(dependency_up)', legend: '{{dependency}}'}]}", ["unknown-label"]),
        ("{unit: seconds, queries: [{value: 'a:b:c', legend: '{{whatever}}'}]}", []),
        ("{unit: seconds, queries: [{value: 'a:b:c', exemplars: true}]}", ["no-buckets"]),
        ("{draw: bars, every: 1h}", []),
        ("{draw: stacked, every: 1h}", ["wrong-kind"]),
        ("{width: 15}", ["layout"]),
        ("{width: 17}", ["layout"]),
        ("{details: health/budget}", []),
    ],
)
def test_near_misses(tmp_path: Path, panel: str, expected: list[str]) -> None:
    assert codes(tmp_path, panel) == expected


@pytest.mark.parametrize(
    ("emitter", "needs", "expected"),
    [
        ("node", "", ["missing-key"]),
        ("node", "needs: kubernetes, ", ["missing-key"]),
        ("node", "needs: node, ", []),
        ("kubernetes", "needs: kubernetes, ", []),
        ("engine", "", []),
        ("sdk", "needs: node, ", []),  # a need of another kind is the author's to know
    ],
)
def test_what_not_every_deployment_has_is_declared(
    tmp_path: Path, emitter: str, needs: str, expected: list[str]
) -> None:
    metric = f"{{type: gauge, help: h, category: c, scrape: standard, retention: 30d, emitter: {emitter}}}"
    panel = f"{{{needs}unit: number, thresholds: [], queries: [{{value: sum(pods_ready)}}]}}"
    text = f"metrics: {{pods_ready: {metric}}}\ndashboards: {{health: {{panels: {{latency: {panel}}}}}}}\n"
    assert [problem.code for problem in loaded(tmp_path, text).problems] == expected


@pytest.mark.parametrize(("refresh", "expected"), [("5s", []), ("4s", ["refresh"])])
def test_refresh_may_be_as_fast_as_the_fastest_scrape(tmp_path: Path, refresh: str, expected: list[str]) -> None:
    panel = "{unit: number, thresholds: [], queries: [{value: dependency_up}]}"
    text = f"dashboards: {{health: {{refresh: {refresh}, panels: {{latency: {panel}}}}}}}\n"
    assert [problem.code for problem in loaded(tmp_path, text).problems] == expected


def test_long_windows_are_recorded_slowly(tmp_path: Path) -> None:
    """A dashboard of series that change every two minutes need not be asked more often."""
    recorded = """recordings:
  all:requests:increase1d:
    {family: business, unit: number, help: h, rules: [{pace: slow, value: sum(sli_events_total)}]}
"""
    query = "queries: [{value: 'all:requests:increase1d'}]"
    panel = f"{{kind: stat, title: t, description: d, unit: number, width: 24, height: 5, {query}}}"
    text = f"{recorded}dashboards:{OTHER}        {panel}\n"
    assert [problem.code for problem in loaded(tmp_path, text).problems] == ["refresh"]
    assert loaded(tmp_path, text.replace("refresh: 1m", "refresh: 2m")).problems == ()


def test_editors_know_dashboards() -> None:
    properties = spec.json_schema()["properties"]
    assert isinstance(properties, dict)
    assert "dashboards" in properties
