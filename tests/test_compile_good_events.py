"""Objectives whose counter says what is good: a latency objective on any histogram, judged by promtool."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
import yaml

import compile_bench
from watchkeeper import conventions, engines, spec
from watchkeeper.compile.slo import sli
from watchkeeper.promql import render

PROJECT = """\
service: shop
extends: copilot
slos:
  latency-simple:
    title: 95 % of answers within a second
    total: answer_seconds_count{route!="/health"}
    good: answer_seconds_bucket{route!="/health",le="1"}
    min_bad_events: 5
"""
COUNT = 'answer_seconds_count{route="/a",service="shop",environment="e"}'
BUCKET = 'answer_seconds_bucket{route="/a",service="shop",environment="e",le="%s"}'

Judge: TypeAlias = Callable[[dict[str, str], str, str, float], None]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compile_bench.of_project(tmp_path_factory.mktemp("project"), PROJECT)


@pytest.fixture
def judge(promtool: engines.Engine, files: dict[str, str], tmp_path: Path) -> Judge:
    """Series, a question, a time, and the one value that promtool must find by the objective's rules."""
    groups = yaml.safe_load(files[conventions.RECORDING_RULES_FILE])["groups"]
    own = [group for group in groups if group["name"].startswith("slo-shop-latency-simple-")]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": own}))

    def judged(series: dict[str, str], question: str, at: str, expected: float) -> None:
        samples = [{"labels": "{}", "value": expected}]
        test = {
            "interval": "5s",
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "promql_expr_test": [{"expr": question, "eval_time": at, "exp_samples": samples}],
        }
        document = {"rule_files": ["rules.yaml"], "evaluation_interval": "30s", "tests": [test]}
        (tmp_path / "test.yaml").write_text(yaml.safe_dump(document))
        command = [*promtool.command, "test", "rules", str(tmp_path / "test.yaml")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return judged


def test_bad_is_what_remains_of_the_total(files: dict[str, str]) -> None:
    groups = yaml.safe_load(files[conventions.RECORDING_RULES_FILE])["groups"]
    (found,) = (
        rule["expr"]
        for group in groups
        for rule in group["rules"]
        if rule.get("record") == conventions.SLI_ERRORS and rule["labels"]["slo"] == "latency-simple"
    )
    total = 'sum by (service, environment) (rate(answer_seconds_count{route!="/health",service="shop"}[5m]))'
    good = total.replace("_count{", "_bucket{").replace('"/health",', '"/health",le=~"1|1\\\\.0",')
    recorded = 'slo:sli_total:rate5m{slo="latency-simple",service="shop"}'
    assert re.sub(r"\s+", " ", found).replace("( ", "(").replace(" )", ")") == (
        f"clamp_min({total} - ({good} or 0 * {total}), 0) or on (service, environment) 0 * {recorded}"
    )


def test_what_is_said_of_it_names_the_good_events(files: dict[str, str]) -> None:
    told = yaml.safe_load(files[conventions.SLI_SLO_FILE])["services"]["shop"]["objectives"]["latency-simple"]
    assert told["good"] == 'answer_seconds_bucket{route!="/health",le=~"1|1\\\\.0",service="shop"}'
    assert "bad" not in told


@pytest.mark.parametrize("written", ['le="1"', 'le="1.0"', r'le=~"1|1\\.0"'])
def test_a_declared_bucket_may_be_written_as_any_prometheus_stores_it(tmp_path: Path, written: str) -> None:
    text = PROJECT.replace("answer_seconds", "http_request_duration_seconds").replace('{route!="/health"}', "")
    text = text.replace('route!="/health",le="1"', written)
    (tmp_path / "watchkeeper.yaml").write_text(text)
    loaded = spec.load(tmp_path / "watchkeeper.yaml")
    assert loaded.catalog is not None, loaded.problems
    (service,) = loaded.catalog.services
    (slo,) = (each for each in service.slos if each.name == "latency-simple")
    good = sli(loaded.catalog, service, slo).part
    assert render(good) == r'http_request_duration_seconds_bucket{le=~"1|1\\.0",service="shop"}'


@pytest.mark.engine
@pytest.mark.parametrize(
    ("bucket", "expected"),
    [
        ({BUCKET % "1.0": "0+15x180"}, 0.25),  # as Prometheus 3 writes it: 20 answers each 5 s, 15 of them in time
        ({BUCKET % "1": "0+15x180"}, 0.25),
        ({BUCKET % "1": "0+20x180"}, 0),
        ({}, 1),  # a counter that never counted anything is not there: nothing was good
    ],
)
def test_promtool_finds_the_share(judge: Judge, bucket: dict[str, str], expected: float) -> None:
    elsewhere = COUNT.replace('"/a"', '"/health"')
    ratio = 'slo:sli_error:ratio_rate5m{slo="latency-simple"}'
    judge({COUNT: "0+20x180", elsewhere: "0+900x180", **bucket}, f"max({ratio})", "14m", expected)


@pytest.mark.engine
@pytest.mark.parametrize(("slow", "fires"), [(8, 1), (5, 0)])
def test_its_burn_alert_fires_beyond_the_tier(judge: Judge, slow: int, fires: int) -> None:
    """workbook-low: 5 % in 6 h is 6x; x 5 % = more than 30 % over half an hour and over six hours."""
    values = f"0+{20 - slow}x1080"
    firing = 'ALERTS{alertname="ErrorBudgetBurnRateHigh",slo="latency-simple",alertstate="firing"}'
    judge({COUNT: "0+20x1080", BUCKET % "1": values}, f"count({firing}) or vector(0)", "90m", fires)
