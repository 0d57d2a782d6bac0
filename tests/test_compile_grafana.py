"""From dashboards to Grafana's JSON: shape, numbers, links, and one set of dashboards for equal thresholds."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import yaml

from record_dashboard import RECORDED, documents
from watchkeeper import conventions, spec
from watchkeeper.compile import build, grafana, running
from watchkeeper.compile.grafana.field import number
from watchkeeper.compile.reference import reference
from watchkeeper.model import Axis, Catalog, Draw, Leads, Need, PanelKind, PanelRef, PanelUnit, Query, Sources
from watchkeeper.model import Panel as Drawn
from watchkeeper.quantity import Duration

PACK = Path(__file__).parent / "golden" / "pack"
TWO = "services: {first: {}, second: {}}\n"


def loaded(tmp_path: Path, text: str) -> Catalog:
    project = tmp_path / "watchkeeper.yaml"
    project.write_text(text, encoding="utf-8")
    result = spec.load(project, pack=PACK)
    assert result.problems == ()
    assert result.catalog is not None
    return result.catalog


@pytest.fixture(scope="module")
def small() -> Catalog:
    catalog = spec.load(pack=PACK).catalog
    assert catalog is not None
    return catalog


def texts(catalog: Catalog) -> dict[str, str]:
    return {document.path: document.text for document in grafana.documents(catalog, reference(catalog))}


def compiled(catalog: Catalog, drawn: Drawn) -> Any:
    """The JSON of a dashboard with this one panel."""
    (dashboard,) = catalog.dashboards
    alone = replace(catalog, dashboards=(replace(dashboard, panels=(drawn,)),))
    return json.loads(texts(alone)["grafana/dashboards/wk-health.json"])


def panel(catalog: Catalog, **changes: Any) -> Any:
    base = catalog.dashboard("health").panel("latency")
    return compiled(catalog, replace(base, **changes))["panels"][0]


def query(value: str, legend: str = "", **more: Any) -> Query:
    return replace(Query(value, legend, 0, beside=None, exemplars=False), **more)


# --- the files -------------------------------------------------------------------------------------


def test_the_smallest_pack_gives_the_recorded_dashboard() -> None:
    made = documents()
    assert made["grafana/dashboards/wk-health.json"].text == RECORDED.read_text(encoding="utf-8")


def test_one_file_holds_all_and_each_dashboard_has_its_own(catalog: Catalog) -> None:
    made = texts(catalog)
    every = json.loads(made["grafana-dashboards.json"])["dashboards"]
    own = {name: json.loads(text) for name, text in made.items() if name.startswith("grafana/dashboards/")}
    assert {f"grafana/dashboards/{each['uid']}.json": each for each in every} == own
    assert set(own) == {f"grafana/dashboards/wk-{key}.json" for key in ("executive", "operations", "debug", "business")}


def test_dashboards_are_built_and_no_engine_of_the_stack_reads_them(catalog: Catalog) -> None:
    deployment = reference(catalog)
    built, ran = ({document.path for document in each(catalog, deployment)} for each in (build, running))
    assert conventions.DASHBOARDS_FILE in built
    assert not any("grafana" in path for path in ran)


def test_definitions_without_dashboards_make_no_file(small: Catalog) -> None:
    assert texts(replace(small, dashboards=())) == {}


def test_nobody_edits_in_the_browser_and_refresh_is_as_asked(small: Catalog) -> None:
    tree = compiled(small, small.dashboard("health").panel("latency"))
    assert (tree["editable"], tree["schemaVersion"], tree["refresh"]) == (False, 42, "30s")
    assert tree["time"] == {"from": "now-1h", "to": "now"}


def test_refresh_is_never_faster_than_what_it_shows(small: Catalog) -> None:
    (dashboard,) = small.dashboards
    hasty = replace(small, dashboards=(replace(dashboard, refresh=Duration.of(seconds=1)),))
    assert json.loads(texts(hasty)["grafana/dashboards/wk-health.json"])["refresh"] == "15s"


def test_panels_flow_from_left_to_right(small: Catalog) -> None:
    (dashboard,) = small.dashboards
    base = dashboard.panel("latency")
    widths = (("a", 24, 3), ("b", 10, 5), ("c", 14, 5), ("d", 24, 2))
    shown = tuple(replace(base, key=key, width=width, height=height) for key, width, height in widths)
    catalog = replace(small, dashboards=(replace(dashboard, panels=shown),))
    places = [each["gridPos"] for each in json.loads(texts(catalog)["grafana/dashboards/wk-health.json"])["panels"]]
    assert [tuple(place.values()) for place in places] == [
        (0, 0, 24, 3),
        (0, 3, 10, 5),
        (10, 3, 14, 5),
        (0, 8, 24, 2),
    ]


# --- names -----------------------------------------------------------------------------------------


def test_uids_and_ids_come_from_names_alone() -> None:
    assert conventions.dashboard_uid("operations") == "wk-operations"
    # crc32 of "latency" is 926446584 = 0x37387ff8, counted from 1
    assert conventions.panel_id("latency") == 926446585
    assert len(conventions.dashboard_uid("d" * 28, "some-service")) == 40  # what Grafana allows


def test_address_of_a_panel(catalog: Catalog) -> None:
    uid, panel_id = grafana.address(catalog, "llm-copilot-agent", PanelRef("operations", "error-rate"))
    (dashboard,) = (
        each for each in json.loads(texts(catalog)["grafana-dashboards.json"])["dashboards"] if each["uid"] == uid
    )
    assert {each["id"]: each["title"] for each in dashboard["panels"]}[panel_id] == "Error rate"
    link = conventions.panel_url("https://grafana.example", uid, panel_id)
    assert link == f"https://grafana.example/d/wk-operations?viewPanel={panel_id}"


@pytest.mark.parametrize(
    ("service", "ref"),
    [
        ("llm-copilot-agent", PanelRef("operations", "errors")),
        ("llm-copilot-agent", PanelRef("ops", "error-rate")),
        ("nobody", PanelRef("operations", "error-rate")),
    ],
)
def test_an_address_of_what_does_not_exist_is_refused(catalog: Catalog, service: str, ref: PanelRef) -> None:
    with pytest.raises(KeyError):
        grafana.address(catalog, service, ref)


# --- several services ------------------------------------------------------------------------------


def test_services_with_equal_thresholds_share_dashboards(tmp_path: Path) -> None:
    catalog = loaded(tmp_path, TWO)
    made = texts(catalog)
    (name,) = (name for name in made if name.startswith("grafana/dashboards/"))
    tree = json.loads(made[name])
    (chosen,) = (variable for variable in tree["templating"]["list"] if variable["name"] == "service")
    assert chosen["query"] == "first,second"
    assert [option["value"] for option in chosen["options"]] == ["first", "second"]
    assert grafana.address(catalog, "second", PanelRef("health", "latency"))[0] == "wk-health"


def test_a_service_with_another_threshold_has_its_own(tmp_path: Path) -> None:
    catalog = loaded(
        tmp_path,
        "services: {first: {}, second: {alerts: {HighLatency: {above: 4s}}}, third: {team: other}}\n"
        "teams: {other: {}}\n",
    )
    made = {name: json.loads(text) for name, text in texts(catalog).items() if name.startswith("grafana/dashboards/")}
    own = conventions.dashboard_uid("health", "second")
    assert set(made) == {"grafana/dashboards/wk-health.json", f"grafana/dashboards/{own}.json"}
    lines = {
        tree["uid"]: [step["value"] for step in tree["panels"][1]["fieldConfig"]["defaults"]["thresholds"]["steps"]]
        for tree in made.values()
    }
    assert lines == {"wk-health": [None, 1, 2], own: [None, 1, 4]}
    titles = {tree["uid"]: tree["title"] for tree in made.values()}
    assert titles == {"wk-health": "Health", own: "Health (second)"}
    assert grafana.address(catalog, "second", PanelRef("health", "latency"))[0] == own
    assert grafana.address(catalog, "third", PanelRef("health", "latency"))[0] == "wk-health"
    details = made[f"grafana/dashboards/{own}.json"]["panels"][0]["links"][0]["url"]
    assert details.startswith(f"/d/{own}?viewPanel={conventions.panel_id('latency')}&")


# --- what is asked ---------------------------------------------------------------------------------


def test_every_selector_speaks_of_the_chosen_service_and_environment(small: Catalog) -> None:
    made = panel(small, queries=(query('memory_bytes{service="other"} / on () sum(dependency_up)'),))
    assert made["targets"][0]["expr"] == (
        'memory_bytes{service="other",environment="$environment"} '
        '/ on () sum(dependency_up{service="$service",environment="$environment"})'
    )


@pytest.mark.parametrize(
    ("kind", "instant", "written"),
    [
        (PanelKind.STAT, True, "time_series"),
        (PanelKind.GAUGE, True, "time_series"),
        (PanelKind.DONUT, True, "time_series"),
        (PanelKind.BARS, True, "table"),
        (PanelKind.SERIES, False, "time_series"),
        (PanelKind.HEATMAP, False, "heatmap"),
        (PanelKind.TIMELINE, False, "time_series"),
    ],
)
def test_single_values_are_asked_for_now(small: Catalog, kind: PanelKind, instant: bool, written: str) -> None:
    asked = query("sum by (dependency) (dependency_up)", "{{dependency}}", top=6 if kind is PanelKind.DONUT else 0)
    (target,) = panel(small, kind=kind, queries=(asked,), thresholds=())["targets"]
    assert (target["instant"], target["range"], target["format"]) == (instant, not instant, written)


def test_queries_have_letters_legends_and_exemplars_where_asked(small: Catalog) -> None:
    targets = panel(small, queries=(query("dependency_up", exemplars=True), query("memory_bytes", "held")))["targets"]
    assert [(t["refId"], t["legendFormat"], t["exemplar"]) for t in targets] == [
        ("A", "__auto", True),
        ("B", "held", False),
    ]


def test_points_no_closer_than_samples(small: Catalog) -> None:
    assert panel(small, queries=(query("dependency_up"),))["interval"] == "5s"
    daily = panel(small, draw=Draw.BARS, every=Duration.of(days=1), range=Duration.of(days=30))
    assert (daily["interval"], daily["timeFrom"]) == ("1d", "30d")
    assert "timeFrom" not in panel(small)


def test_bars_by_label_leave_the_column_of_times_out(small: Catalog) -> None:
    made = panel(
        small,
        kind=PanelKind.BARS,
        thresholds=(),
        queries=(query("sum by (dependency) (dependency_up)", "{{dependency}}"),),
    )
    assert made["options"]["xField"] == "dependency"
    assert made["transformations"] == [{"id": "organize", "options": {"excludeByName": {"Time": True}}}]
    assert panel(small)["transformations"] == []


# --- how it looks ----------------------------------------------------------------------------------


def defaults(made: Any) -> Any:
    return made["fieldConfig"]["defaults"]


def test_thresholds_of_a_chart_are_lines_and_of_a_value_its_colour(small: Catalog) -> None:
    chart, value = panel(small), panel(small, kind=PanelKind.STAT)
    assert defaults(chart)["custom"]["thresholdsStyle"] == {"mode": "line"}
    assert [step["color"] for step in defaults(chart)["thresholds"]["steps"]] == ["transparent", "red", "orange"]
    assert defaults(value)["thresholds"]["steps"] == [{"value": None, "color": "green"}, {"value": 1, "color": "red"}]
    assert (defaults(value)["color"]["mode"], value["options"]["colorMode"]) == ("thresholds", "background_solid")


def test_without_thresholds_nothing_is_good_or_bad(small: Catalog) -> None:
    value = panel(small, kind=PanelKind.STAT, thresholds=())
    assert defaults(value)["thresholds"]["steps"] == [{"value": None, "color": "blue"}]
    assert (defaults(value)["color"]["mode"], value["options"]["colorMode"]) == ("palette-classic-by-name", "value")
    assert defaults(panel(small, thresholds=()))["custom"]["thresholdsStyle"] == {"mode": "off"}


def test_an_overspent_budget_is_said_in_words(small: Catalog) -> None:
    made = compiled(small, replace(small.dashboard("health").panel("budget"), details=None))["panels"][0]
    (mapping,) = defaults(made)["mappings"]
    assert mapping["options"]["from"] is None
    assert (mapping["options"]["to"], mapping["options"]["result"]["text"]) == (0, "all spent")
    assert (defaults(made)["min"], defaults(made)["max"]) == (0, 1)


def test_states_have_names_and_colours(catalog: Catalog) -> None:
    made = json.loads(texts(catalog)["grafana/dashboards/wk-debug.json"])
    (breakers,) = (each for each in made["panels"] if each["type"] == "state-timeline")
    (mapping,) = defaults(breakers)["mappings"]
    assert {value: (state["text"], state["color"]) for value, state in mapping["options"].items()} == {
        "0": ("closed", "green"),
        "1": ("half open", "orange"),
        "2": ("open", "red"),
    }
    assert breakers["options"]["mergeValues"] is True


@pytest.mark.parametrize(
    ("axis", "lowest", "scale"),
    [
        (Axis.ZERO, 0, {"type": "linear"}),
        (Axis.DATA, None, {"type": "linear"}),
        (Axis.LOG, None, {"type": "symlog", "log": 10, "linearThreshold": 1}),  # the lowest threshold: within 1 s
    ],
)
def test_axes(small: Catalog, axis: Axis, lowest: int | None, scale: dict[str, object]) -> None:
    made = defaults(panel(small, axis=axis))
    assert made.get("min") == lowest
    assert made["custom"]["scaleDistribution"] == scale


def test_an_axis_in_powers_without_a_threshold(small: Catalog) -> None:
    scale = defaults(panel(small, axis=Axis.LOG, thresholds=()))["custom"]["scaleDistribution"]
    assert scale["linearThreshold"] == 0.001


@pytest.mark.parametrize(
    ("draw", "style", "stacking"),
    [(Draw.LINES, "line", "none"), (Draw.STACKED, "line", "normal"), (Draw.BARS, "bars", "normal")],
)
def test_only_parts_of_a_whole_are_stacked(small: Catalog, draw: Draw, style: str, stacking: str) -> None:
    custom = defaults(panel(small, draw=draw, every=Duration.of(hours=1)))["custom"]
    assert (custom["drawStyle"], custom["stacking"]["mode"]) == (style, stacking)


def test_status_codes_have_fixed_colours(small: Catalog) -> None:
    made = panel(small, queries=(query("sum by (status_code) (memory_bytes)", "{{status_code}}"),))
    colours = {
        override["matcher"]["options"]: override["properties"][0]["value"]["fixedColor"]
        for override in made["fieldConfig"]["overrides"]
    }
    assert colours == {"/^2..$/": "green", "/^3..$/": "blue", "/^4..$/": "orange", "/^5..$/": "red"}


def test_what_stands_beside_a_chart_is_said_and_not_drawn(small: Catalog) -> None:
    beside = query("slo:error_budget_exhausted_in:seconds", "lasts", beside=PanelUnit.SECONDS)
    made = panel(small, unit=PanelUnit.NUMBER, thresholds=(), queries=(query("dependency_up"), beside))
    (override,) = made["fieldConfig"]["overrides"]
    assert override["matcher"] == {"id": "byFrameRefID", "options": "B"}
    told = {each["id"]: each["value"] for each in override["properties"]}
    assert told["unit"] == "s"
    assert told["custom.hideFrom"] == {"legend": False, "tooltip": False, "viz": True}


def test_a_share_has_more_digits_than_its_objective(catalog: Catalog) -> None:
    made = json.loads(texts(catalog)["grafana/dashboards/wk-executive.json"])["panels"]
    assert defaults(made[0])["decimals"] == 3  # 99.9 has one digit behind the point, two more tell 99.912 from it


def test_two_values_are_told_apart_by_name(small: Catalog) -> None:
    one, two = (panel(small, kind=PanelKind.STAT, queries=(query("memory_bytes", "a"),) * count) for count in (1, 2))
    assert (one["options"]["textMode"], two["options"]["textMode"]) == ("value", "value_and_name")


def test_an_empty_panel_says_why(small: Catalog) -> None:
    assert defaults(panel(small, empty="Nobody asked."))["noValue"] == "Nobody asked."
    made = panel(small, empty="", needs=Need.KUBERNETES)
    assert defaults(made)["noValue"] == "needs kube-state-metrics of a Kubernetes cluster"
    assert made["description"].endswith("This panel needs kube-state-metrics of a Kubernetes cluster.")
    assert "noValue" not in defaults(panel(small, empty="", needs=None))


def test_numbers_are_whole_where_they_are() -> None:
    assert repr(number(Decimal("5.0"))) == "5"
    assert repr(number(Decimal("14.4"))) == "14.4"


# --- links -----------------------------------------------------------------------------------------


def explored(url: str) -> Any:
    """The one pane of a link to Grafana's Explore."""
    (text,) = parse_qs(urlsplit(url).query)["panes"]
    (pane,) = json.loads(unquote(text)).values()
    return pane


def test_links_lead_to_logs_and_traces_of_the_same_time(small: Catalog) -> None:
    links = {link["title"]: explored(link["url"]) for link in panel(small)["links"]}
    logs, traces = links["Log lines of this time"], links["Traces of this time"]
    assert logs["datasource"] == "${loki_datasource}"
    assert logs["queries"][0]["expr"] == '{service_name="${service}"}'
    assert traces["datasource"] == "${jaeger_datasource}"
    assert traces["queries"][0]["service"] == "${service}"
    assert logs["range"] == traces["range"] == {"from": "${__from}", "to": "${__to}"}


def test_points_of_a_chart_have_the_links_of_its_panel(small: Catalog) -> None:
    made = panel(small)
    assert [link["url"] for link in defaults(made)["links"]] == [link["url"] for link in made["links"]]
    assert defaults(panel(small, kind=PanelKind.STAT))["links"] == []


def test_details_on_a_dashboard_that_is_switched_off_are_no_link(small: Catalog) -> None:
    made = panel(small, details=PanelRef("elsewhere", "panel"), links=())
    assert made["links"] == []


@pytest.mark.parametrize(
    ("links", "names"),
    [
        ((), ["datasource"]),
        ((Leads.TRACES,), ["datasource", "jaeger_datasource"]),
        ((Leads.LOGS,), ["prometheus_datasource", "loki_datasource"]),
        ((Leads.LOGS, Leads.TRACES), ["prometheus_datasource", "loki_datasource", "jaeger_datasource"]),
    ],
)
def test_data_sources_are_chosen_on_top(small: Catalog, links: tuple[Leads, ...], names: list[str]) -> None:
    tree = compiled(small, replace(small.dashboard("health").panel("latency"), links=links))
    variables = [each["name"] for each in tree["templating"]["list"] if each["type"] == "datasource"]
    assert variables == names
    assert tree["panels"][0]["datasource"]["uid"] == f"${{{names[0]}}}"


def test_deploys_scaling_and_alerts_are_marked(small: Catalog) -> None:
    tree = compiled(small, small.dashboard("health").panel("latency"))
    marks = {each["name"]: each["expr"] for each in tree["annotations"]["list"]}
    chosen = 'service="$service",environment="$environment"'
    assert marks["Deploys"] == (
        f"count by (version) (service_build_info{{{chosen}}}) "
        f"unless count by (version) (service_build_info{{{chosen}}} offset 5m)"
    )
    assert marks["Scaling"] == (
        f'count(up{{role="service",{chosen}}}) != count(up{{role="service",{chosen}}} offset 5m)'
    )
    # an alert about something absent carries no environment
    assert marks["Alerts"] == (
        'ALERTS{alertstate="firing",severity!="info",environment=~"$environment|",service="$service"}'
    )


# --- provisioning ----------------------------------------------------------------------------------


def sources(catalog: Catalog, where: Sources | None) -> Any:
    deployment = replace(reference(catalog), sources=where)
    made = {document.path: document.text for document in grafana.documents(catalog, deployment)}
    return made.get(conventions.GRAFANA_DATASOURCES_FILE)


def test_data_sources_are_wired_to_each_other(small: Catalog) -> None:
    text = sources(small, Sources("http://prometheus:9090", "http://loki:3100", "http://jaeger:16686"))
    prometheus, loki, jaeger = yaml.safe_load(text)["datasources"]
    assert prometheus["url"] == "http://prometheus:9090"
    assert prometheus["jsonData"]["timeInterval"] == "15s"
    assert prometheus["jsonData"]["exemplarTraceIdDestinations"] == [
        {"name": "trace_id", "datasourceUid": jaeger["uid"]}
    ]
    assert prometheus["secureJsonData"] == {"basicAuthPassword": "$__file{secrets/engine-password}"}
    assert loki["jsonData"]["derivedFields"][0]["datasourceUid"] == jaeger["uid"]
    assert jaeger["jsonData"]["tracesToLogsV2"]["datasourceUid"] == loki["uid"]


def test_what_there_is_not_is_not_provisioned(small: Catalog) -> None:
    (prometheus,) = yaml.safe_load(sources(small, Sources("http://prometheus:9090", "", "")))["datasources"]
    assert "exemplarTraceIdDestinations" not in prometheus["jsonData"]
    _, loki = yaml.safe_load(sources(small, Sources("http://p:9090", "http://loki:3100", "")))["datasources"]
    assert loki["jsonData"]["derivedFields"] == []
    _, jaeger = yaml.safe_load(sources(small, Sources("http://p:9090", "", "http://jaeger:16686")))["datasources"]
    assert jaeger["jsonData"] == {}
    assert sources(small, None) is None


def test_a_prometheus_without_a_password_asks_for_none(small: Catalog) -> None:
    deployment = replace(reference(small), engine_credentials=None)
    made = {document.path: document.text for document in grafana.documents(small, deployment)}
    assert "basicAuth" not in made[conventions.GRAFANA_DATASOURCES_FILE]


def test_the_provider_reads_files_that_nobody_edits(small: Catalog) -> None:
    (provider,) = yaml.safe_load(texts(small)[conventions.GRAFANA_DASHBOARDS_FILE])["providers"]
    assert (provider["type"], provider["allowUiUpdates"]) == ("file", False)
