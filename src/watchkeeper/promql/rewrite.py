"""Walks over nodes: what is in them, and new nodes made from old ones."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from watchkeeper.promql.functions import FUNCTIONS
from watchkeeper.promql.nodes import (
    Aggregate,
    Aggregation,
    Binary,
    Call,
    Grouping,
    Matcher,
    Matching,
    Negation,
    Node,
    Number,
    Range,
    Selector,
    String,
    Subquery,
)


def walk(node: Node) -> Iterator[Node]:
    """Every node, parents first, in the order of the text."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(reversed(children(current)))


def children(node: Node) -> tuple[Node, ...]:
    match node:
        case Number() | String() | Selector():
            return ()
        case Range():
            return (node.selector,)
        case Call():
            return node.arguments
        case Aggregation() if node.parameter is not None:
            return (node.parameter, node.expr)
        case Binary():
            return (node.lhs, node.rhs)
        case Subquery() | Negation() | Aggregation():
            return (node.expr,)


def bottom_up(node: Node, change: Callable[[Node], Node]) -> Node:
    """Every node replaced by `change` of it, children first. A range's selector must stay a selector."""
    match node:
        case Number() | String() | Selector():
            inner: Node = node
        case Range():
            inner = replace(node, selector=_still_selector(bottom_up(node.selector, change)))
        case Call():
            inner = replace(node, arguments=tuple([bottom_up(argument, change) for argument in node.arguments]))
        case Aggregation():
            parameter = None if node.parameter is None else bottom_up(node.parameter, change)
            inner = replace(node, expr=bottom_up(node.expr, change), parameter=parameter)
        case Binary():
            inner = replace(node, lhs=bottom_up(node.lhs, change), rhs=bottom_up(node.rhs, change))
        case Subquery() | Negation():
            inner = replace(node, expr=bottom_up(node.expr, change))
    return change(inner)


def inject(node: Node, matchers: tuple[Matcher, ...]) -> Node:
    """Adds the matchers to every selector; one that already speaks of a label keeps its own word on it."""

    def change(current: Node) -> Node:
        if not isinstance(current, Selector):
            return current
        named = {matcher.label for matcher in current.matchers}
        return replace(current, matchers=current.matchers + tuple(m for m in matchers if m.label not in named))

    return bottom_up(node, change)


def keep_labels(node: Node, labels: tuple[str, ...]) -> Node:
    """Lets the labels survive every aggregation and take part in every join.

    Literals and `vector(...)` have no labels to keep: an `or vector(0)` stays a series without them.
    """

    def change(current: Node) -> Node:
        if isinstance(current, Aggregation):
            return replace(current, grouping=_kept(current.grouping, labels))
        if isinstance(current, Binary):
            return replace(current, matching=_joined(current.matching, labels))
        return current

    return bottom_up(node, change)


def selectors(node: Node) -> tuple[Selector, ...]:
    return tuple(found for found in walk(node) if isinstance(found, Selector))


def ranges(node: Node) -> tuple[Range | Subquery, ...]:
    return tuple(found for found in walk(node) if isinstance(found, Range | Subquery))


def metrics(node: Node) -> tuple[str, ...]:
    """Names read, sorted, each once. Selectors without a name say nothing here."""
    return tuple(sorted({selector.name for selector in selectors(node)} - {""}))


def unportable(node: Node) -> tuple[str, ...]:
    """Functions and operators in the node that not every Prometheus from 2.42 to 3.x knows, sorted."""
    names = {found.function for found in walk(node) if isinstance(found, Call)} - FUNCTIONS.keys()
    newer = {found.operator.value for found in walk(node) if isinstance(found, Aggregation)} & _NEWER_AGGREGATES
    return tuple(sorted(names | newer))


_NEWER_AGGREGATES = frozenset({Aggregate.LIMITK.value, Aggregate.LIMIT_RATIO.value})


def _still_selector(node: Node) -> Selector:
    if not isinstance(node, Selector):
        raise TypeError(f"a range reads a selector, not a {type(node).__name__}")
    return node


def _kept(grouping: Grouping, labels: tuple[str, ...]) -> Grouping:
    if grouping.without:
        return Grouping(tuple(label for label in grouping.labels if label not in labels), without=True)
    return Grouping(_with(grouping.labels, labels))


def _joined(matching: Matching, labels: tuple[str, ...]) -> Matching:
    if matching.on:
        return Matching(_with(matching.labels, labels), on=True)
    return Matching(tuple(label for label in matching.labels if label not in labels))


def _with(present: tuple[str, ...], labels: tuple[str, ...]) -> tuple[str, ...]:
    return present + tuple(label for label in labels if label not in present)
