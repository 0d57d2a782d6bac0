"""The canonical text, spelled out."""

from decimal import Decimal

import pytest

from watchkeeper.promql import Node, render
from watchkeeper.promql.nodes import (
    Aggregate,
    Aggregation,
    Ahead,
    Binary,
    Call,
    Edge,
    Group,
    Grouping,
    Matcher,
    Matching,
    MatchOperator,
    Negation,
    Number,
    Operator,
    Range,
    Selector,
    Side,
    String,
    Subquery,
)
from watchkeeper.promql.render import number, quote
from watchkeeper.quantity import Duration

A, B, C = Selector("a"), Selector("b"), Selector("c")
ONE = Number(Decimal(1))
MINUTE = Duration.of(minutes=1)


def pair(operator: Operator, lhs: Node, rhs: Node) -> Binary:
    return Binary(operator, lhs, rhs)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("0.0144"), "0.0144"),
        (Decimal("14.40"), "14.4"),
        (Decimal(3600), "3600"),
        (Decimal("3.6E+3"), "3600"),
        (Decimal("1E-7"), "0.0000001"),
        (Decimal("-0.5"), "-0.5"),
        (Decimal("0.1") + Decimal("0.2"), "0.3"),
        (1 - Decimal("0.999"), "0.001"),  # in floats: 0.0010000000000000009
        (Decimal("1E+30"), "1e+30"),
        (Decimal("1.50E-30"), "1.5e-30"),
        (Decimal("Infinity"), "Inf"),
        (Decimal("-Infinity"), "-Inf"),
        (Decimal("NaN"), "NaN"),
    ],
)
def test_numbers_are_exact_and_short(value: Decimal, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", '"plain"'),
        ('say "no"', r'"say \"no\""'),
        (r"1|1\.0", r'"1|1\\.0"'),
        ("a\nb\tc\r", r'"a\nb\tc\r"'),
        ("\x00\x7f", r'"\u0000\u007f"'),
        ("é😀", '"é😀"'),
        ("\U000e0001", r'"\U000e0001"'),
    ],
)
def test_strings_are_escaped(value: str, text: str) -> None:
    assert quote(value) == text
    assert render(String(value)) == text


TEXTS: list[tuple[Node, str]] = [
    (Selector("up", (Matcher("job", MatchOperator.EQUAL, "x"),)), 'up{job="x"}'),
    (Selector("", (Matcher("job", MatchOperator.NOT_REGEX, "x|y"),)), '{job!~"x|y"}'),
    (Selector("a:b"), "a:b"),
    (Selector("sum"), '{__name__="sum"}'),  # a word of the grammar
    (Selector("Inf", (Matcher("x", MatchOperator.EQUAL, "y"),)), '{__name__="Inf",x="y"}'),
    (Selector("a", offset=Duration.of(hours=24)), "a offset 1d"),
    (Selector("a", offset=Ahead(MINUTE)), "a offset -1m"),
    (Selector("a", offset=MINUTE, at=Edge.END), "a @ end() offset 1m"),
    (Selector("a", at=Decimal("1.5")), "a @ 1.5"),
    (Range(Selector("a", offset=MINUTE), Duration.of(minutes=90)), "a[1h30m] offset 1m"),
    (Subquery(A, Duration.of(hours=1)), "a[1h:]"),
    (Subquery(Selector("a", offset=MINUTE), Duration.of(hours=1), MINUTE), "(a offset 1m)[1h:1m]"),
    (Subquery(pair(Operator.ADD, A, B), MINUTE, at=Edge.START), "(a + b)[1m:] @ start()"),
    (Subquery(Call("abs", (A,)), MINUTE), "abs(a)[1m:]"),
    (Call("time"), "time()"),
    (Call("clamp", (A, ONE, ONE)), "clamp(a, 1, 1)"),
    (Aggregation(Aggregate.SUM, A), "sum(a)"),
    (Aggregation(Aggregate.SUM, A, Grouping(("x", "y"))), "sum by (x, y) (a)"),
    (Aggregation(Aggregate.MAX, A, Grouping(without=True)), "max without () (a)"),
    (Aggregation(Aggregate.TOPK, A, Grouping(("x",)), ONE), "topk by (x) (1, a)"),
    (Binary(Operator.AND, A, B, Matching(("slo",), on=True)), "a and on (slo) b"),
    (Binary(Operator.DIV, A, B, Matching(on=True)), "a / on () b"),
    (Binary(Operator.GREATER, A, ONE, returns_bool=True), "a > bool 1"),
    (
        Binary(Operator.MUL, A, B, Matching(("x",)), Group(Side.RIGHT, ("y", "z"))),
        "a * ignoring (x) group_right (y, z) b",
    ),
    (Binary(Operator.MUL, A, B, group=Group(Side.LEFT)), "a * ignoring () group_left () b"),
    # parentheses only where needed
    (pair(Operator.MUL, pair(Operator.ADD, A, B), C), "(a + b) * c"),
    (pair(Operator.ADD, pair(Operator.MUL, A, B), C), "a * b + c"),
    (pair(Operator.SUB, A, pair(Operator.SUB, B, C)), "a - (b - c)"),
    (pair(Operator.SUB, pair(Operator.SUB, A, B), C), "a - b - c"),
    (pair(Operator.POW, A, pair(Operator.POW, B, C)), "a ^ b ^ c"),
    (pair(Operator.POW, pair(Operator.POW, A, B), C), "(a ^ b) ^ c"),
    (pair(Operator.OR, A, pair(Operator.AND, B, C)), "a or b and c"),
    (pair(Operator.AND, pair(Operator.OR, A, B), C), "(a or b) and c"),
    (pair(Operator.DIV, A, pair(Operator.GREATER, B, ONE)), "a / (b > 1)"),
    (pair(Operator.AND, pair(Operator.GREATER, A, ONE), pair(Operator.GREATER, B, ONE)), "a > 1 and b > 1"),
    (pair(Operator.MUL, A, Number(Decimal(-1))), "a * -1"),
    (pair(Operator.POW, Number(Decimal(-1)), A), "(-1) ^ a"),
    (pair(Operator.POW, A, Negation(B)), "a ^ -b"),
    (Negation(pair(Operator.POW, A, B)), "-a ^ b"),
    (pair(Operator.POW, Negation(A), B), "(-a) ^ b"),
    (Negation(pair(Operator.MUL, A, B)), "-(a * b)"),
    (Negation(ONE), "-(1)"),
    (Negation(Negation(A)), "--a"),
]


@pytest.mark.parametrize(("node", "text"), TEXTS, ids=[text for _, text in TEXTS])
def test_the_text_of(node: Node, text: str) -> None:
    assert render(node) == text


def test_nan_is_the_same_node_as_itself() -> None:
    assert Number(Decimal("NaN")) == Number(Decimal("NaN"))
    assert len({Number(Decimal("NaN")), Number(Decimal("NaN")), Number(Decimal("1.0")), Number(Decimal(1))}) == 2
    assert Number(Decimal(1)) != String("1")
