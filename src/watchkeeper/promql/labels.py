"""Which labels an expression's result has: surely, perhaps, never. Told from the catalog, without data."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from watchkeeper.promql.functions import FUNCTIONS, Type
from watchkeeper.promql.nodes import (
    SET_OPERATORS,
    Aggregate,
    Aggregation,
    Binary,
    Call,
    Group,
    Matcher,
    MatchOperator,
    Negation,
    Node,
    Number,
    Operator,
    Range,
    Selector,
    Side,
    String,
    Subquery,
)
from watchkeeper.promql.rewrite import walk

LabelsOf: TypeAlias = Callable[[str], frozenset[str] | None]
"""Every label that all series of a metric carry, by its name; None for a metric nobody declared."""


@dataclass(frozen=True, slots=True)
class Labels:
    guaranteed: frozenset[str] = frozenset()
    possible: frozenset[str] = frozenset()
    """At least the guaranteed ones."""
    open: bool = False
    """Other labels may come too: an undeclared metric is read."""

    def may_have(self, label: str) -> bool:
        return self.open or label in self.possible

    def missing_in(self, other: "Labels") -> frozenset[str]:
        """Labels that are always here and never there: compared, they keep the two from matching."""
        return frozenset(label for label in self.guaranteed if not other.may_have(label))

    def without(self, labels: frozenset[str]) -> "Labels":
        return Labels(self.guaranteed - labels, self.possible - labels, self.open)

    def only(self, labels: frozenset[str]) -> "Labels":
        possible = labels if self.open else labels & self.possible
        return Labels(self.guaranteed & labels, possible)

    def surely(self, labels: frozenset[str]) -> "Labels":
        return Labels(self.guaranteed | labels, self.possible | labels, self.open)

    def perhaps(self, labels: frozenset[str]) -> "Labels":
        return Labels(self.guaranteed - labels, self.possible | labels, self.open)


@dataclass(frozen=True, slots=True)
class Impossible:
    """A part of an expression that can never have the effect its author meant."""

    node: Node
    label: str
    reason: str
    possible: frozenset[str]
    """Labels that could stand there."""


def type_of(node: Node) -> Type:
    """An unknown function is taken to return a vector."""
    match node:
        case Number():
            kind = Type.SCALAR
        case String():
            kind = Type.STRING
        case Range() | Subquery():
            kind = Type.RANGE
        case Negation():
            kind = type_of(node.expr)
        case Call() if node.function in FUNCTIONS:
            kind = FUNCTIONS[node.function].result
        case Binary() if type_of(node.lhs) is type_of(node.rhs) is Type.SCALAR:
            kind = Type.SCALAR
        case _:
            kind = Type.VECTOR
    return kind


def labels(node: Node, labels_of: LabelsOf, *, trusting: bool = False) -> Labels:
    """The labels of a result, the metric's name aside. A scalar has none.

    `trusting` takes the author's word for it that what is grouped `by` a label has that label, where nobody declared
    the metric.
    """
    return _Flow(labels_of, trusting=trusting).of(node)


def impossible(node: Node, labels_of: LabelsOf, *, trusting: bool = False) -> tuple[Impossible, ...]:
    """Matchers on labels a metric lacks, groupings by labels that cannot come, joins that never match."""
    flow = _Flow(labels_of, trusting=trusting)
    return tuple(problem for part in walk(node) for problem in _impossible_in(part, flow))


class _Flow:
    """The labels of every part of one expression, each worked out once."""

    def __init__(self, labels_of: LabelsOf, *, trusting: bool = False) -> None:
        self.labels_of = labels_of
        self.trusting = trusting
        self._known: dict[int, Labels] = {}

    def of(self, node: Node) -> Labels:
        found = self._known.get(id(node))
        if found is None:
            found = self._known[id(node)] = self._of(node)
        return found

    def _of(self, node: Node) -> Labels:
        match node:
            case Number() | String():
                flow = Labels()
            case Selector():
                flow = _of_selector(node, self.labels_of)
            case Range():
                flow = _of_selector(node.selector, self.labels_of)
            case Subquery() | Negation():
                flow = self.of(node.expr)
            case Call():
                flow = _of_call(node, self)
            case Aggregation():
                inside = self.of(node.expr)
                flow = _of_aggregation(node, inside)
                if self.trusting and inside.open and not node.grouping.without:
                    flow = flow.surely(flow.possible)
            case Binary():
                flow = _of_binary(node, self.of(node.lhs), self.of(node.rhs))
        return flow


def _impossible_in(node: Node, flow: _Flow) -> Iterator[Impossible]:
    match node:
        case Selector():
            yield from _dead_matchers(node, flow.labels_of)
        case Aggregation() if not node.grouping.without:
            yield from _dead_groupings(node, flow.of(node.expr))
        case Binary() if type_of(node.lhs) is type_of(node.rhs) is Type.VECTOR and node.operator is not Operator.OR:
            left, right = flow.of(node.lhs), flow.of(node.rhs)
            yield from _dead_joins(node, left, right)
            yield from _dead_copies(node, left, right)


def _dead_groupings(node: Aggregation, inside: Labels) -> Iterator[Impossible]:
    for label in node.grouping.labels:
        if not inside.may_have(label):
            yield Impossible(node, label, f"grouped by `{label}`, which nothing inside has", inside.possible)


def _dead_matchers(node: Selector, labels_of: LabelsOf) -> Iterator[Impossible]:
    declared = labels_of(node.name) if node.name else None
    if declared is None:
        return
    for matcher in node.matchers:
        if matcher.label not in declared and matcher.label != "__name__" and _needs_value(matcher):
            reason = f"`{node.name}` has no label `{matcher.label}`: nothing is selected"
            yield Impossible(node, matcher.label, reason, declared)


def _dead_joins(node: Binary, left: Labels, right: Labels) -> Iterator[Impossible]:
    named = frozenset(node.matching.labels)
    for sure, other, side in ((left, right, "right"), (right, left, "left")):
        missing = sure.missing_in(other)
        for label in sorted(missing & named if node.matching.on else missing - named):
            reason = f"`{node.operator.value}` compares `{label}`, which the {side} side never has: nothing matches"
            yield Impossible(node, label, reason, other.possible)
    for label in sorted(named) if node.matching.on else ():
        # sides without any label are literals, and those join on whatever is named
        if not (left.may_have(label) or right.may_have(label)) and (left.possible or right.possible):
            reason = f"`{node.operator.value}` compares `{label}`, which neither side ever has"
            yield Impossible(node, label, reason, left.possible & right.possible)


def _dead_copies(node: Binary, left: Labels, right: Labels) -> Iterator[Impossible]:
    if node.group is None:
        return
    one = right if node.group.side is Side.LEFT else left
    for label in node.group.labels:
        if not one.may_have(label):
            reason = f"`{node.group.side.value}` copies `{label}`, which that side never has"
            yield Impossible(node, label, reason, one.possible)


def _needs_value(matcher: Matcher) -> bool:
    """Whether a series without the label fails the matcher, as far as that is plain."""
    return matcher.operator is MatchOperator.EQUAL and matcher.value != ""


def _of_selector(node: Selector, labels_of: LabelsOf) -> Labels:
    declared = labels_of(node.name) if node.name else None
    known = frozenset[str]() if declared is None else declared
    equal = {m.label: m.value for m in node.matchers if m.operator is MatchOperator.EQUAL and m.label != "__name__"}
    present = frozenset(label for label, value in equal.items() if value)
    empty = frozenset(label for label, value in equal.items() if not value)
    return Labels(known, known, open=declared is None).surely(present).without(empty)


def _of_call(node: Call, flows: _Flow) -> Labels:
    if type_of(node) is Type.SCALAR or node.function == "vector":
        return Labels()
    if node.function in {"absent", "absent_over_time"}:
        return _of_absence(node.arguments[0])
    vectors = [argument for argument in node.arguments if type_of(argument) in {Type.VECTOR, Type.RANGE}]
    flow = flows.of(vectors[0]) if vectors else Labels()
    if node.function in {"histogram_quantile", "histogram_fraction"}:
        return flow.without(frozenset({"le"}))
    if node.function == "label_replace":
        return flow.perhaps(_strings(node.arguments[1:2]))
    if node.function == "label_join":
        sources = _strings(node.arguments[3:])
        target = _strings(node.arguments[1:2])
        return flow.surely(target) if sources & flow.guaranteed else flow.perhaps(target)
    return flow


def _of_absence(argument: Node) -> Labels:
    """`absent` invents labels from the equalities of a plain selector, and from nothing else."""
    selector = argument.selector if isinstance(argument, Range) else argument
    if not isinstance(selector, Selector):
        return Labels()
    named = [matcher.label for matcher in selector.matchers]
    equal = frozenset(m.label for m in selector.matchers if m.operator is MatchOperator.EQUAL and m.value)
    return Labels().surely(frozenset(label for label in equal if named.count(label) == 1 and label != "__name__"))


def _of_aggregation(node: Aggregation, flow: Labels) -> Labels:
    if node.operator in {Aggregate.TOPK, Aggregate.BOTTOMK, Aggregate.LIMITK, Aggregate.LIMIT_RATIO}:
        return flow
    named = frozenset(node.grouping.labels)
    grouped = flow.without(named) if node.grouping.without else flow.only(named)
    if node.operator is Aggregate.COUNT_VALUES and isinstance(node.parameter, String):
        return grouped.surely(frozenset({node.parameter.value}))
    return grouped


def _of_binary(node: Binary, left: Labels, right: Labels) -> Labels:
    if type_of(node.lhs) is Type.SCALAR:
        return right
    if type_of(node.rhs) is Type.SCALAR or node.operator in SET_OPERATORS - {Operator.OR}:
        return left
    if node.operator is Operator.OR:
        either = left.possible | right.possible
        return Labels(left.guaranteed & right.guaranteed, either, left.open or right.open)
    if node.group is not None:
        return _grouped(node.group, left, right)
    return _one_to_one(node, left, right)


def _grouped(group: Group, left: Labels, right: Labels) -> Labels:
    many, one = (left, right) if group.side is Side.LEFT else (right, left)
    copied = one.only(frozenset(group.labels))
    kept = many.without(frozenset(group.labels))
    return Labels(kept.guaranteed | copied.guaranteed, kept.possible | copied.possible, kept.open)


def _one_to_one(node: Binary, left: Labels, right: Labels) -> Labels:
    """Both sides agree on the compared labels, so each knows what the other guarantees or excludes."""
    named = frozenset(node.matching.labels)
    left, right = (side.only(named) if node.matching.on else side.without(named) for side in (left, right))
    guaranteed = left.guaranteed | right.guaranteed
    if left.open and right.open:
        return Labels(guaranteed, left.possible | right.possible, open=True)
    if left.open or right.open:
        return Labels(guaranteed, (right if left.open else left).possible | guaranteed)
    return Labels(guaranteed, (left.possible & right.possible) | guaranteed)


def _strings(nodes: tuple[Node, ...]) -> frozenset[str]:
    return frozenset(node.value for node in nodes if isinstance(node, String))
