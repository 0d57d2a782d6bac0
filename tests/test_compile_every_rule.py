"""Every recording rule gives a value when everything that it could read is there (promtool test rules, one run)."""

import itertools
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from watchkeeper import conventions, engines
from watchkeeper.compile import rules
from watchkeeper.formats.prometheus import Recording
from watchkeeper.model import Catalog, Metric, MetricType

pytestmark = pytest.mark.engine

SAMPLES = 120
"""Each 15 s: half an hour."""
OPEN = {"status_code": ("200", "503")}
"""Values of labels that may have any, where rules look for some."""
LABELS = 'service="llm-copilot-agent",environment="production",instance="a:9464"'


def written(catalog: Catalog) -> list[Recording]:
    return list(rules.compiled(catalog).recordings)


def series(metric: Metric) -> Iterator[tuple[str, str]]:
    """Every value of a list, one of where any may come; counters grow, so that objectives burn, too."""
    domains = [
        [f'{label.name}="{value}"' for value in label.values or OPEN.get(label.name, ("x",))] for label in metric.labels
    ]
    for combination in itertools.product(*domains):
        inside = ",".join((LABELS, *combination))
        if metric.type is not MetricType.HISTOGRAM:
            grows = metric.type is MetricType.COUNTER
            yield f"{metric.name}{{{inside}}}", f"0+1x{SAMPLES}" if grows else f"1x{SAMPLES}"
            continue
        for bound in (*(f"{float(bound):g}" for bound in metric.buckets), "+Inf"):
            yield f'{metric.name}_bucket{{{inside},le="{bound}"}}', f"0+1x{SAMPLES}"
        for part in ("count", "sum"):
            yield f"{metric.name}_{part}{{{inside}}}", f"0+1x{SAMPLES}"


def asked(rule: Recording) -> str:
    matchers = ",".join((f'__name__="{rule.record}"', *(f'{name}="{value}"' for name, value in rule.labels)))
    return f"group({{{matchers}}})"


def test_every_recording_rule_gives_a_value(promtool: engines.Engine, catalog: Catalog, tmp_path: Path) -> None:
    recording, _ = rules.compiled(catalog).documents
    (tmp_path / recording.path).write_text(recording.text)
    questions = dict.fromkeys(asked(rule) for rule in written(catalog))
    inputs = [{"series": name, "values": values} for metric in catalog.metrics for name, values in series(metric)]
    test = {
        "interval": "15s",
        "input_series": inputs,
        "promql_expr_test": [
            {"expr": question, "eval_time": "29m", "exp_samples": [{"labels": "{}", "value": 1}]}
            for question in questions
        ],
    }
    document = {"rule_files": [conventions.RECORDING_RULES_FILE], "evaluation_interval": "1m", "tests": [test]}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(document))
    done = subprocess.run(
        [*promtool.command, "test", "rules", str(tmp_path / "test.yaml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(questions) == len(written(catalog))
