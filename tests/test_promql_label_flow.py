"""Label flow against Prometheus: results of random expressions have every sure label and no impossible one."""

import json
import re
import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from watchkeeper import engines
from watchkeeper.promql import Node, build, parse, render
from watchkeeper.promql.labels import labels
from watchkeeper.promql.nodes import (
    SET_OPERATORS,
    Aggregate,
    Aggregation,
    Binary,
    Group,
    Grouping,
    Matching,
    Operator,
    Side,
)

SERIES = {
    "up": ({"service": "a", "instance": "i"}, {"service": "b", "instance": "j"}),
    "ratio": ({"service": "a", "slo": "x"}, {"service": "a", "slo": "y"}, {"service": "b", "slo": "x"}),
    "info": ({"service": "a", "version": "1"}, {"service": "b", "version": "2"}),
    "wide": (
        {"service": "a", "slo": "x", "instance": "i", "le": "1"},
        {"service": "a", "slo": "x", "instance": "i", "le": "+Inf"},
    ),
}
LABELS = ("service", "instance", "slo", "version", "le", "nowhere")

label_tuples = st.lists(st.sampled_from(LABELS), max_size=2, unique=True).map(tuple)
leaves: st.SearchStrategy[Node] = st.sampled_from(
    [
        *(build.selector(name) for name in SERIES),
        build.selector("ratio", slo="x"),
        build.selector("up", nowhere=""),
        *(parse(text) for text in ('absent(up{service="z",instance!="i"})', "vector(1)", "scalar(up) + 1 + up")),
    ]
)


@st.composite
def joins(draw: st.DrawFn, inner: st.SearchStrategy[Node]) -> Node:
    operator = draw(st.sampled_from([Operator.ADD, Operator.GREATER_EQUAL, Operator.AND, Operator.UNLESS, Operator.OR]))
    matching = Matching(draw(label_tuples), draw(st.booleans()))
    group = None
    if operator not in SET_OPERATORS and draw(st.booleans()):
        copied = tuple(label for label in draw(label_tuples) if label not in matching.labels)
        group = Group(draw(st.sampled_from(Side)), copied)
    return Binary(operator, draw(inner), draw(inner), matching, group)


def rewrites(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    texts = (
        'label_replace(X, "new", "$1", "slo", "(.*)")',
        'label_replace(X, "service", "", "service", ".*")',
        'label_join(X, "new", "-", "slo", "version")',
        "histogram_quantile(0.5, X)",
        "abs(X)",
        "-X",
        "X >= bool 0",
        "max_over_time((X)[2m:1m])",
        "topk(1, X)",
        'count_values by (slo) ("value", X)',
        "X * scalar(up)",
    )
    return st.builds(lambda text, node: parse(text.replace("X", f"({render(node)})")), st.sampled_from(texts), inner)


def grown(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    groupings = st.builds(Grouping, label_tuples, st.booleans())
    operators = st.sampled_from([Aggregate.SUM, Aggregate.MAX, Aggregate.COUNT])
    return joins(inner) | rewrites(inner) | st.builds(Aggregation, operators, inner, groupings)


expressions = st.recursive(leaves, grown, max_leaves=4)


def labels_of(name: str) -> frozenset[str] | None:
    return frozenset(SERIES[name][0]) if name in SERIES else None


def rehearsal(texts: list[str]) -> str:
    """A promtool test that expects nothing, so that everything which comes is printed."""
    chosen = [build.selector(name, **one) for name, every in SERIES.items() for one in every]
    series = [{"series": render(selector), "values": "1x5"} for selector in chosen]
    cases = [{"expr": text, "eval_time": "2m", "exp_samples": []} for text in texts]
    test = {"interval": "1m", "input_series": series, "promql_expr_test": cases}
    return json.dumps({"evaluation_interval": "1m", "tests": [test]})


def results(output: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Every expression that gave something, with the labels of each sample; those that failed are left out."""
    for block in re.split(r"^    expr: ", output, flags=re.MULTILINE)[1:]:
        text, end = json.JSONDecoder().raw_decode(block)
        got = block[end:].partition("got: ")[2]
        for sample in re.findall(r"\{(.*?)\} [-+0-9NI]", got):
            yield text, frozenset(re.findall(r"(\w+)=", sample)) - {"__name__"}


@pytest.mark.engine
@given(batch=st.lists(expressions, min_size=100, max_size=100, unique_by=render))
@settings(
    deadline=None,
    max_examples=3,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
def test_prometheus_agrees(
    batch: list[Node], promtool: engines.Engine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("flow") / "test.yml"
    path.write_text(rehearsal([render(node) for node in batch]), encoding="utf-8")
    run = subprocess.run(
        [*promtool.prefix, promtool.path, "test", "rules", path], capture_output=True, text=True, check=False
    )
    samples = list(results(run.stdout + run.stderr))
    assert len({text for text, _ in samples}) > 20, "too few expressions gave a result to judge by"
    for text, found in samples:
        flow = labels(parse(text), labels_of)
        assert flow.guaranteed <= found <= flow.possible, text


def test_what_promtool_prints_is_understood() -> None:
    output = """
  FAILED:
    expr: "up", time: 2m,
        exp: nil
        got: {__name__="up", instance="i", service="a"} 1E+00, {__name__="up", service="b"} NaN
    expr: "up + up", time: 2m, err: found duplicate series for the match group {} on the right hand-side
    expr: "sum(up)", time: 2m,
        exp: nil
        got: {} 2E+00
"""
    assert list(results(output)) == [
        ("up", frozenset({"instance", "service"})),
        ("up", frozenset({"service"})),
        ("sum(up)", frozenset()),
    ]
