"""Short words for writing PromQL nodes in the compiler."""

from dataclasses import dataclass, replace
from decimal import Decimal

from watchkeeper.promql.bounds import alternatives, one_bound, spellings
from watchkeeper.promql.nodes import (
    Aggregate,
    Aggregation,
    Binary,
    Call,
    Grouping,
    Matcher,
    Matching,
    MatchOperator,
    Node,
    Number,
    Operator,
    Range,
    Selector,
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


def one_of(*values: str) -> Condition:
    """Any of these values, compared as text; a single one becomes an equality."""
    if len(values) == 1:
        return Condition(MatchOperator.EQUAL, values[0])
    return Condition(MatchOperator.REGEX, "|".join(map(regex_quote, values)))


def any_spelling(node: Selector) -> Selector:
    """One bound of a bucket, however it is written here, in every spelling that a Prometheus stores."""
    return replace(node, matchers=tuple(map(_any_spelling, node.matchers)))


def _any_spelling(matcher: Matcher) -> Matcher:
    bound = one_bound(matcher)
    if bound is None:
        return matcher
    return _matcher("le", one_of(*dict.fromkeys((*spellings(bound), *alternatives(matcher)))))


def selector(name: str, **labels: str | Condition) -> Selector:
    """Matchers in the order given; a plain string is an equality."""
    return Selector(name, tuple(_matcher(label, condition) for label, condition in labels.items()))


def equals(label: str, value: str) -> Matcher:
    return Matcher(label, MatchOperator.EQUAL, value)


def _matcher(label: str, condition: str | Condition) -> Matcher:
    if isinstance(condition, str):
        return equals(label, condition)
    return Matcher(label, condition.operator, condition.value)


def earlier(node: Selector, by: Duration) -> Selector:
    """`offset`."""
    return replace(node, offset=by)


def number(value: Decimal | int) -> Number:
    return Number(Decimal(value))


def over(node: Selector, window: Duration) -> Range:
    return Range(node, window)


def call(function: str, *arguments: Node) -> Call:
    return Call(function, arguments)


def stepped(node: Node, window: Duration, step: Duration) -> Subquery:
    """The node's values over a window, one each step."""
    return Subquery(node, window, step)


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


def absent(node: Selector) -> Call:
    return call("absent", node)


def sum_by(labels: tuple[str, ...], node: Node) -> Aggregation:
    return Aggregation(Aggregate.SUM, node, Grouping(labels))


def max_by(labels: tuple[str, ...], node: Node) -> Aggregation:
    return Aggregation(Aggregate.MAX, node, Grouping(labels))


def group(node: Node) -> Aggregation:
    """1 while there is any sample."""
    return Aggregation(Aggregate.GROUP, node)


def binary(
    operator: Operator | str,
    lhs: Node,
    rhs: Node,
    *,
    on: tuple[str, ...] | None = None,
) -> Binary:
    """Matches by the labels `on` when given, else by all."""
    return Binary(Operator(operator), lhs, rhs, Matching() if on is None else Matching(on, on=True))


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


def or_(first: Node, *others: Node) -> Node:
    node = first
    for other in others:
        node = binary(Operator.OR, node, other)
    return node
