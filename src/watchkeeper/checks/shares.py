"""Divisions of some events by all events of the same metric: values between nothing and one."""

from collections.abc import Iterator
from dataclasses import dataclass

from watchkeeper.checks.events import RATES, counts_events, scalar
from watchkeeper.checks.rules import Rules
from watchkeeper.promql.nodes import (
    COMPARISONS,
    Aggregate,
    Aggregation,
    Binary,
    Call,
    Node,
    Operator,
    Range,
    Selector,
)
from watchkeeper.quantity import Duration

_DEEPEST = 12
_KEEPING = frozenset({Aggregate.MAX, Aggregate.MIN, Aggregate.AVG, Aggregate.TOPK, Aggregate.BOTTOMK})


def share(node: Node, rules: Rules, depth: int = _DEEPEST) -> tuple[Selector, ...] | None:
    """What the numerator of a share counts, its fill aside.

    None where a node is no share, or a multiple of one, or where that cannot be told.
    """
    found: tuple[Selector, ...] | None = None
    match node:
        case Binary(operator=Operator.DIV):
            found = _divided(node, rules)
        case Binary() if node.operator in COMPARISONS and not node.returns_bool and scalar(node.rhs):
            found = share(node.lhs, rules, depth)
        case Aggregation() if node.operator in _KEEPING:
            found = share(node.expr, rules, depth)
        case Selector() if depth:
            recorded = [share(asked.node, rules, depth - 1) for asked in rules.recording(node)]
            found = recorded[0] if recorded and all(recorded) else None
    return found


def _divided(division: Binary, rules: Rules) -> tuple[Selector, ...] | None:
    """Some events by all events: of one metric, over one time, the numerator no less selected than the denominator."""
    if not (counts_events(division.lhs, rules) and counts_events(division.rhs, rules)):
        return None
    part, whole = tuple(_counted(division.lhs, rules)), tuple(_counted(division.rhs, rules))
    counted = {each for each in (*part, *whole) if each is not None}
    one_metric = len({(each.selector.name, each.over) for each in counted}) == 1
    if None in part or None in whole or not one_metric or not _labels(whole) <= _labels(part):
        return None
    return tuple(each.selector for each in part if each is not None)


@dataclass(frozen=True, slots=True)
class _Counted:
    """A counter, and the ranges in which it is looked at, from the outermost in."""

    selector: Selector
    over: tuple[Duration, ...]


def _labels(counted: tuple[_Counted | None, ...]) -> set[str]:
    return {matcher.label for each in counted if each is not None for matcher in each.selector.matchers}


def _counted(
    node: Node, rules: Rules, over: tuple[Duration, ...] = (), depth: int = _DEEPEST
) -> Iterator[_Counted | None]:
    """The counters of a sum of rates: of `a or 0 * b` those of a. None for whatever is more than that."""
    match node:
        case Binary(operator=Operator.OR):
            yield from _counted(node.lhs, rules, over, depth)
        case Binary() if scalar(node.rhs) and node.operator in COMPARISONS and not node.returns_bool:
            yield from _counted(node.lhs, rules, over, depth)
        case Aggregation(operator=Aggregate.SUM):
            yield from _counted(node.expr, rules, over, depth)
        case Call() if node.function in RATES | {"sum_over_time"}:
            yield from _counted(node.arguments[0], rules, over, depth)
        case Range():
            yield from _counted(node.selector, rules, (*over, node.duration), depth)
        case Selector() if node.offset is None and node.at is None:
            recorded = rules.recording(node) if depth else ()
            if not recorded:
                yield _Counted(node, over)
            for asked in recorded:
                yield from _counted(asked.node, rules, over, depth - 1)
        case _:
            yield None
