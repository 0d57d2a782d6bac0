"""What is found in definitions: tiers, intervals, names of metrics, tests of alerts, recordings that nobody reads."""

from dataclasses import replace
from pathlib import Path

import pytest

from checks_examples import BY_ID, TODAY, judge_all, judge_project
from watchkeeper import checks, model, spec
from watchkeeper.checks import judging
from watchkeeper.compile import rules as compiled_rules
from watchkeeper.problem import Problem, Severity
from watchkeeper.quantity import Duration, Ratio


def told(check: str, text: str, folder: Path) -> list[Problem]:
    return list(judge_project(text, folder, BY_ID[check]))


def tier(words: str, target: str = "99.9", window: str = "30d") -> str:
    return f"slos:\n  availability:\n    target: {target}\n    window: {window}\n    tiers:\n    - {{{words}}}\n"


# --- tiers ----------------------------------------------------------------------------------------


def test_a_factor_is_held_against_what_it_is_said_to_mean(tmp_path: Path) -> None:
    (problem,) = told("L01", tier("severity: critical, factor: 43.2, exhausts_in: 1h"), tmp_path)
    assert (problem.code, problem.span.line) == ("burn-factor", 7)
    # 720 h / 43.2 = 16.666 h; 720 h / 1 h = 720, times 0.1 % = 72 %; 43.2 / 720 = 6 %
    assert "43.2x exhausts the budget of 30d in 16h40m, not in 1h" in problem.summary
    assert problem.allowed == "720x, which takes 72% errors"
    assert "`budget_share: 6%` and `long_window: 1h`" in problem.fix


def test_what_no_outage_reaches_is_said(tmp_path: Path) -> None:
    (problem,) = told("L01", tier("severity: critical, factor: 43.2, exhausts_in: 1h", target="99"), tmp_path)
    assert problem.allowed == "720x, which not even a total outage reaches"  # 720 x 1 % = 720 %


def test_a_budget_that_is_gone_sooner_than_said(tmp_path: Path) -> None:
    (problem,) = told("L01", tier("severity: critical, factor: 20, long_window: 1h, exhausts_in: 60h"), tmp_path)
    assert problem.fix == "write `exhausts_in: 1d12h`"  # 720 h / 20 = 36 h, sooner than 60 h: a share of 167 % is none


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("severity: critical, budget_share: 2%, long_window: 1h, exhausts_in: 50h", ""),  # 14.4x: 720 h / 14.4 = 50 h
        ("severity: critical, budget_share: 2%, long_window: 1h, exhausts_in: 51h", "burn-factor"),
        ("severity: critical, factor: 14.4, long_window: 1h", ""),
        ("severity: critical, factor: 14.4", "missing-key"),
        ("severity: critical, factor: 0, long_window: 1h", "missing-key"),
        ("severity: critical, long_window: 1h", "missing-key"),
        ("severity: critical, budget_share: 2%", "missing-key"),
        ("severity: critical, budget_share: 2%, factor: 14.4, long_window: 1h", "conflict"),
        ("severity: warning, factor: 0.6, long_window: 3d", "slow-burn"),
        ("severity: warning, budget_share: 6%, long_window: 3d", "slow-burn"),  # 6 % x 30 / 3 = 0.6
        ("severity: info, budget_share: 6%, long_window: 3d", ""),
        ("severity: warning, budget_share: 10%, long_window: 3d", ""),  # 1x
    ],
)
def test_which_tiers_are_taken(words: str, code: str, tmp_path: Path) -> None:
    assert [problem.code for problem in told("L01", tier(words), tmp_path)] == ([code] if code else [])


def test_a_tier_by_its_factor_is_the_one_by_its_share(tmp_path: Path) -> None:
    project = tmp_path / "watchkeeper.yaml"
    project.write_text("service: a\n" + tier("severity: critical, factor: 14.4, long_window: 1h"))
    catalog = spec.load(project, today=TODAY).catalog
    assert catalog is not None
    (slo,) = [slo for slo in catalog.services[0].slos if slo.name == "availability"]
    share = Ratio.of(percent=2)  # 14.4 x 1 h / 720 h
    assert slo.tiers == (model.Tier(model.Severity.CRITICAL, share, Duration.of(hours=1)),)


def test_the_slow_tier_of_the_seed_is_a_warning_where_it_is_chosen(tmp_path: Path) -> None:
    (problem,) = told("L02", "slos:\n  availability: {burn_alerts: seed}\n", tmp_path)
    assert (problem.code, problem.severity, problem.span.line) == ("slow-burn", Severity.WARNING, 3)
    assert problem.found == "0.6x spends 30d of budget in 50d"  # 30 d / 0.6
    assert told("L02", "slos:\n  availability: {burn_alerts: workbook}\n", tmp_path) == []


@pytest.mark.parametrize(
    ("target", "severities"),
    [
        ("97.5", [Severity.WARNING]),  # 28.8 x 2.5 % = 72 %
        ("98.3", []),  # 28.8 x 1.7 % = 48.96 %
        ("97", [Severity.ERROR]),  # refused at the door: 28.8 x 3 % = 86.4 %, hardly ever reached
    ],
)
def test_thresholds_that_are_hardly_reached(target: str, severities: list[Severity], tmp_path: Path) -> None:
    text = f"slos:\n  availability: {{target: {target}, burn_alerts: workbook}}\n"
    assert [problem.severity for problem in told("L03", text, tmp_path)] == severities


def test_the_largest_factor_that_is_reached_is_said(tmp_path: Path) -> None:
    (problem,) = told("L03", "slos:\n  availability: {target: 97.5, burn_alerts: workbook}\n", tmp_path)
    assert problem.allowed == "factors up to 20, which 50% reach"  # 50 % / 2.5 %
    assert problem.summary == "SLO `availability`: a burn alert needs 72% of all requests to fail"


def test_half_of_all_is_no_finding(tmp_path: Path) -> None:
    words = "severity: critical, factor: 500, long_window: 30m"  # 500 x 0.1 % = 50 %
    assert told("L03", tier(words), tmp_path) == []
    assert len(told("L03", tier(words.replace("500", "501")), tmp_path)) == 1


# --- intervals and names --------------------------------------------------------------------------

INTERVALS = "intervals:\n  rules_slow: {}\n"


def test_intervals_of_definitions_leave_no_holes(tmp_path: Path) -> None:
    (problem,) = told("L28", INTERVALS.format("5m"), tmp_path)
    assert (problem.code, problem.span.line, problem.span.column) == ("bad-interval", 3, 15)
    assert told("L28", INTERVALS.format("2m30s"), tmp_path) == []
    assert [found.code for found in told("L28", INTERVALS.format("151s"), tmp_path)] == ["bad-interval"]


METRIC = (
    "metrics:\n  {}:\n    type: {}\n    help: x\n    category: application\n    scrape: standard\n    retention: 30d\n"
)


@pytest.mark.parametrize(
    ("name", "kind", "better"),
    [
        ("wait_ms", "gauge", "wait_seconds"),
        ("work_minutes_total", "counter", "work_seconds_total"),
        ("disk_used_percent", "gauge", "disk_used_ratio"),
        ("request_latency", "gauge", "request_latency_seconds"),
        ("heap_size", "gauge", "heap_size_bytes"),
        ("wait_seconds", "gauge", ""),
        ("last_time_seconds", "gauge", ""),
        ("overtime_total", "counter", ""),  # so many times
        ("sizes", "gauge", ""),
    ],
)
def test_measurements_are_in_basic_units(name: str, kind: str, better: str, tmp_path: Path) -> None:
    found = told("L40", METRIC.format(name, kind), tmp_path)
    assert [problem.fix.split("`")[1] for problem in found] == ([better] if better else [])
    assert all(problem.span.line == 3 for problem in found)


def test_names_of_others_are_theirs(tmp_path: Path) -> None:
    assert told("L40", METRIC.format("wait_ms", "gauge") + "    emitter: node\n", tmp_path) == []


def test_counters_are_told_at_the_door(tmp_path: Path) -> None:
    assert [problem.code for problem in told("L40", METRIC.format("waits", "counter"), tmp_path)] == ["bad-name"]


# --- who tests, owns and reads --------------------------------------------------------------------

ALERT = """\
alerts:
  Waiting:
    severity: warning
    kind: symptom
    component: api
    value: sessions_active
    above: 5
    summary: x
    impact: x
    actions: [x]
    escalation: x
    runbook: latency.md
"""
CASES = """\
tests:
  Waiting:
    fires: [{idea: many, series: {sessions_active: 9x20}, at: 5m}]
    silent: [{idea: few, series: {sessions_active: 1x20}, at: 5m}]
"""


def test_an_alert_without_tests_is_told_where_it_is_defined(tmp_path: Path) -> None:
    (problem,) = told("L44", ALERT, tmp_path)
    assert (problem.summary, problem.span.line) == ("no test makes alert `Waiting` fire or stay silent", 3)
    assert told("L44", ALERT + CASES, tmp_path) == []


def test_tests_of_no_alert_are_an_error(tmp_path: Path) -> None:
    found = told("L44", ALERT + CASES.replace("Waiting", "Waitin"), tmp_path)
    assert [(problem.severity, problem.fix) for problem in found] == [
        (Severity.WARNING, "add `Waiting` under `tests`"),
        (Severity.ERROR, "write `Waiting`"),
    ]


def test_alerts_of_an_objective_are_told_at_the_objective(tmp_path: Path) -> None:
    """Until they are tested; the shipped pack's own are nobody's project."""
    text = "slos:\n  mine:\n    title: x\n    target: 99\n    window: 30d\n    counts: requests\n    class: simple\n"
    text += "    tiers: [{severity: info, budget_share: 10%, long_window: 3d}]\n    impact: x\n    component: api\n"
    text += "    within: 1s\n    runbook: latency.md\n"
    found = told("L44", text, tmp_path)
    assert {problem.span.line for problem in found} == {3}
    assert [problem.summary for problem in found] == [
        "no test makes alert `ErrorBudgetBurnRateInfo` fire or stay silent"
    ]


def test_an_alert_on_log_lines_is_told_where_it_is_defined(tmp_path: Path) -> None:
    text = """\
log_alerts:
  Dying:
    severity: high
    kind: cause
    component: api
    lines: {levels: [fatal]}
    over: 5m
    summary: x
    impact: x
    actions: [x]
    escalation: x
    runbook: latency.md
"""
    (problem,) = told("L44", text, tmp_path)
    assert (problem.summary, problem.span.line) == ("no test makes alert `Dying` fire or stay silent", 3)


# --- what is switched off ---------------------------------------------------------------------------

OFF = "{enabled: false, because: not here}"


@pytest.mark.parametrize(
    "text",
    [
        f"alerts: {{LowCacheHitRate: {OFF}}}",
        f"log_alerts: {{HighErrorLogRate: {OFF}}}",  # and HighErrorLogRatio with it
        f"slos: {{module-observatory: {OFF}}}",
        f"slos: {{availability: {OFF}}}\nalerts: {{HighErrorRate: {OFF}}}",
        "budget_policy: {orange: {consumed: 60%}}",  # the pack's tests are of 50 %
        f"services:\n  a: {{alerts: {{LowCacheHitRate: {OFF}}}}}\n  b: {{}}",
    ],
)
def test_the_packs_tests_of_what_is_not_there_are_no_problem(text: str, tmp_path: Path) -> None:
    assert judge_all(text, tmp_path, (BY_ID["L44"],)) == ()


def test_own_tests_wait_with_the_alert_that_is_switched_off(tmp_path: Path) -> None:
    assert told("L44", ALERT + f"    enabled: false\n    because: not here\n{CASES}", tmp_path) == []


def test_recordings_of_a_pack_need_no_other_reader(tmp_path: Path) -> None:
    assert judge_all(f"dashboards: {{business: {OFF}}}", tmp_path, (BY_ID["L45"],)) == ()


def test_a_pack_is_asked_for_its_own_tests() -> None:
    """No project stands between: whoever checks the pack alone wrote it."""
    without = replace(pack(), services=tuple(replace(service, tests=()) for service in pack().services))
    found = judged(without, "L44")
    assert "no test makes alert `LowCacheHitRate` fire or stay silent" in {problem.summary for problem in found}


RECORDING = """\
recordings:
  service:waiting:max:
    family: business
    unit: number
    help: x
    rules: [{value: max(sessions_active)}]
"""
READS = ALERT.replace("value: sessions_active", "value: service:waiting:max")


def test_a_recording_that_nobody_reads_is_told_where_it_is_defined(tmp_path: Path) -> None:
    (problem,) = told("L45", RECORDING, tmp_path)
    assert (problem.code, problem.span.line, problem.summary) == (
        "unread-recording",
        3,
        "nobody reads `service:waiting:max`",
    )


def test_an_alert_reads_and_a_recording_reads_for_whoever_reads_it(tmp_path: Path) -> None:
    assert told("L45", RECORDING + READS, tmp_path) == []
    chain = RECORDING + RECORDING.replace("recordings:\n", "").replace("waiting:max", "most:max").replace(
        "max(sessions_active)", "max(service:waiting:max)"
    )
    assert [problem.span.line for problem in told("L45", chain, tmp_path)] == [3, 8]
    assert told("L45", chain + ALERT.replace("value: sessions_active", "value: service:most:max"), tmp_path) == []


def test_a_panel_reads() -> None:
    dashboards = pack().dashboards
    shown = [query.value for dashboard in dashboards for panel in dashboard.panels for query in panel.queries]
    alone = {problem.summary.split("`")[1] for problem in of_pack("L45", dashboards=False)}
    with_panels = {problem.summary.split("`")[1] for problem in of_pack("L45")}
    assert with_panels < alone
    assert any(name in value for name in alone - with_panels for value in shown)


def test_a_page_and_a_question_read(tmp_path: Path) -> None:
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "latency.md").write_text("Look at `service:waiting:max`.")
    assert told("L45", RECORDING, tmp_path) == []
    (tmp_path / "runbooks" / "latency.md").write_text("Look at `service:waiting:maximum`.")
    assert len(told("L45", RECORDING, tmp_path)) == 1


def test_whoever_asks_beside_is_named_by_the_caller() -> None:
    name = "slo:history_coverage:ratio"
    unread = {problem.summary for problem in of_pack("L45")}
    read = {problem.summary for problem in of_pack("L45", readers=(f'{{__name__=~"{name}|b:c"}}',))}
    assert not any(name in summary for summary in read)
    assert read <= unread


def test_every_compiled_alert_has_an_owner() -> None:
    assert not [problem for problem in of_pack("L37") if "has no team" in problem.summary]
    catalog = pack()
    text = compiled_rules.compiled(catalog).documents[1].text
    broken = {"alerts.yaml": text.replace("team: copilot", "crew: copilot")}
    definitions = checks.of_sources(catalog, spec.load(today=TODAY).sources)
    found = judging.judge_definitions((BY_ID["L37"],), definitions, broken, today=TODAY).problems
    assert any("has no team" in problem.summary for problem in found)


def pack() -> model.Catalog:
    catalog = spec.load(today=TODAY).catalog
    assert catalog is not None
    return catalog


def of_pack(check: str, readers: tuple[str, ...] = (), *, dashboards: bool = True) -> tuple[Problem, ...]:
    return judged(pack() if dashboards else replace(pack(), dashboards=()), check, readers)


def judged(catalog: model.Catalog, check: str, readers: tuple[str, ...] = ()) -> tuple[Problem, ...]:
    documents = compiled_rules.compiled(catalog).documents
    compiled = {document.path: document.text for document in documents}
    definitions = checks.of_sources(catalog, spec.load(today=TODAY).sources, readers)
    return judging.judge_definitions((BY_ID[check],), definitions, compiled, today=TODAY).problems
