"""What an expression counts: events per time, shares of events, or neither. Recorded series are looked into."""

from collections.abc import Callable, Iterator
from decimal import Decimal

from watchkeeper.checks.rules import Rules
from watchkeeper.promql.functions import Type
from watchkeeper.promql.labels import type_of
from watchkeeper.promql.nodes import (
    COMPARISONS,
    SET_OPERATORS,
    Aggregate,
    Aggregation,
    Binary,
    Call,
    Negation,
    Node,
    Number,
    Operator,
    Range,
    Selector,
    Subquery,
)
from watchkeeper.promql.rewrite import walk

RATES = frozenset({"increase", "irate", "rate"})
"""Functions that make events of a counter."""
_SAME_KIND = frozenset(
    {
        "abs", "avg_over_time", "clamp", "clamp_max", "clamp_min", "label_join", "label_replace", "last_over_time",
        "max_over_time", "min_over_time", "quantile_over_time", "round", "sort", "sort_desc",
    }
)  # fmt: skip
"""Functions whose result measures what their argument does."""
_DEEPEST = 12
"""Recordings of recordings; a rule that reads itself would go on for ever."""


def counts_events(node: Node, rules: Rules, depth: int = _DEEPEST) -> bool:
    """Whether an expression is made of events per time: rates of counters, sums of such rates, recordings of them."""
    for part in walk(node):
        if isinstance(part, Call) and part.function in RATES and not _passes(part.arguments[0]):
            return True
        if (
            isinstance(part, Selector)
            and depth
            and any(counts_events(asked.node, rules, depth - 1) for asked in rules.recording(part))
        ):
            return True
    return False


def _passes(counted: Node) -> bool:
    """Seconds pass whatever happens: a rate of them is how much of the time, and never how often."""
    return isinstance(counted, Range) and counted.selector.name.endswith("_seconds_total")


def ratio(node: Node, rules: Rules, depth: int = _DEEPEST) -> Binary | None:
    """The division by which an expression is a share of events; None where it is no such share.

    Followed through what keeps it a share: `1 -`, a factor, a comparison, `max`, a recording.
    """
    found: Binary | None = None
    match node:
        case Binary() if node.operator is Operator.DIV and type_of(node.rhs) is Type.VECTOR:
            shares = counts_events(node.lhs, rules) and counts_events(node.rhs, rules)
            found = node if shares else ratio(node.lhs, rules, depth)
        case Binary():
            found = _ratio_of_operands(node, rules, depth)
        case Aggregation() if node.operator in _COUNTING:
            found = None
        case Negation() | Aggregation() | Subquery():
            found = ratio(node.expr, rules, depth)
        case Call() if node.function in _SAME_KIND:
            found = next((each for argument in node.arguments if (each := ratio(argument, rules, depth))), None)
        case Range():
            found = ratio(node.selector, rules, depth)
        case Selector() if depth:
            recorded = (ratio(asked.node, rules, depth - 1) for asked in rules.recording(node))
            found = next((each for each in recorded if each), None)
    return found


_COUNTING = frozenset({Aggregate.COUNT, Aggregate.COUNT_VALUES, Aggregate.GROUP, Aggregate.STDDEV, Aggregate.STDVAR})


def _ratio_of_operands(node: Binary, rules: Rules, depth: int) -> Binary | None:
    if node.operator in SET_OPERATORS | COMPARISONS and node.operator is not Operator.OR:
        return None if node.returns_bool else ratio(node.lhs, rules, depth)
    if node.operator in {Operator.ADD, Operator.SUB, Operator.MUL, Operator.DIV, Operator.OR}:
        return ratio(node.lhs, rules, depth) or ratio(node.rhs, rules, depth)
    return None


def filled(node: Node, rules: Rules, depth: int = _DEEPEST) -> bool:
    """Whether an expression has an `or` that stands in where its first part has no series."""
    found = False
    match node:
        case Binary(operator=Operator.OR):
            found = True
        case Binary() if node.operator in COMPARISONS | {Operator.MUL, Operator.DIV}:
            found = filled(node.lhs, rules, depth) or filled(node.rhs, rules, depth)
        case Aggregation() | Negation() | Subquery():
            found = filled(node.expr, rules, depth)
        case Call():
            found = any(filled(argument, rules, depth) for argument in node.arguments)
        case Range():
            found = filled(node.selector, rules, depth)
        case Selector() if depth:
            recorded = rules.recording(node)
            found = bool(recorded) and all(filled(asked.node, rules, depth - 1) for asked in recorded)
    return found


def read(node: Node, rules: Rules, depth: int = _DEEPEST) -> Iterator[Selector]:
    """The selectors at the bottom of an expression: recorded series are followed to what they are made of."""
    for part in walk(node):
        if isinstance(part, Selector):
            recorded = rules.recording(part)
            if not recorded:
                yield part
            for asked in recorded if depth else ():
                yield from read(asked.node, rules, depth - 1)


def scalar(node: Node) -> bool:
    return type_of(node) is Type.SCALAR


def constant(node: Node) -> Decimal | None:
    """The value of a literal, with its sign and simple arithmetic: `0.1 / 100`."""
    match node:
        case Number():
            return node.value if node.value.is_finite() else None
        case Negation():
            inner = constant(node.expr)
            return None if inner is None else -inner
        case Binary() if node.operator in _ARITHMETIC:
            left, right = constant(node.lhs), constant(node.rhs)
            if left is None or right is None or (node.operator is Operator.DIV and not right):
                return None
            return _ARITHMETIC[node.operator](left, right)
        case _:
            return None


_ARITHMETIC: dict[Operator, Callable[[Decimal, Decimal], Decimal]] = {
    Operator.ADD: Decimal.__add__,
    Operator.SUB: Decimal.__sub__,
    Operator.MUL: Decimal.__mul__,
    Operator.DIV: Decimal.__truediv__,
}
