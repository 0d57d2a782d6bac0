"""The compiled rules on a real engine: what must fire fires, near misses do not (promtool test rules).

Samples every 5 s, rules every 15 s. Firing is asked as `count(ALERTS{...})`, because promtool passes a mistyped alert
name silently.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from watchkeeper import compile as compiler
from watchkeeper import conventions, engines, spec
from watchkeeper.compile.reference import reference

pytestmark = pytest.mark.engine

RULE_FILES = (conventions.RECORDING_RULES_FILE, conventions.ALERT_RULES_FILE)
MINUTE = 12
"""Samples."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    catalog = spec.load().catalog
    assert catalog is not None
    folder = tmp_path_factory.mktemp("rules")
    for document in compiler.build(catalog, reference(catalog)):
        if document.path in RULE_FILES:
            (folder / document.path).write_text(document.text)
    return folder


@dataclass(frozen=True)
class Case:
    name: str
    series: dict[str, str]
    """Name and labels (service and environment are added) -> promtool notation."""
    at: str
    fires: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()


def _events(slo: str, outcome: str, request_class: str = "simple") -> str:
    return f'sli_events_total{{slo="{slo}",class="{request_class}",outcome="{outcome}"}}'


def _service(name: str) -> str:
    body = name.rstrip("}")
    return body + (", " if not body.endswith("{") else "") + 'service="llm-copilot-agent",environment="e"}'


def _module(outcome: str) -> str:
    return f'module_requests_total{{module="observatory",outcome="{outcome}"}}'


def _model(outcome: str) -> str:
    return f'llm_requests_total{{provider="anthropic",model="m",outcome="{outcome}"}}'


GOOD, BAD = _events("availability", "good"), _events("availability", "bad")
HEALTHY = {GOOD: f"0+100x{90 * MINUTE}", BAD: f"0x{90 * MINUTE}"}
"""20 requests a second."""


def _failing(share: int, minutes: int = 30) -> dict[str, str]:
    """An hour of health, then so many percent fail."""
    hour, then = 60 * MINUTE, minutes * MINUTE
    return {
        GOOD: f"0+100x{hour} {100 * hour + 100 - share}+{100 - share}x{then}",
        BAD: f"0x{hour} {share}+{share}x{then}",
    }


CASES = [
    Case(
        "healthy",
        HEALTHY,
        "80m",
        silent=("ServiceOutage", "HighErrorRate", "ErrorBudgetBurnRateCritical", "TrafficCollapse"),
    ),
    # a total outage: 25 % of a minute is 15 s; measured within 30 s of the onset
    Case("total outage", _failing(100), "60m45s", fires=("ServiceOutage",)),
    # 1 %/15m: 25.92 s at a total outage
    Case("total outage burns", _failing(100), "61m", fires=("ServiceOutage", "ErrorBudgetBurnRateCritical")),
    # 30 % failing: 50 s until a quarter of the minute is bad, + 15 s
    Case("three in ten", _failing(30), "61m15s", fires=("ServiceOutage",)),
    # 20 % never crosses a quarter; 1 %/15m at 20 % takes 129.6 s
    Case("one in five", _failing(20), "63m", fires=("ErrorBudgetBurnRateCritical",), silent=("ServiceOutage",)),
    # 2 % for 30 of 90 minutes: 0.67 % over six hours (6x is 0.6 %), 1 % over the last hour (14.4x is 1.44 %)
    Case(
        "two in a hundred",
        _failing(2),
        "90m",
        fires=("ErrorBudgetBurnRateHigh",),
        silent=("ErrorBudgetBurnRateCritical",),
    ),
    # 3 bad requests in all: a share of a third, but fewer than five events
    Case(
        "few events",
        {GOOD: "0x720 1 1 2 2 2x200", BAD: "0x720 1 2 3 3 3x200"},
        "61m",
        silent=("ServiceOutage", "ErrorBudgetBurnRateCritical"),
    ),
    Case(
        "no traffic",
        {GOOD: f"500x{90 * MINUTE}", BAD: f"5x{90 * MINUTE}"},
        "80m",
        silent=("ServiceOutage", "ErrorBudgetBurnRateCritical", "SLIMissing"),
    ),
    Case(
        "traffic gone",
        {GOOD: f"0+100x{60 * MINUTE} {100 * 60 * MINUTE}x{30 * MINUTE}", BAD: f"0x{90 * MINUTE}"},
        "67m30s",
        fires=("TrafficCollapse",),
    ),
    Case(
        "traffic halved",
        {GOOD: f"0+100x{60 * MINUTE} {100 * 60 * MINUTE}+50x{30 * MINUTE}", BAD: f"0x{90 * MINUTE}"},
        "67m30s",
        silent=("TrafficCollapse",),
    ),
    Case(
        "probe failing 30 s", {"probe_success{": f"1x{MINUTE * 10} 0x{MINUTE * 5}"}, "10m45s", fires=("ServiceOutage",)
    ),
    Case(
        "probe failing 20 s",
        {"probe_success{": f"1x{MINUTE * 10} 0x4 1x{MINUTE}"},
        "10m30s",
        silent=("ServiceOutage", "ProbeFailing"),
    ),
    Case(
        "database down a minute",
        {'dependency_up{dependency="database"}': f"1x{MINUTE * 5} 0x{MINUTE * 2}"},
        "6m15s",
        fires=("DatabaseDown",),
    ),
    Case(
        "database back after 50 s",
        {'dependency_up{dependency="database"}': f"1x{MINUTE * 5} 0x9 1x{MINUTE * 2}"},
        "6m15s",
        silent=("DatabaseDown",),
    ),
    Case(
        "cache down two minutes",
        {'dependency_up{dependency="cache"}': f"1x{MINUTE * 5} 0x{MINUTE * 3}"},
        "7m15s",
        fires=("RedisDown",),
        silent=("DatabaseDown",),
    ),
    Case(
        "process gone two minutes",
        {'up{role="service"}': f"1x{MINUTE * 5} 0x{MINUTE * 3}"},
        "7m15s",
        fires=("ServiceDown",),
    ),
    Case(
        "a module fails",
        {
            _module("good"): f"0+5x{MINUTE * 10} {5 * MINUTE * 10}x{MINUTE * 3}",
            _module("bad"): f"0x{MINUTE * 10} 5+5x{MINUTE * 3}",
        },
        "10m45s",
        fires=("ModuleIntegrationFailure",),
    ),
    Case(
        "a module fails once in twenty",
        {
            _module("good"): f"0+95x{MINUTE * 13}",
            _module("bad"): f"0+5x{MINUTE * 13}",
        },
        "12m",
        silent=("ModuleIntegrationFailure",),
    ),
    Case(
        "a provider fails",
        {
            _model("ok"): f"0+5x{MINUTE * 10} {5 * MINUTE * 10}x{MINUTE * 3}",
            _model("overloaded"): f"0x{MINUTE * 10} 5+5x{MINUTE * 3}",
        },
        "11m30s",
        fires=("LLMAPIHighErrorRate",),
    ),
    Case("nothing is known", {"up{": f"1x{MINUTE * 5}"}, "3m", fires=("SLIMissing",)),
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
                "input_series": [{"series": _service(name), "values": values} for name, values in case.series.items()],
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


def test_promtool_finds_no_fault_and_no_duplicate(promtool: engines.Engine, built: Path) -> None:
    files = [str(built / name) for name in RULE_FILES]
    done = subprocess.run(
        [*promtool.command, "check", "rules", "--lint=all", "--lint-fatal", *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
