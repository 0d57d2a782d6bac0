"""Printing and reading are inverse, and engines that are not ours accept and understand what is printed."""

import json
import subprocess
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import promql_parser
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from promql_strategy import nodes, texts, vectors
from watchkeeper import engines
from watchkeeper.promql import parse, render
from watchkeeper.promql.nodes import Binary, Matching, Negation, Node, Number, Operator, Selector
from watchkeeper.promql.render import quote
from watchkeeper.promql.rewrite import bottom_up, unportable, walk

SLOW_TO_DRAW = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)


@given(nodes)
@settings(SLOW_TO_DRAW, max_examples=300)
def test_what_is_printed_reads_back_the_same(node: Node) -> None:
    assert parse(render(node)) == node


def sorted_matchers(node: Node) -> Node:
    if not isinstance(node, Selector):
        return node
    return replace(node, matchers=tuple(sorted(node.matchers, key=lambda m: (m.label, m.operator, m.value))))


def loses_its_matching(node: Node) -> bool:
    """The foreign printer drops `ignoring ()`, without which no grammar takes `group_left`."""
    return any(
        isinstance(part, Binary) and part.group is not None and part.matching == Matching() for part in walk(node)
    )


@given(nodes)
@settings(SLOW_TO_DRAW, max_examples=150)
def test_a_foreign_printer_sees_the_same_expression(node: Node) -> None:
    assume(not loses_its_matching(node))
    assume(r"\u0000" not in render(node))  # it writes a bare NUL, which is refused
    foreign = parse(promql_parser.parse(render(node)).prettify())
    assert bottom_up(foreign, sorted_matchers) == bottom_up(node, sorted_matchers)


@given(nodes)
@settings(SLOW_TO_DRAW, max_examples=100)
def test_a_walk_that_changes_nothing_changes_nothing(node: Node) -> None:
    assert bottom_up(node, lambda part: part) == node
    assert unportable(node) == ()


@given(texts)
def test_strings_survive_quoting(text: str) -> None:
    literal = promql_parser.parse(quote(text))
    assert isinstance(literal, promql_parser.StringLiteral)
    assert literal.val == text
    assert "\n" not in quote(text)


@given(st.floats(allow_nan=False))
def test_numbers_are_exact(value: float) -> None:
    assert float(render(Number(Decimal(repr(value)))).replace("Inf", "inf")) == value


def rule_file(expressions: list[str]) -> str:
    rules = [{"record": f"r:{number}", "expr": text} for number, text in enumerate(expressions)]
    return json.dumps({"groups": [{"name": "g", "rules": rules}]}, ensure_ascii=False)  # JSON is YAML


@pytest.mark.engine
@given(batch=st.lists(vectors, min_size=20, max_size=40))
@settings(SLOW_TO_DRAW, max_examples=4, phases=[Phase.generate])
def test_promtool_accepts_what_is_printed(
    batch: list[Node], promtool: engines.Engine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("rules") / "rules.yml"
    path.write_text(rule_file([render(node) for node in batch]), encoding="utf-8")
    run = subprocess.run(
        [*promtool.prefix, promtool.path, "check", "rules", "--lint=none", path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def integers(depth: int) -> st.SearchStrategy[Node]:
    leaf = st.integers(-3, 3).map(lambda value: Number(Decimal(value)))
    if depth == 0:
        return leaf
    inner = integers(depth - 1)
    operators = st.sampled_from([Operator.ADD, Operator.SUB, Operator.MUL])
    squares = st.builds(Binary, st.just(Operator.POW), inner, st.integers(0, 2).map(lambda n: Number(Decimal(n))))
    return leaf | st.builds(Negation, inner) | st.builds(Binary, operators, inner, inner) | squares


def value(node: Node) -> int:
    """What the node, not its text, is worth."""
    match node:
        case Number():
            return int(node.value)
        case Negation():
            return -value(node.expr)
        case Binary(operator=Operator.ADD):
            return value(node.lhs) + value(node.rhs)
        case Binary(operator=Operator.SUB):
            return value(node.lhs) - value(node.rhs)
        case Binary(operator=Operator.MUL):
            return value(node.lhs) * value(node.rhs)
        case Binary(operator=Operator.POW):
            return int(value(node.lhs) ** value(node.rhs))
    raise TypeError(node)


@pytest.mark.engine
@given(batch=st.lists(integers(3), min_size=100, max_size=100))
@settings(SLOW_TO_DRAW, max_examples=2, phases=[Phase.generate])
def test_prometheus_computes_what_the_node_means(
    batch: list[Node], promtool: engines.Engine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Precedence, associativity and minus signs, judged by the engine: exact, all values are small integers."""
    folder: Path = tmp_path_factory.mktemp("sums")
    cases = [
        {"expr": f"vector({render(node)})", "eval_time": "0s", "exp_samples": [{"labels": "{}", "value": value(node)}]}
        for node in batch
    ]
    tests = {"evaluation_interval": "1m", "tests": [{"interval": "1m", "promql_expr_test": cases}]}
    path = folder / "test.yml"
    path.write_text(json.dumps(tests), encoding="utf-8")
    run = subprocess.run(
        [*promtool.prefix, promtool.path, "test", "rules", path], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
