"""The compiler's words for PromQL, by the text they make."""

import re
from decimal import Decimal

import pytest
from hypothesis import given

from promql_strategy import texts
from watchkeeper.promql import Node, parse, render
from watchkeeper.promql import build as b
from watchkeeper.promql.nodes import MatchOperator
from watchkeeper.quantity import Duration

HOUR, MINUTE = Duration.of(hours=1), Duration.of(minutes=1)
X = b.selector("x")
Y = b.selector("y")
KEYS = ("service", "slo")

BUILT: list[tuple[Node, str]] = [
    (b.selector("x", service="a", job="b"), 'x{service="a",job="b"}'),
    (b.selector("x", code=b.one_of("good", "bad")), 'x{code=~"good|bad"}'),
    (b.selector("x", code=b.one_of("good")), 'x{code="good"}'),
    (b.selector("x", path=b.one_of("/a.b", "/c{id}")), r'x{path=~"/a\\.b|/c\\{id\\}"}'),
    (b.any_spelling(b.selector("x", le="1", code="2")), r'x{le=~"1|1\\.0",code="2"}'),
    (b.any_spelling(b.selector("x", le="1.0", code="2.0")), r'x{le=~"1|1\\.0",code="2.0"}'),
    (b.any_spelling(b.selector("x", le=b.one_of("1", "1.0"))), r'x{le=~"1|1\\.0"}'),
    (b.any_spelling(b.selector("x", le=b.one_of("1.0"))), r'x{le=~"1|1\\.0"}'),
    (b.any_spelling(b.selector("x", le=b.one_of("1", "2"))), 'x{le=~"1|2"}'),
    (b.any_spelling(b.selector("x", le=b.one_of("1", "+Inf"))), r'x{le=~"1|\\+Inf"}'),
    (b.any_spelling(b.selector("x", le="1000000")), r'x{le=~"1000000|1000000\\.0|1e\\+06"}'),
    (b.any_spelling(b.selector("x", le="0.5")), 'x{le="0.5"}'),
    (b.any_spelling(b.selector("x", le="0.50")), r'x{le=~"0\\.5|0\\.50"}'),
    (b.any_spelling(b.selector("x", le="+Inf")), 'x{le="+Inf"}'),
    (b.earlier(X, HOUR), "x offset 1h"),
    (b.number(3), "3"),
    (b.rate(X, MINUTE), "rate(x[1m])"),
    (b.increase(b.earlier(X, HOUR), MINUTE), "increase(x[1m] offset 1h)"),
    (b.sum_over_time(X, HOUR), "sum_over_time(x[1h])"),
    (b.avg_over_time(X, HOUR), "avg_over_time(x[1h])"),
    (b.min_over_time(X, HOUR), "min_over_time(x[1h])"),
    (b.max_over_time(X, HOUR), "max_over_time(x[1h])"),
    (b.count_over_time(X, HOUR), "count_over_time(x[1h])"),
    (b.absent(X), "absent(x)"),
    (b.sum_by((), X), "sum(x)"),
    (b.sum_by(KEYS, X), "sum by (service, slo) (x)"),
    (b.max_by(KEYS, X), "max by (service, slo) (x)"),
    (b.binary("/", X, Y, on=KEYS), "x / on (service, slo) y"),
    (b.binary("/", X, Y, on=()), "x / on () y"),
    (b.divide(b.add(X, Y), b.subtract(X, Y)), "(x + y) / (x - y)"),
    (b.multiply(b.number(0), X), "0 * x"),
    (b.compare(X, ">=", Decimal("0.50")), "x >= 0.5"),
    (b.and_on(("slo",), X, Y, X), "x and on (slo) y and on (slo) x"),
    (b.and_on(("slo",), X), "x"),
    (b.or_(X, Y, X), "x or y or x"),
    (b.or_(X), "x"),
]


@pytest.mark.parametrize(("node", "text"), BUILT, ids=[text for _, text in BUILT])
def test_builds(node: Node, text: str) -> None:
    assert render(node) == text
    assert parse(text) == node


def test_an_operator_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="'=>' is not a valid Operator"):
        b.binary("=>", X, Y)


@given(texts)
def test_a_quoted_text_matches_itself_and_nothing_near(text: str) -> None:
    pattern = b.regex_quote(text)
    assert re.fullmatch(pattern, text)
    assert not re.fullmatch(pattern, text + "x")
    for index in range(len(text)):
        assert not re.fullmatch(pattern, text[:index] + text[index + 1 :])


@given(texts, texts)
def test_alternatives_match_each_and_only_those(first: str, second: str) -> None:
    condition = b.one_of(first, second)
    assert condition.operator is MatchOperator.REGEX
    assert all(re.fullmatch(condition.value, text) for text in (first, second))
    assert not re.fullmatch(condition.value, first + second + "x")
