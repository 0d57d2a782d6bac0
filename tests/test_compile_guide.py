"""The operational guide and the summary: links lead on, queries run, and every fact is that of the compiled files."""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import yaml

import compile_bench
from logql_judge import faults
from watchkeeper import conventions, engines, spec
from watchkeeper.compile.guide import alerting, contents, facts, markdown, queries, quickstart, troubleshooting
from watchkeeper.compile.reference import reference
from watchkeeper.compile.rules import compiled
from watchkeeper.compile.totals import Totals, totals
from watchkeeper.model import Catalog, Example, Severity

TOLD = Path(__file__).parent / "golden" / "who-is-told.txt"
GUIDE, SUMMARY = conventions.GUIDE_FILE, conventions.SUMMARY_FILE
RULE_FILES = (conventions.RECORDING_RULES_FILE, conventions.ALERT_RULES_FILE)


@cache
def shipped() -> Catalog:
    loaded = spec.load()
    assert loaded.catalog is not None, loaded.problems
    return loaded.catalog


@cache
def documents() -> dict[str, str]:
    return compile_bench.texts(shipped())


@cache
def rules() -> tuple[dict[str, dict[str, str]], ...]:
    groups = (group for file in RULE_FILES for group in yaml.safe_load(documents()[file])["groups"])
    return tuple(rule for group in groups for rule in group["rules"])


@cache
def counted() -> Totals:
    return totals(shipped(), compiled(shipped()))


def facts_of(catalog: Catalog) -> facts.Facts:
    return facts.gather(catalog, reference(catalog), compiled(catalog), ())


def alert_names() -> set[str]:
    return {str(rule["alert"]) for rule in rules() if "alert" in rule}


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", documents()[page], flags=re.MULTILINE | re.DOTALL)


def section(page: str, heading: str) -> str:
    """From a heading to the next of its level."""
    level = re.escape(heading.partition(" ")[0])
    found = re.search(rf"^{re.escape(heading)}$(.*?)(?=^{level} |\Z)", page, flags=re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


def table(text: str) -> Iterator[list[str]]:
    for line in re.findall(r"^\| (.*) \|$", text, flags=re.MULTILINE):
        if not line.startswith("--- "):
            yield re.split(r" \| ", line)


def row(page: str, heading: str, first: str) -> list[str]:
    (found,) = [cells for cells in table(section(page, heading)) if cells[0] == first]
    return found


# --- links and files --------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [GUIDE, SUMMARY])
def test_every_link_leads_to_something_that_is_built(page: str) -> None:
    links = re.findall(r"\]\(([^)]+)\)", documents()[page])
    assert len(links) > 10
    for target in links:
        assert target in documents() or any(path.startswith(target) for path in documents()), target


def test_every_file_is_told_of_once() -> None:
    others = set(documents()) - {GUIDE, SUMMARY}
    files, folders = dict(contents.FILES), dict(contents.FOLDERS)
    for path in others:
        assert (path in files) + any(path.startswith(folder) for folder in folders) == 1, path


def test_a_file_that_is_not_built_is_not_told_of() -> None:
    rows = list(contents.rows(("prometheus.yaml", "runbooks/a.md", "runbooks/b.md", "loki/x.yaml")))
    assert [name for name, _ in rows] == [
        "[prometheus.yaml](prometheus.yaml)",
        "[loki/](loki/)",
        "[runbooks/](runbooks/)",
    ]
    assert rows[1][1].endswith("(1 file)")
    assert rows[2][1].endswith("(2 files)")


def test_examples_are_published_as_they_are() -> None:
    folder = Path(spec.__file__).parents[1] / "pack" / "examples"
    published = {path: text for path, text in documents().items() if path.startswith("examples/")}
    assert published == {f"examples/{file.name}": file.read_text() for file in folder.glob("*.py")}
    assert set(published) == {"examples/instrumentation_example.py"}


def test_another_example_is_published_and_linked() -> None:
    catalog = replace(shipped(), examples=(Example("other.py", "pass\n"),))
    made = compile_bench.texts(catalog)
    assert made["examples/other.py"] == "pass\n"
    assert "[examples/other.py](examples/other.py)" in section(made[GUIDE], "## Quick start")


# --- alerts -------------------------------------------------------------------------------------------


def alert_rows(page: str) -> dict[str, tuple[str, list[str]]]:
    """Name -> severity and cells, from the guide's own tables."""
    rows: dict[str, tuple[str, list[str]]] = {}
    for severity in Severity:
        for cells in table(section(page, f"### {severity.value}")):
            named = re.fullmatch(r"\[`(\w+)`\]\(runbooks/[a-z0-9-]+\.md\)", cells[0])
            if named:
                rows[named[1]] = (severity.value, cells)
    return rows


def test_every_alert_stands_in_the_guide_under_its_severity_and_in_the_summary() -> None:
    rows = alert_rows(documents()[GUIDE])
    assert set(rows) == alert_names()
    for rule in rules():
        if "alert" in rule:
            assert rows[str(rule["alert"])][0] == rule["labels"]["severity"]
    named = set(re.findall(r"`(\w+)`", section(documents()[SUMMARY], "## Alerts")))
    assert alert_names() <= named


def test_detection_times_are_those_of_the_rules() -> None:
    rows = alert_rows(documents()[GUIDE])
    for rule in rules():
        if "alert" not in rule:
            continue
        stated = re.match(r"at most (.+?) after", rule["annotations"].get("detection", ""))
        assert (stated[1] if stated else "-") in rows[str(rule["alert"])][1][2]


def test_who_is_told_is_what_the_table_written_by_hand_says() -> None:
    """The hand-written table of the routes knows what the guide was not made from."""
    rows = alert_rows(documents()[GUIDE])
    speak = {(str(rule["alert"]), rule["labels"]["component"]) for rule in rules() if "alert" in rule}
    checked = 0
    for line in TOLD.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        alert, component, severity, *told = line.split()
        if (alert, component) in speak:
            assert rows[alert][0] == severity, alert
            assert set(told) <= set(re.findall(r"[\w-]+", rows[alert][1][3])), alert
            checked += 1
    assert checked > 60


def test_what_differs_between_objectives_is_told_for_each() -> None:
    told = alert_rows(documents()[GUIDE])["ErrorBudgetBurnRateCritical"][1][3].split("<br>")
    assert told[0].startswith("availability")
    assert "pagerduty-p0" in told[0]
    assert any("module-incident-manager" in line and "pagerduty-critical" in line for line in told[1:])


def test_severities_say_who_is_told_and_how_often() -> None:
    page = documents()[GUIDE]
    critical, high = (row(page, "## Severities", name) for name in ("critical", "high"))
    assert "pagerduty-p0 (p0)" in critical[1]
    assert "pagerduty-p1 (p1)" in critical[1]
    assert "mail-copilot (team copilot)" in critical[1]
    assert "slack-database-alerts" not in critical[1]  # hears of a part, not of a severity
    assert critical[3:5] == ["10 s", "30 min"]
    assert "pagerduty-business-hours (in business-hours)" in high[1]
    assert high[3:5] == ["30 s", "4 h"]
    assert row(page, "## Severities", "info")[3:5] == ["", ""]
    counts = {name: int(row(page, "## Severities", name)[5]) for name in ("critical", "high", "warning", "info")}
    assert sum(counts.values()) == len(alert_names())


def test_working_hours_are_not_told_where_high_pages_always(tmp_path: Path) -> None:
    project = tmp_path / "watchkeeper.yaml"
    project.write_text("service: x\nextends: copilot\nrouting: {high_pages: always}\n")
    catalog = spec.load(project).catalog
    assert catalog is not None
    told = alerting.told(catalog, Severity.HIGH)
    assert "pagerduty-business-hours" in told
    assert "in business-hours" not in told


def test_runbooks_are_listed_for_every_alert() -> None:
    linked = dict(re.findall(r"\[(\w+)\]\((runbooks/[a-z0-9-]+\.md)\)", section(documents()[GUIDE], "## Runbooks")))
    assert set(linked) == alert_names()
    assert set(linked.values()) <= set(documents())


# --- contacts ----------------------------------------------------------------------------------------


def test_every_receiver_is_a_contact() -> None:
    receivers = {each["name"] for each in yaml.safe_load(documents()[conventions.ALERTMANAGER_FILE])["receivers"]}
    contacts = section(documents()[GUIDE], "## Contacts")
    assert receivers <= {cells[0] for cells in table(contacts)}
    assert row(documents()[GUIDE], "## Contacts", "slack-incidents")[1] == "Slack #incidents"
    assert row(documents()[GUIDE], "## Contacts", "pagerduty-p1")[2] == "critical p1"
    assert row(documents()[GUIDE], "## Contacts", "maintenance")[1] == "Sunday 02:00 to 04:00"


def secret_files(node: object) -> Iterator[str]:
    """Every `*_file` of a configuration that somebody has to fill."""
    if isinstance(node, dict):
        for key, value in node.items():
            if str(key).endswith("_file"):
                yield str(value)
            else:
                yield from secret_files(value)
    elif isinstance(node, list):
        for each in node:
            yield from secret_files(each)


def test_every_key_that_a_configuration_reads_is_in_the_quick_start() -> None:
    read = {
        file
        for path in (conventions.ALERTMANAGER_FILE, conventions.PROMETHEUS_FILE, conventions.TRACING_FILE)
        for file in secret_files(yaml.safe_load(documents()[path]))
    }
    assert read == set(quickstart.secrets(shipped(), reference(shipped())))
    assert all(f"\n{file}\n" in documents()[GUIDE] for file in read)


# --- dashboards --------------------------------------------------------------------------------------


def test_dashboards_are_found_at_their_address() -> None:
    page = section(documents()[GUIDE], "## Dashboards")
    for path, text in documents().items():
        if path.startswith("grafana/dashboards/"):
            tree = json.loads(text)
            assert f"`/d/{tree['uid']}`" in page
            assert f"]({path})" in page
            titles = [panel["title"] for panel in tree["panels"]]
            assert all(f"- {title} (" in page for title in titles)


def test_nothing_claims_that_grafana_was_there() -> None:
    assert "no Grafana has opened them" in documents()[GUIDE]


# --- queries -----------------------------------------------------------------------------------------


def test_no_question_of_ours_is_left_out() -> None:
    asked = list(queries.prometheus(facts_of(shipped()), shipped().services[0]))
    assert [question for question, _ in asked] == [question for question, _ in queries.PROMETHEUS]
    for scenario in troubleshooting.SCENARIOS:
        assert f"### {scenario.seen}\n" in documents()[GUIDE]


def test_a_question_without_its_metric_is_left_out() -> None:
    metrics = tuple(metric for metric in shipped().metrics if metric.name != "dependency_up")
    asked = dict(queries.prometheus(facts_of(replace(shipped(), metrics=metrics)), shipped().services[0]))
    assert "What does the service not reach?" not in asked
    assert len(asked) == len(queries.PROMETHEUS) - 1


def test_queries_ask_for_one_service() -> None:
    asked = dict(queries.prometheus(facts_of(shipped()), shipped().services[0]))
    assert asked["What does the service not reach?"] == 'dependency_up{service="llm-copilot-agent"} == 0'
    assert asked["What fires, by severity?"] == 'count by (severity, alertname) (ALERTS{alertstate="firing"})'


@pytest.mark.engine
def test_promtool_reads_every_query(promtool: engines.Engine, tmp_path: Path) -> None:
    found = blocks(GUIDE, "promql")
    assert len(found) >= len(queries.PROMETHEUS) + len(troubleshooting.SCENARIOS) - 1
    named = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(found)]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": named}]}))
    done = subprocess.run(
        [*promtool.command, "check", "rules", str(file)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert f"{len(found)} rules found" in done.stdout


def test_grafanas_grammar_reads_every_logql_query() -> None:
    found = [query.strip() for query in blocks(GUIDE, "logql")]
    assert len(found) == 5 + len(shipped().services[0].log_alerts)
    assert dict(zip(found, faults(found), strict=True)) == {query: [] for query in found}


def test_jaeger_is_asked_for_spans_that_have_such_names() -> None:
    tracing = shipped().tracing
    assert tracing is not None
    asked = dict(queries.jaeger(tracing, shipped().services[0]))
    assert len(asked) == 4
    for address in asked.values():
        path, _, query = address.partition("?")
        fields = parse_qs(query, strict_parsing=True)
        assert path == "/search"
        assert fields["service"] == ["llm-copilot-agent"]
        assert all(any(name.fits(operation) for name in tracing.names) for operation in fields.get("operation", []))
        assert all(json.loads(tags) == {"error": "true"} for tags in fields.get("tags", []))
        assert f"```text\n{address}\n```" in documents()[GUIDE]
    assert "minDuration=2s" in asked["Which requests to a route were slow?"]
    assert "minDuration=30s" in asked["Which calls of a model took longest?"]  # slow for a model, the longest of all


def test_further_runbooks_are_of_alerts_that_exist() -> None:
    for scenario in troubleshooting.SCENARIOS:
        assert set(scenario.alerts) <= alert_names(), scenario.seen


# --- totals ------------------------------------------------------------------------------------------


def test_totals_are_what_the_files_hold() -> None:
    found = counted()
    alerts = [rule for rule in rules() if "alert" in rule]
    metrics = yaml.safe_load(documents()[conventions.METRICS_CATALOG_FILE])
    assert (found.alerts, found.alert_rules) == (len(alert_names()), len(alerts))
    assert found.recording_rules == len(rules()) - len(alerts) == metrics["totals"]["recording_rules"]
    assert (found.metrics, found.series) == (metrics["totals"]["metrics"], metrics["totals"]["series"])
    drawn = json.loads(documents()[conventions.DASHBOARDS_FILE])["dashboards"]
    assert (found.dashboards, found.panels) == (len(drawn), sum(len(each["panels"]) for each in drawn))


def test_the_specifications_counts_are_reached() -> None:
    found = counted()
    assert found.series >= 13_000
    assert found.recording_rules >= 60
    assert found.alerts >= 50
    assert (found.dashboards, found.panels, found.log_alerts) == (4, 38, 8)


def test_samples_follow_from_the_pace_of_each_class() -> None:
    by_scrape = yaml.safe_load(documents()[conventions.METRICS_CATALOG_FILE])["totals"]["series_by_scrape"]
    found = counted().samples_per_second
    assert found.quantize(Decimal("0.001")) == (
        Decimal(by_scrape["critical"]) / 5 + Decimal(by_scrape["standard"]) / 15
    ).quantize(Decimal("0.001"))


def test_disk_is_samples_times_measured_bytes() -> None:
    thousand = Totals(1, 1, Decimal(1000), 1, 1, 1, 1, 1, 1)
    # 1,000/s x 90 x 86,400 s = 7,776,000,000 samples; x 1.2 B and x 2.4 B
    assert thousand.disk_bytes == (Decimal(9331200000), Decimal(18662400000))


def test_the_summary_states_the_totals() -> None:
    found = counted()
    low, high = found.disk_bytes
    stated = {cells[0]: cells[1] for cells in table(section(documents()[SUMMARY], "## Totals"))}
    assert stated["series scraped"] == f"{found.series:,}"
    assert stated["alerts"] == str(found.alerts)
    assert stated["runbooks"] == str(sum(path.startswith("runbooks/") for path in documents()))
    # 16,615 series: 512 / 5 + 16,103 / 15 = 1,176/s, about 11 and 22 GB
    assert stated["disk for 90 d"] == f"{low / 10**9:.1f} to {high / 10**9:.1f} GB"


def test_objectives_stand_in_the_summary_with_their_budget() -> None:
    objectives = section(documents()[SUMMARY], "## Objectives")
    (availability,) = [cells for cells in table(objectives) if cells[0].startswith("99.9 % of requests are answered")]
    assert availability[1:4] == ["99.9 %", "30 d", "43 min 12 s"]  # 0.1 % of 30 x 24 x 60 min
    assert "critical: 2 % in 1 h" in availability[4]


@pytest.mark.parametrize("claimed", ["99.95", "450", "0.03", "72%", "72 %", "production ready", "enterprise"])
def test_nothing_is_claimed_that_nobody_measured(claimed: str) -> None:
    for page in (GUIDE, SUMMARY):
        assert claimed not in re.sub(r"\[.*?\]\(.*?\)", "", documents()[page]).lower()


# --- several services --------------------------------------------------------------------------------


def test_several_services_share_one_guide(tmp_path: Path) -> None:
    project = tmp_path / "watchkeeper.yaml"
    project.write_text("extends: copilot\nservices:\n  first: {}\n  second: {slos: {availability: {target: 99.5}}}\n")
    catalog = spec.load(project).catalog
    assert catalog is not None
    made = compile_bench.texts(catalog)
    assert made[GUIDE].startswith("# Monitoring of first, second\n")
    burn = alert_rows(made[GUIDE])["ErrorBudgetBurnRateCritical"][1][1].split("<br>")
    assert len(burn) > 1  # 14.4 x 0.1 % and 14.4 x 0.5 %
    assert section(made[SUMMARY], "## Objectives").count("| objective | target |") == 2


def test_a_catalog_without_dashboards_logs_and_traces_has_a_guide_without_them() -> None:
    services = tuple(replace(service, log_alerts=()) for service in shipped().services)
    made = compile_bench.texts(replace(shipped(), dashboards=(), logs=None, tracing=None, services=services))
    assert "## Dashboards" not in made[GUIDE]
    assert "### Loki" not in made[GUIDE]
    assert "### Jaeger" not in made[GUIDE]
    assert "Loki" not in section(made[GUIDE], "## How it hangs together")


# --- Markdown ----------------------------------------------------------------------------------------


def test_cells_hold_what_would_break_a_table() -> None:
    assert markdown.table(("a", "b"), [("x|y", "one\ntwo")]) == "| a | b |\n| --- | --- |\n| x\\|y | one<br>two |"


def test_parts_have_an_empty_line_between_them() -> None:
    assert markdown.page(["# A", "", markdown.items(["b"]), markdown.steps(["c", "d"])]) == "# A\n\n- b\n\n1. c\n2. d\n"


def test_upkeep_has_the_specifications_rhythm() -> None:
    upkeep = section(documents()[GUIDE], "## Upkeep")
    assert {cells[0] for cells in table(upkeep)} >= {"daily", "weekly", "monthly", "quarterly"}
    runs_out = {cells[0]: cells for cells in table(section(documents()[GUIDE], "### What runs out"))}
    assert {"the prices of model calls", "silences", "keys of receivers"} <= set(runs_out)
    assert "[`LLMModelUnpriced`](runbooks/llm-model-unpriced.md)" in runs_out["the prices of model calls"][2]
    # both alerts on certificates, with the days of their thresholds
    told = [cells[1] for cells in table(upkeep) if cells[0] == "the front door's certificate"]
    assert told == ["told 21d before", "told 3d before"]
