"""Long expressions are broken for the reader and mean what they meant on one line."""

from hypothesis import HealthCheck, given, settings

from promql_strategy import nodes
from watchkeeper.promql import lay_out, parse
from watchkeeper.promql.nodes import Node

SLOW_TO_DRAW = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)


@given(nodes)
@settings(SLOW_TO_DRAW, max_examples=200)
def test_laid_out_text_reads_back_the_same(node: Node) -> None:
    assert parse(lay_out(node)) == node


def test_a_long_expression_is_broken_before_its_operators() -> None:
    bad = 'sum by (service) (rate(requests_total{outcome="bad",service="llm-copilot-agent"}[5m]))'
    total = 'sum by (service) (rate(requests_total{service="llm-copilot-agent"}[5m]))'
    text = lay_out(parse(f"({bad} or 0 * {total}) / ({total} > 0)"))
    assert text == f"(\n  {bad}\n  or 0 * {total}\n)\n/ ({total} > 0)"


def test_a_comparison_stays_beside_what_it_compares() -> None:
    long = 'sum by (service, environment) (rate(requests_total{outcome="bad",service="llm-copilot-agent"}[5m]))'
    assert lay_out(parse(f"{long} > 0.5")) == f"{long} > 0.5"


def test_a_short_expression_stays_on_its_line() -> None:
    assert lay_out(parse("a / b > 0.5")) == "a / b > 0.5"


def test_powers_read_from_the_right_over_lines_too() -> None:
    long = "a" * 60
    node = parse(f"({long} ^ b) ^ {long}")
    assert lay_out(node) == f"({long} ^ b)\n^ {long}"
    assert parse(lay_out(node)) == node
