"""Where a part of an expression is written. Nodes carry no positions, so that equal expressions are equal."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from watchkeeper.promql.guard import Token, outside_braces, tokens
from watchkeeper.promql.nodes import Aggregation, Binary, Call, Node, Number, Selector
from watchkeeper.promql.rewrite import children

_Part: TypeAlias = Aggregation | Binary | Call | Selector | Number
_Named: TypeAlias = tuple[type[_Part], str]

_NUMBERS = "a number"

_GROUPING = frozenset({"(", "by", "without"})
_OPERAND_ENDS = frozenset({"close", "number", "string", "word"})
_OPERAND_FOLLOWS = frozenset({"and", "or", "unless", "atan2", "bool", "offset"})


class Places:
    """The words of one text, found by the parts of its root.

    The root may be rewritten, as long as the rewriting adds and removes no aggregation, operation and call.
    """

    def __init__(self, text: str, root: Node) -> None:
        self._root = root  # parts are known by their identity, so they must live
        self._tokens = list(tokens(text))
        parts: dict[_Named, list[_Part]] = defaultdict(list)
        for node in _in_order(root):
            if isinstance(node, _Part):
                parts[_named(node)].append(node)
        written = _written(self._tokens)
        self._operators = {
            id(part): token
            for named, alike in parts.items()
            if len(alike) == len(written[named])
            for part, token in zip(alike, written[named], strict=True)
        }

    def operator(self, part: _Part) -> Token | None:
        """The word that names a part: `sum`, `/`, `rate`, a metric, a number. None where it cannot be told."""
        return self._operators.get(id(part))

    def label(self, part: Aggregation | Binary, label: str) -> Token | None:
        """Where a part names a label; its operator where it does not."""
        operator = self.operator(part)
        if operator is None or label not in named_labels(part):
            return operator
        behind = (token for token in self._tokens if token.position > operator.position and token.text == label)
        return next(behind, operator)


def named_labels(part: Aggregation | Binary) -> tuple[str, ...]:
    """Labels that a part groups by, joins on or copies."""
    if isinstance(part, Aggregation):
        return part.grouping.labels
    return part.matching.labels + (part.group.labels if part.group else ())


def _named(part: _Part) -> _Named:
    match part:
        case Call():
            name = part.function
        case Selector():
            name = part.name
        case Number():
            name = _NUMBERS
        case Aggregation() | Binary():
            name = part.operator.value
    return type(part), name


def _written(words: Sequence[Token]) -> Mapping[_Named, list[Token]]:
    """The words of a text that are operators and functions, not signs, labels and names of metrics."""
    found: dict[_Named, list[Token]] = defaultdict(list)
    outside = list(outside_braces(words))
    found[Selector, ""] = []  # a selector without a name has no word
    for token in _outside_brackets(outside):
        if token.kind == "number":
            found[Number, _NUMBERS].append(token)
        elif token.kind == "word":
            found[Selector, token.text].append(token)
    for before, token, after in zip([None, *outside], outside, [*outside[1:], None], strict=False):
        if before is not None and before.kind in _OPERAND_ENDS and before.text.lower() not in _OPERAND_FOLLOWS:
            found[Binary, token.text.lower()].append(token)
        if after is not None and after.text.lower() in _GROUPING:
            found[Aggregation, token.text.lower()].append(token)
        if after is not None and after.text == "(":
            found[Call, token.text].append(token)
    return found


def _outside_brackets(words: Sequence[Token]) -> Iterator[Token]:
    """Without times: what stands in `[...]`, and after `offset` and `@`."""
    inside, before = False, ""
    for token in words:
        inside = token.text == "[" or (inside and token.text != "]")
        if not inside and before not in {"offset", "@"}:
            yield token
        if token.text not in {"+", "-"}:
            before = token.text.lower()


def _in_order(root: Node) -> Iterator[Node]:
    """Every node in the order in which the text names it: an operation between its operands."""
    pending: list[tuple[Node, bool]] = [(root, False)]
    while pending:
        node, opened = pending.pop()
        if isinstance(node, Binary) and not opened:
            pending += [(node.rhs, False), (node, True), (node.lhs, False)]
            continue
        yield node
        if not opened:
            pending += [(child, False) for child in reversed(children(node))]
