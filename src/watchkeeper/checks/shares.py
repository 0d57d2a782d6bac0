"""Divisions of some events by all events of the same metric: values between nothing and one."""

from collections.abc import Iterator
from dataclasses import dataclass

from watchkeeper.checks.events import counts_events, scalar
from watchkeeper.checks.rules import Rules
from watchkeeper.promql.nodes import COMPARISONS, Aggregate, Aggregation, Binary, Call, Node, Operator, Selector
from watchkeeper.promql.rewrite import walk

_DEEPEST = 12
_KEEPING = frozenset({Aggregate.MAX, Aggregate.MIN, Aggregate.AVG, Aggregate.TOPK, Aggregate.BOTTOMK})


@dataclass(frozen=True, slots=True)
class Share:
    part: tuple[Selector, ...]
    """What is counted: the fill of a numerator aside."""
    whole: tuple[Selector, ...]


def share(node: Node, rules: Rules, depth: int = _DEEPEST) -> Share | None:
    """The share that a node is, as it is; None where it is another thing, or one multiplied, or cannot be told."""
    found: Share | None = None
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


def _divided(division: Binary, rules: Rules) -> Share | None:
    if not (counts_events(division.lhs, rules) and counts_events(division.rhs, rules)):
        return None
    part, whole = tuple(_counted(division.lhs, rules)), tuple(_counted(division.rhs, rules))
    if len({selector.name for selector in (*part, *whole)}) != 1:
        return None
    wider = {(matcher.label, matcher.value) for selector in whole for matcher in selector.matchers}
    narrower = {(matcher.label, matcher.value) for selector in part for matcher in selector.matchers}
    labels = {label for label, _ in narrower}
    moved = any(selector.offset is not None or selector.at is not None for selector in (*part, *whole))
    inside = all(label in labels for label, _ in wider)
    return Share(part, whole) if inside and not moved else None


def _counted(node: Node, rules: Rules, depth: int = _DEEPEST) -> Iterator[Selector]:
    """The selectors of events; of `a or 0 * b` those of a, and recorded series are followed."""
    match node:
        case Binary(operator=Operator.OR):
            yield from _counted(node.lhs, rules, depth)
        case Binary() if scalar(node.rhs) and node.operator in COMPARISONS:
            yield from _counted(node.lhs, rules, depth)
        case Selector():
            recorded = rules.recording(node) if depth else ()
            if not recorded:
                yield node
            for asked in recorded:
                yield from _counted(asked.node, rules, depth - 1)
        case Aggregation():
            yield from _counted(node.expr, rules, depth)
        case Call():
            yield from (found for argument in node.arguments for found in _counted(argument, rules, depth))
        case _:
            yield from (part for part in walk(node) if isinstance(part, Selector) and part is not node)
