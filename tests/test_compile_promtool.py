"""The whole compiled rule set on a real engine: which alerts of an incident fire together, and which of them do not.

What makes each alert fire by itself stands in the pack's own tests. Samples every 5 s, rules every 15 s. Firing is
asked as `count(ALERTS{...})`, because promtool passes a mistyped alert name silently.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

import compile_bench
from watchkeeper import conventions, engines
from watchkeeper.model import Catalog

pytestmark = pytest.mark.engine

RULE_FILES = (conventions.RECORDING_RULES_FILE, conventions.ALERT_RULES_FILE)
MINUTE = 12
"""Samples."""
HOUR = 60 * MINUTE


@pytest.fixture(scope="module")
def built(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rules")
    compile_bench.write(compile_bench.texts(catalog), folder)
    return folder


@dataclass(frozen=True)
class Case:
    name: str
    series: dict[str, str]
    """Name and labels -> promtool notation."""
    at: str
    fires: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()


def _events(outcome: str) -> str:
    target = 'service="llm-copilot-agent",environment="e"'
    return f'sli_events_total{{slo="availability",class="simple",outcome="{outcome}",{target}}}'


GOOD, BAD = _events("good"), _events("bad")
HEALTHY = {GOOD: f"0+100x{90 * MINUTE}", BAD: f"0x{90 * MINUTE}"}
"""20 requests a second."""


def _failing(share: int) -> dict[str, str]:
    """An hour of health, then so many percent fail for half an hour."""
    then = 30 * MINUTE
    return {
        GOOD: f"0+100x{HOUR} {100 * HOUR + 100 - share}+{100 - share}x{then}",
        BAD: f"0x{HOUR} {share}+{share}x{then}",
    }


_CALL = 'provider="anthropic",model="m",service="llm-copilot-agent",environment="e"'
ENDED = f"llm_request_duration_seconds_count{{{_CALL}}}"


def _calls(outcome: str) -> str:
    return f'llm_requests_total{{outcome="{outcome}",{_CALL}}}'


PROVIDER_OUTAGE = {
    _calls("ok"): f"0+5x{5 * MINUTE} {25 * MINUTE}x{3 * MINUTE} {25 * MINUTE + 5}+5x{3 * MINUTE}",
    _calls("overloaded"): f"0x{5 * MINUTE} 5+5x{3 * MINUTE} {15 * MINUTE + 5}x{3 * MINUTE}",
    ENDED: f"0+5x{11 * MINUTE + 2}",
}
"""A call a second: all well for five minutes, then all failing for three."""

CASES = [
    Case(
        "healthy",
        HEALTHY,
        "80m",
        silent=(
            "ServiceOutage",
            "HighErrorRate",
            "SLOAvailabilityBreach",
            "ErrorBudgetBurnRateCritical",
            "ErrorBudgetBurnRateHigh",
            "ErrorBudgetBurnRateWarning",
            "TrafficCollapse",
        ),
    ),
    # found by the outage (15 s of a minute) and by the burn (25.92 s), not yet confirmed (5 min and more)
    Case(
        "a total outage of a minute",
        _failing(100),
        "61m",
        fires=("ServiceOutage", "ErrorBudgetBurnRateCritical"),
        silent=("HighErrorRate", "SLOAvailabilityBreach"),
    ),
    # 20 % never crosses a quarter; 1 %/15m at 20 % takes 129.6 s
    Case("one in five", _failing(20), "63m", fires=("ErrorBudgetBurnRateCritical",), silent=("ServiceOutage",)),
    # 2 % for 30 of 90 minutes: 0.67 % over six hours (6x is 0.6 %), 1 % over the last hour (14.4x is 1.44 %)
    Case(
        "two in a hundred",
        _failing(2),
        "90m",
        fires=("SLOAvailabilityBreach", "ErrorBudgetBurnRateHigh", "ErrorBudgetBurnRateWarning"),
        silent=("ErrorBudgetBurnRateCritical", "HighErrorRate"),
    ),
    # 500 s after a total outage of 100 s: the short windows are clean, five minutes are well, half an hour is not
    Case(
        "the end of an outage",
        {GOOD: f"0+100x{HOUR} {100 * HOUR}x20 {100 * HOUR + 100}+100x120", BAD: f"0x{HOUR} 100+100x20 2100x120"},
        "70m",
        fires=("ErrorBudgetBurnRateHigh",),
        silent=("ServiceOutage", "HighErrorRate", "SLOAvailabilityBreach", "ErrorBudgetBurnRateCritical"),
    ),
    # 10 % of two minutes after 12 s and half a minute more, 95 % of a minute after 57 s: at the same evaluation, so the
    # one is silenced by the other before anybody is told of it
    Case("a provider begins to fail", PROVIDER_OUTAGE, "5m30s", silent=("LLMAPIHighErrorRate", "LLMProviderDown")),
    Case("a provider is down", PROVIDER_OUTAGE, "6m", fires=("LLMAPIHighErrorRate", "LLMProviderDown")),
    # 95 % is left behind after 3 s, 10 % of two minutes after 108 s: it is the last to be told
    Case(
        "a provider is back",
        PROVIDER_OUTAGE,
        "9m",
        fires=("LLMAPIHighErrorRate",),
        silent=("LLMProviderDown",),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_alerts(promtool: engines.Engine, built: Path, tmp_path: Path, case: Case) -> None:
    expectations = [(name, [{"labels": "{}", "value": 1}]) for name in case.fires] + [
        (name, []) for name in case.silent
    ]
    document = {
        "rule_files": [str(built / name) for name in RULE_FILES],
        "evaluation_interval": "15s",
        "tests": [
            {
                "interval": "5s",
                "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
                "promql_expr_test": [
                    {
                        "expr": f'count(ALERTS{{alertname="{name}",alertstate="firing",slo=~"|availability"}})',
                        "eval_time": case.at,
                        "exp_samples": samples,
                    }
                    for name, samples in expectations
                ],
            }
        ],
    }
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump(document))
    done = subprocess.run([*promtool.command, "test", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_name_in_the_cases_is_an_alert_that_exists(built: Path) -> None:
    text = "".join((built / name).read_text() for name in RULE_FILES)
    for case in CASES:
        for name in (*case.fires, *case.silent):
            assert f"alert: {name}\n" in text


@pytest.mark.parametrize("services", ["{llm-copilot-agent: {}}", "{a: {}, b: {}, c: {dialect: opentelemetry}}"])
def test_promtool_finds_no_fault_and_no_duplicate(promtool: engines.Engine, tmp_path: Path, services: str) -> None:
    compile_bench.write(compile_bench.of_project(tmp_path, f"extends: copilot\nservices: {services}\n"), tmp_path)
    files = [str(tmp_path / name) for name in RULE_FILES]
    done = subprocess.run(
        [*promtool.command, "check", "rules", "--lint=all", "--lint-fatal", *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
