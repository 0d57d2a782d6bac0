"""Labels whose value an expression fixes: by `label="value"`, or by the rule that records a series."""

from collections.abc import Mapping
from typing import TypeAlias

from watchkeeper.checks.rules import LABEL_WRITERS, Asked, Rules
from watchkeeper.promql.functions import Type
from watchkeeper.promql.labels import type_of
from watchkeeper.promql.nodes import (
    SET_OPERATORS,
    Aggregate,
    Aggregation,
    Binary,
    Call,
    Matching,
    MatchOperator,
    Negation,
    Node,
    Operator,
    Range,
    Selector,
    Side,
    String,
    Subquery,
)

Fixed: TypeAlias = Mapping[str, str]

_KEEPING = frozenset({Aggregate.TOPK, Aggregate.BOTTOMK, Aggregate.LIMITK, Aggregate.LIMIT_RATIO})
_NOTHING: Fixed = {}


def compared(matching: Matching, label: str) -> bool:
    """Whether two series must agree on a label to match."""
    return (label in matching.labels) is matching.on


class Values:
    """What is worked out about a selector is remembered."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._read: dict[Selector, Fixed] = {}

    def of(self, node: Node) -> Fixed:
        match node:
            case Selector():
                found = self._of_selector(node)
            case Range():
                found = self.of(node.selector)
            case Subquery() | Negation():
                found = self.of(node.expr)
            case Call():
                found = self._of_call(node)
            case Aggregation():
                found = self._of_aggregation(node)
            case Binary():
                found = self._of_binary(node)
            case _:
                found = _NOTHING
        return found

    def _of_selector(self, node: Selector) -> Fixed:
        if node not in self._read:
            self._read[node] = _NOTHING  # while it is worked out: a rule that reads itself says nothing
            recorded = _agreed([self._of_rule(asked) for asked in self._rules.recording(node)])
            equal = {m.label: m.value for m in node.matchers if m.operator is MatchOperator.EQUAL and m.value}
            self._read[node] = {**recorded, **equal}
        return self._read[node]

    def _of_rule(self, asked: Asked) -> Fixed:
        written = asked.rule.fixed_labels
        return {label: value for label, value in {**self.of(asked.node), **written}.items() if value}

    def _of_call(self, node: Call) -> Fixed:
        if type_of(node) is Type.SCALAR or node.function == "vector":
            return _NOTHING
        vectors = [argument for argument in node.arguments if type_of(argument) in {Type.VECTOR, Type.RANGE}]
        found = self.of(vectors[0]) if vectors else _NOTHING
        if node.function in {"absent", "absent_over_time"} and not isinstance(vectors[0], Selector | Range):
            return _NOTHING
        if node.function in LABEL_WRITERS:
            rewritten = {argument.value for argument in node.arguments[1:2] if isinstance(argument, String)}
            return {label: value for label, value in found.items() if label not in rewritten}
        return found

    def _of_aggregation(self, node: Aggregation) -> Fixed:
        found, named = self.of(node.expr), node.grouping.labels
        if node.operator in _KEEPING:
            return found
        return {label: value for label, value in found.items() if (label in named) is not node.grouping.without}

    def _of_binary(self, node: Binary) -> Fixed:
        left, right = self.of(node.lhs), self.of(node.rhs)
        if type_of(node.lhs) is not Type.VECTOR:
            return right
        if type_of(node.rhs) is not Type.VECTOR or node.operator in SET_OPERATORS - {Operator.OR}:
            return left
        if node.operator is Operator.OR:
            return _agreed([left, right])
        if node.group is not None:
            many = left if node.group.side is Side.LEFT else right
            return {label: value for label, value in many.items() if label not in node.group.labels}
        return {label: value for label, value in {**left, **right}.items() if compared(node.matching, label)}


def _agreed(all_fixed: list[Fixed]) -> Fixed:
    """What all say alike."""
    if not all_fixed:
        return _NOTHING
    first, *others = all_fixed
    return {label: value for label, value in first.items() if all(other.get(label) == value for other in others)}
