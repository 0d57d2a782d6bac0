"""The shipped panels' expressions on a real engine, with hand-computed values (promtool test rules)."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from watchkeeper import engines, promql, spec
from watchkeeper.compile import panels
from watchkeeper.model import Catalog

pytestmark = pytest.mark.engine

LEFT = "slo:error_budget_remaining:ratio"
SCORE, COST = "executive/quality-score", "executive/llm-cost"
INTENTS = "business/messages-by-intent"
SLOS = ("availability", "latency-simple", "latency-complex")


@dataclass(frozen=True)
class Case:
    name: str
    panel: str
    series: dict[str, str]
    """Service and environment are added -> promtool notation, a sample every 15 s."""
    values: Mapping[str, float]
    """Labels of each series that comes out -> its value at the tenth sample."""
    query: int = 0


def left(*budgets: float) -> dict[str, str]:
    """What is left of the budgets of availability and the two latency objectives."""
    return {f'{LEFT}{{slo="{slo}"}}': f"{budget}x10" for slo, budget in zip(SLOS, budgets, strict=True)}


def intents(count: int) -> dict[str, str]:
    """So many intents, with 1, 2, 3 ... messages."""
    return {f'intent:messages:increase1d{{intent="i{n}"}}': f"{n}x10" for n in range(1, count + 1)}


def endpoints(*now_and_then: tuple[int, int]) -> dict[str, str]:
    """Rates by endpoint for five samples, and after that."""
    return {
        f'endpoint:http_requests:rate5m{{endpoint="/{n}"}}': f"{first}x4 {then}x6"
        for n, (first, then) in enumerate(now_and_then)
    }


def firing(name: str, severity: str, more: str = "") -> dict[str, str]:
    return {f'ALERTS{{alertname="{name}",alertstate="firing",severity="{severity}"{more}}}': "1x10"}


CASES = [
    Case("an untouched budget has every point", SCORE, left(1, 1, 1), {"{}": 100}),
    # met with half of each budget left: 40 + 30 + 30 x 0.5
    Case("half a budget", SCORE, left(0.5, 0.5, 0.5), {"{}": 85}),
    # twice the allowed failures: 40 x 1/2; the worse latency has 1.5 times its failures: 30 / 1.5; nothing left
    Case("an overspent budget", SCORE, left(-1, 0.9, -0.5), {"{}": 40}),
    Case("no latency objective, no score", SCORE, {f'{LEFT}{{slo="availability"}}': "1x10"}, {}),
    Case(
        "an alert with three series is one incident, warnings are none",
        "executive/active-incidents",
        firing("ServiceDown", "critical", ',instance="a"')
        | firing("ServiceDown", "critical", ',instance="b"')
        | firing("ServiceDown", "critical", ',instance="c"')
        | firing("ProbeFailing", "high")
        | firing("LLMCostSpike", "warning"),
        {"{}": 2},
    ),
    Case("nothing fires", "executive/active-incidents", firing("LLMCostSpike", "warning"), {"{}": 0}),
    # 14 dollars in 7 days are 2 a day, in a month of 31 days
    Case(
        "the month at this pace",
        "executive/llm-cost",
        {"service:llm_cost_usd:increase7d": "14x10"},
        {"{}": 62},
        query=1,
    ),
    Case(
        "six intents are six slices",
        "business/messages-by-intent",
        intents(6),
        {f'{{intent="i{n}"}}': n for n in range(1, 7)},
    ),
    Case(
        "of eight the smallest two are one slice",
        INTENTS,
        intents(8),
        {f'{{intent="i{n}"}}': n for n in range(3, 9)} | {'{intent="other"}': 1 + 2},
    ),
    Case(
        "an intent that nobody had is no slice",
        "business/messages-by-intent",
        {'intent:messages:increase1d{intent="i"}': "0x10"},
        {},
    ),
    Case(
        "the five busiest of six endpoints, as they are at the end",
        "debug/rate-by-endpoint",
        endpoints((9, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6)),
        {f'{{endpoint="/{n}"}}': n + 1 for n in range(1, 6)},
    ),
    Case(
        "failing answers of the last minute",
        "operations/error-rate",
        {
            'sli_events_total{slo="availability",class="simple",outcome="good"}': "0+48x10",
            'sli_events_total{slo="availability",class="complex",outcome="good"}': "0+48x10",
            'sli_events_total{slo="availability",class="complex",outcome="bad"}': "0+32x10",
            'sli_events_total{slo="availability",class="complex",outcome="excluded"}': "0+900x10",
        },
        {"{}": 0.25},  # 32 of 48 + 48 + 32
    ),
    Case(
        "without traffic there is no error rate",
        "operations/error-rate",
        {
            'sli_events_total{slo="availability",class="simple",outcome="good"}': "7x10",
            'sli_events_total{slo="availability",class="simple",outcome="bad"}': "3x10",
        },
        {},
    ),
    Case(
        "the busiest process counts",
        "operations/memory",
        {
            'process_resident_memory_bytes{instance="a"}': "300x10",
            'process_memory_limit_bytes{instance="a"}': "1000x10",
            'process_resident_memory_bytes{instance="b"}': "700x10",
            'process_memory_limit_bytes{instance="b"}': "1000x10",
        },
        {"{}": 0.7},
    ),
    Case(
        "pods that are ready",
        "operations/active-pods",
        {
            'kube_pod_status_ready{pod="a",condition="true"}': "1x10",
            'kube_pod_status_ready{pod="b",condition="true"}': "0x10",
            'kube_pod_status_ready{pod="b",condition="false"}': "1x10",
        },
        {"{}": 1},
    ),
]


def scoped(series: str) -> str:
    name, _, labels = series.partition("{")
    return f'{name}{{service="s",environment="e",{labels.rstrip("}")}}}'


def other(series: str) -> str:
    """The same series of another service: nothing of it may show."""
    return scoped(series).replace('service="s"', 'service="t"')


def asked(catalog: Catalog, case: Case) -> str:
    dashboard, _, key = case.panel.partition("/")
    panel = catalog.dashboard(dashboard).panel(key)
    node = panels.expression(panel, panel.queries[case.query])
    return promql.render(panels.chosen(node, "s", "e"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_panel_shows(case: Case, promtool: engines.Engine, tmp_path: Path) -> None:
    catalog = spec.load().catalog
    assert catalog is not None
    # promtool compares whole label sets and every bit: `and` keeps the series' own name, sums come in any order
    expression = f"round(sum by (intent, endpoint) ({asked(catalog, case)}), 0.0001)"
    test = {
        "interval": "15s",
        "input_series": [
            {"series": each(name), "values": values} for name, values in case.series.items() for each in (scoped, other)
        ],
        "promql_expr_test": [
            {
                "expr": expression,
                "eval_time": "2m30s",
                "exp_samples": [{"labels": labels, "value": value} for labels, value in case.values.items()],
            }
        ],
    }
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump({"evaluation_interval": "15s", "tests": [test]}))
    run = subprocess.run([promtool.path, "test", "rules", file], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
