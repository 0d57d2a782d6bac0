"""Short words for writing PromQL nodes in the compiler."""

from dataclasses import dataclass, replace
from decimal import Decimal

from watchkeeper.promql.nodes import (
    Aggregate,
    Aggregation,
    Binary,
    Call,
    Group,
    Grouping,
    Matcher,
    Matching,
    MatchOperator,
    Node,
    Number,
    Operator,
    Range,
    Selector,
    Side,
    Subquery,
)
from watchkeeper.quantity import Duration

_SPECIAL = frozenset(r"\.+*?()|[]{}^$")


@dataclass(frozen=True, slots=True)
class Condition:
    """What a label must satisfy; stands where `selector` takes a plain value."""

    operator: MatchOperator
    value: str


def regex_quote(text: str) -> str:
    """The RE2 pattern that matches exactly this text."""
    return "".join("\\" + character if character in _SPECIAL else character for character in text)


def is_not(value: str) -> Condition:
    return Condition(MatchOperator.NOT_EQUAL, value)


def one_of(*values: str) -> Condition:
    """Any of these values, compared as text; a single one becomes an equality."""
    if len(values) == 1:
        return Condition(MatchOperator.EQUAL, values[0])
    return Condition(MatchOperator.REGEX, "|".join(map(regex_quote, values)))


def none_of(*values: str) -> Condition:
    if len(values) == 1:
        return Condition(MatchOperator.NOT_EQUAL, values[0])
    return Condition(MatchOperator.NOT_REGEX, "|".join(map(regex_quote, values)))


def matches(pattern: str) -> Condition:
    """An RE2 pattern, anchored at both ends by Prometheus."""
    return Condition(MatchOperator.REGEX, pattern)


def bucket(bound: Decimal) -> Condition:
    """The `le` of a bucket: Prometheus 3 stores whole bounds as `1.0`, Prometheus 2 as they were exposed."""
    if bound.is_infinite():
        return Condition(MatchOperator.EQUAL, "+Inf")
    if bound == bound.to_integral_value():
        return one_of(f"{bound:.0f}", f"{bound:.1f}")
    return Condition(MatchOperator.EQUAL, format(bound, "f").rstrip("0"))


def selector(name: str, *matchers: Matcher, **labels: str | Condition) -> Selector:
    """Matchers in the order given; a plain string is an equality."""
    return Selector(name, (*matchers, *(_matcher(label, condition) for label, condition in labels.items())))


def narrow(node: Selector, **labels: str | Condition) -> Selector:
    """The same selector with more matchers."""
    return replace(node, matchers=(*node.matchers, *(_matcher(label, test) for label, test in labels.items())))


def equals(label: str, value: str) -> Matcher:
    return Matcher(label, MatchOperator.EQUAL, value)


def _matcher(label: str, condition: str | Condition) -> Matcher:
    if isinstance(condition, str):
        return Matcher(label, MatchOperator.EQUAL, condition)
    return Matcher(label, condition.operator, condition.value)


def earlier(node: Selector, by: Duration) -> Selector:
    """`offset`."""
    return replace(node, offset=by)


def number(value: Decimal | int) -> Number:
    return Number(Decimal(value))


def over(node: Selector, window: Duration) -> Range:
    return Range(node, window)


def subquery(node: Node, window: Duration, step: Duration | None = None) -> Subquery:
    return Subquery(node, window, step)


def call(function: str, *arguments: Node) -> Call:
    return Call(function, arguments)


def rate(node: Selector, window: Duration) -> Call:
    return call("rate", over(node, window))


def increase(node: Selector, window: Duration) -> Call:
    return call("increase", over(node, window))


def sum_over_time(node: Selector, window: Duration) -> Call:
    return call("sum_over_time", over(node, window))


def avg_over_time(node: Selector, window: Duration) -> Call:
    return call("avg_over_time", over(node, window))


def min_over_time(node: Selector, window: Duration) -> Call:
    return call("min_over_time", over(node, window))


def max_over_time(node: Selector, window: Duration) -> Call:
    return call("max_over_time", over(node, window))


def count_over_time(node: Selector, window: Duration) -> Call:
    return call("count_over_time", over(node, window))


def histogram_quantile(quantile: Decimal, node: Node) -> Call:
    return call("histogram_quantile", number(quantile), node)


def absent(node: Selector) -> Call:
    return call("absent", node)


def vector(value: Decimal | int) -> Call:
    return call("vector", number(value))


def aggregate(operator: Aggregate, labels: tuple[str, ...], node: Node, parameter: Node | None = None) -> Aggregation:
    return Aggregation(operator, node, Grouping(labels), parameter)


def sum_by(labels: tuple[str, ...], node: Node) -> Aggregation:
    return aggregate(Aggregate.SUM, labels, node)


def max_by(labels: tuple[str, ...], node: Node) -> Aggregation:
    return aggregate(Aggregate.MAX, labels, node)


def min_by(labels: tuple[str, ...], node: Node) -> Aggregation:
    return aggregate(Aggregate.MIN, labels, node)


def count_by(labels: tuple[str, ...], node: Node) -> Aggregation:
    return aggregate(Aggregate.COUNT, labels, node)


def binary(
    operator: Operator | str,
    lhs: Node,
    rhs: Node,
    *,
    on: tuple[str, ...] | None = None,
    ignoring: tuple[str, ...] = (),
    group_left: tuple[str, ...] | None = None,
) -> Binary:
    """Matching is `on` when given, else `ignoring`; `group_left` names the labels taken from the right side."""
    matching = Matching(ignoring) if on is None else Matching(on, on=True)
    group = None if group_left is None else Group(Side.LEFT, group_left)
    return Binary(Operator(operator), lhs, rhs, matching, group)


def add(lhs: Node, rhs: Node) -> Binary:
    return binary(Operator.ADD, lhs, rhs)


def subtract(lhs: Node, rhs: Node) -> Binary:
    return binary(Operator.SUB, lhs, rhs)


def multiply(lhs: Node, rhs: Node) -> Binary:
    return binary(Operator.MUL, lhs, rhs)


def divide(lhs: Node, rhs: Node) -> Binary:
    return binary(Operator.DIV, lhs, rhs)


def compare(node: Node, operator: Operator | str, threshold: Decimal | int) -> Binary:
    """Keeps the samples for which the comparison holds."""
    return binary(operator, node, number(threshold))


def and_on(labels: tuple[str, ...], first: Node, *others: Node) -> Node:
    """The first node's samples, where every other has a sample with equal `labels`."""
    node = first
    for other in others:
        node = binary(Operator.AND, node, other, on=labels)
    return node


def unless_on(labels: tuple[str, ...], node: Node, other: Node) -> Binary:
    return binary(Operator.UNLESS, node, other, on=labels)


def or_(first: Node, *others: Node) -> Node:
    node = first
    for other in others:
        node = binary(Operator.OR, node, other)
    return node
