"""Divisions of some events by all events of the same metric: values between nothing and one."""

from collections.abc import Iterator

from watchkeeper.checks.events import counts_events, scalar
from watchkeeper.checks.rules import Rules
from watchkeeper.promql.nodes import COMPARISONS, Aggregate, Aggregation, Binary, Node, Number, Operator, Selector
from watchkeeper.promql.rewrite import children

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
    if not (counts_events(division.lhs, rules) and counts_events(division.rhs, rules)):
        return None
    part, whole = _plain(division.lhs, rules), _plain(division.rhs, rules)
    if not part or not whole or len({selector.name for selector in (*part, *whole)}) != 1:
        return None
    return part if _labels(whole) <= _labels(part) else None


def _labels(selectors: tuple[Selector, ...]) -> set[str]:
    return {matcher.label for selector in selectors for matcher in selector.matchers}


def _plain(node: Node, rules: Rules) -> tuple[Selector, ...]:
    """The selectors of a sum of rates; nothing where there is more to it."""
    counted = tuple(_counted(node, rules))
    now = tuple(each for each in counted if each is not None and each.offset is None and each.at is None)
    return now if len(now) == len(counted) else ()


def _counted(node: Node, rules: Rules, depth: int = _DEEPEST) -> Iterator[Selector | None]:
    """The selectors of events; of `a or 0 * b` those of a, and recorded series are followed. None for what computes."""
    match node:
        case Binary(operator=Operator.OR):
            yield from _counted(node.lhs, rules, depth)
        case Binary() if scalar(node.rhs) and node.operator in COMPARISONS and not node.returns_bool:
            yield from _counted(node.lhs, rules, depth)
        case Binary() | Number():
            yield None
        case Selector():
            recorded = rules.recording(node) if depth else ()
            if not recorded:
                yield node
            for asked in recorded:
                yield from _counted(asked.node, rules, depth - 1)
        case _:
            for child in children(node):
                yield from _counted(child, rules, depth)
