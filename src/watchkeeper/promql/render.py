"""Canonical PromQL text: parentheses only where precedence needs them, numbers and durations exact and short."""

import re
from decimal import Decimal
from textwrap import indent

from watchkeeper.promql.nodes import (
    Aggregation,
    Ahead,
    Binary,
    Call,
    Edge,
    Grouping,
    Matcher,
    MatchOperator,
    Negation,
    Node,
    Number,
    Offset,
    Operator,
    Range,
    Selector,
    String,
    Subquery,
)
from watchkeeper.quantity import Duration

# https://prometheus.io/docs/prometheus/latest/querying/operators/#binary-operator-precedence, loosest first
_LEVELS: tuple[frozenset[Operator], ...] = (
    frozenset({Operator.OR}),
    frozenset({Operator.AND, Operator.UNLESS}),
    frozenset(
        {
            Operator.EQUAL,
            Operator.NOT_EQUAL,
            Operator.LESS,
            Operator.LESS_EQUAL,
            Operator.GREATER,
            Operator.GREATER_EQUAL,
        }
    ),
    frozenset({Operator.ADD, Operator.SUB}),
    frozenset({Operator.MUL, Operator.DIV, Operator.MOD, Operator.ATAN2}),
    frozenset({Operator.POW}),
)
_PRECEDENCE = {operator: level for level, operators in enumerate(_LEVELS) for operator in operators}
_SIGN = _PRECEDENCE[Operator.MUL]  # a minus sign binds like `*`: -a ^ 2 is -(a ^ 2)
_ATOM = len(_LEVELS)

_PLAIN_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
# words the grammar takes for itself where a metric name could stand
_RESERVED = frozenset(
    re.findall(
        r"\w+",
        "and atan2 avg bool bottomk by count count_values end group group_left group_right ignoring inf "
        "limit_ratio limitk max min nan offset on or quantile start stddev stdvar sum topk unless without",
    )
)
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"})
_READABLE = 100  # characters of a line
_LONGEST_PLAIN_NUMBER = 21  # characters; beyond that 1e+30 reads better than its zeros


def render(node: Node) -> str:
    """`parse(render(node)) == node` for every node Prometheus accepts."""
    match node:
        case Number():
            text = number(node.value)
        case String():
            text = quote(node.value)
        case Selector():
            text = _selector(node) + _modifiers(node.offset, node.at)
        case Range():
            modifiers = _modifiers(node.selector.offset, node.selector.at)
            text = f"{_selector(node.selector)}[{node.duration.promql}]{modifiers}"
        case Subquery():
            step = node.step.promql if node.step is not None else ""
            text = f"{_sampled(node.expr)}[{node.duration.promql}:{step}]{_modifiers(node.offset, node.at)}"
        case Call():
            text = f"{node.function}({', '.join(map(render, node.arguments))})"
        case Aggregation():
            text = _aggregation(node)
        case Negation():
            text = _negation(node.expr)
        case Binary():
            text = _binary(node)
    return text


def lay_out(node: Node) -> str:
    """`render`, broken before operators where one line would be too long to read."""
    text = render(node)
    if len(text) <= _READABLE or not isinstance(node, Binary) or isinstance(node.rhs, Number):
        return text
    left, right = _operand_levels(node.operator)
    return f"{_block(node.lhs, left)}\n{node.operator.value}{_match_clauses(node)} {_block(node.rhs, right)}"


def _block(node: Node, level: int) -> str:
    if _level(node) >= level:
        return lay_out(node)
    text = lay_out(node)
    return f"(\n{indent(text, '  ')}\n)" if "\n" in text else f"({text})"


def number(value: Decimal) -> str:
    """A number literal: every digit of the decimal, no trailing zeros."""
    if value.is_nan():
        return "NaN"
    if value.is_infinite():
        return "-Inf" if value < 0 else "Inf"
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text if len(text) <= _LONGEST_PLAIN_NUMBER else _scientific(value)


def quote(value: str) -> str:
    """A string literal in double quotes; other control characters are written as \\u escapes."""
    text = value.translate(_ESCAPES)
    return f'"{text}"' if text.isprintable() else f'"{"".join(map(_escape, text))}"'


def matcher(node: Matcher) -> str:
    return f"{node.label}{node.operator.value}{quote(node.value)}"


def _scientific(value: Decimal) -> str:
    mantissa, _, exponent = format(value, "e").partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{exponent}"


def _escape(character: str) -> str:
    return character if character.isprintable() else _unicode_escape(character)


def _unicode_escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _selector(node: Selector) -> str:
    matchers = node.matchers
    name = node.name
    if name and (name.lower() in _RESERVED or not _PLAIN_NAME.fullmatch(name)):
        matchers = (Matcher("__name__", MatchOperator.EQUAL, name), *matchers)
        name = ""
    inside = ",".join(map(matcher, matchers))
    return f"{name}{{{inside}}}" if inside or not name else name


def _sampled(node: Node) -> str:
    """The expression of a subquery; modifiers of a selector are kept apart from those of the subquery."""
    modified = isinstance(node, Selector) and (node.offset is not None or node.at is not None)
    return f"({render(node)})" if modified else _within(node, _ATOM)


def _modifiers(offset: Offset | None, at: Decimal | Edge | None) -> str:
    moment = "" if at is None else f" @ {at.value if isinstance(at, Edge) else number(at)}"
    match offset:
        case None:
            return moment
        case Ahead():
            return f"{moment} offset -{offset.duration.promql}"
        case Duration():
            return f"{moment} offset {offset.promql}"


def _negation(operand: Node) -> str:
    """`-1` is a number, `-(1)` the negation of one."""
    if isinstance(operand, Number):
        return f"-({render(operand)})"
    return f"-{render(operand) if isinstance(operand, Negation) else _within(operand, _SIGN + 1)}"


def _grouping(grouping: Grouping) -> str:
    if not grouping.labels and not grouping.without:
        return ""
    return f" {'without' if grouping.without else 'by'} ({', '.join(grouping.labels)}) "


def _aggregation(node: Aggregation) -> str:
    parameter = f"{render(node.parameter)}, " if node.parameter is not None else ""
    return f"{node.operator.value}{_grouping(node.grouping)}({parameter}{render(node.expr)})"


def _binary(node: Binary) -> str:
    left, right = _operand_levels(node.operator)
    rhs = render(node.rhs) if _signed(node.rhs) else _within(node.rhs, right)
    return f"{_within(node.lhs, left)} {node.operator.value}{_match_clauses(node)} {rhs}"


def _operand_levels(operator: Operator) -> tuple[int, int]:
    """The precedence each operand needs: of equal ones the left binds first, with `^` the right."""
    level = _PRECEDENCE[operator]
    return (level + 1, level) if operator is Operator.POW else (level, level + 1)


def _match_clauses(node: Binary) -> str:
    text = " bool" if node.returns_bool else ""
    if node.matching.on or node.matching.labels or node.group is not None:
        text += f" {'on' if node.matching.on else 'ignoring'} ({', '.join(node.matching.labels)})"
    if node.group is not None:
        text += f" {node.group.side.value} ({', '.join(node.group.labels)})"
    return text


def _within(node: Node, level: int) -> str:
    """The text of an operand that stands where at least precedence `level` is needed."""
    return render(node) if _level(node) >= level else f"({render(node)})"


def _level(node: Node) -> int:
    if isinstance(node, Binary):
        return _PRECEDENCE[node.operator]
    return _SIGN if _signed(node) else _ATOM


def _signed(node: Node) -> bool:
    """Begins with a minus sign; to the right of an operator that is never ambiguous."""
    return isinstance(node, Negation) or (isinstance(node, Number) and number(node.value).startswith("-"))
