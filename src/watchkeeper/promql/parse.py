"""PromQL text to own nodes. `promql_parser` (Rust) only parses, behind `guard`; nothing of it leaves this module."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

import promql_parser as rust

from watchkeeper.promql import guard, mistake
from watchkeeper.promql.guard import PromqlError
from watchkeeper.promql.nodes import (
    Aggregate,
    Aggregation,
    Ahead,
    Binary,
    Call,
    Edge,
    Group,
    Grouping,
    Matcher,
    Matching,
    MatchOperator,
    Negation,
    Node,
    Number,
    Offset,
    Operator,
    Range,
    Selector,
    Side,
    String,
    Subquery,
)
from watchkeeper.quantity import Duration

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_MATCH_OPERATORS = {
    "MatchOp.Equal": MatchOperator.EQUAL,
    "MatchOp.NotEqual": MatchOperator.NOT_EQUAL,
    "MatchOp.Re": MatchOperator.REGEX,
    "MatchOp.NotRe": MatchOperator.NOT_REGEX,
}
_SIDES = {"VectorMatchCardinality.ManyToOne": Side.LEFT, "VectorMatchCardinality.OneToMany": Side.RIGHT}


_REMEMBERED = 4096
"""Expressions. Checks, rules, dashboards and tests of one build ask for the same ones five times over."""


class _UnsupportedError(Exception):
    """Something the parser reads and Prometheus 2.42 does not."""

    def __init__(self, message: str, word: str) -> None:
        super().__init__(message)
        self.word = word


@lru_cache(maxsize=_REMEMBERED)
def parse(text: str) -> Node:
    """Raises PromqlError, with a position, for anything but one expression."""
    guard.check(text)
    try:
        return _node(rust.parse(guard.without_raw_strings(text)))
    except _UnsupportedError as error:
        raise PromqlError(str(error), max(text.find(error.word), 0)) from None
    except ValueError as error:
        raise mistake.explain(text, str(error)) from None
    except BaseException as error:
        # a panic of the Rust parser, whose class cannot be imported: a user's mistake all the same
        if type(error).__name__ != "PanicException":
            raise
        raise PromqlError(f"the parser gave up on this: {error}", 0) from None


def _node(expr: rust.Expr) -> Node:
    match expr:
        case rust.ParenExpr():
            node = _node(expr.expr)
        case rust.NumberLiteral():
            node = Number(Decimal(repr(expr.val)))
        case rust.StringLiteral():
            node = String(expr.val)
        case rust.VectorSelector():
            node = _selector(expr)
        case rust.MatrixSelector():
            node = Range(_selector(expr.vector_selector), _duration(expr.range))
        case rust.SubqueryExpr():
            node = _subquery(expr)
        case rust.Call():
            node = Call(expr.func.name, tuple([_node(argument) for argument in expr.args]))
        case rust.AggregateExpr():
            node = _aggregation(expr)
        case rust.UnaryExpr():
            node = Negation(_node(expr.expr))
        case rust.BinaryExpr():
            node = _binary(expr)
        case _:
            raise TypeError(f"promql_parser returned a {type(expr).__name__}")
    return node


def _selector(expr: rust.VectorSelector) -> Selector:
    if expr.matchers.or_matchers:
        raise _UnsupportedError("`or` between matchers is not PromQL; use a regular expression", " or ")
    matchers = tuple(
        Matcher(_label(matcher.name), _MATCH_OPERATORS[str(matcher.op)], matcher.value)
        for matcher in expr.matchers.matchers
    )
    name = expr.name or ""
    if not name:
        name, matchers = _name_from_matchers(matchers)
    if name and not _METRIC.fullmatch(name):
        raise _UnsupportedError(f"metric name `{name}` is readable only by Prometheus 3", name)
    return Selector(name, matchers, _offset(expr.offset), _at(expr.at))


def _name_from_matchers(matchers: tuple[Matcher, ...]) -> tuple[str, tuple[Matcher, ...]]:
    names = [matcher for matcher in matchers if matcher.label == "__name__"]
    if len(names) != 1 or names[0].operator is not MatchOperator.EQUAL or not names[0].value:
        return "", matchers
    return names[0].value, tuple(matcher for matcher in matchers if matcher is not names[0])


def _subquery(expr: rust.SubqueryExpr) -> Subquery:
    if expr.range is None:
        raise TypeError("promql_parser returned a subquery without a range")
    step = None if expr.step is None else _duration(expr.step)
    return Subquery(_node(expr.expr), _duration(expr.range), step, _offset(expr.offset), _at(expr.at))


def _aggregation(expr: rust.AggregateExpr) -> Aggregation:
    grouping = Grouping()
    if expr.modifier is not None:
        without = expr.modifier.type == rust.AggModifierType.Without
        grouping = Grouping(tuple(map(_label, expr.modifier.labels)), without)
    parameter = None if expr.param is None else _node(expr.param)
    return Aggregation(Aggregate(str(expr.op).strip()), _node(expr.expr), grouping, parameter)


def _binary(expr: rust.BinaryExpr) -> Binary:
    operator, lhs, rhs = Operator(str(expr.op).strip()), _node(expr.lhs), _node(expr.rhs)
    modifier = expr.modifier
    if modifier is None:
        return Binary(operator, lhs, rhs)
    if modifier.fill_values.lhs is not None or modifier.fill_values.rhs is not None:
        raise _UnsupportedError("`fill` is read only by Prometheus 3", "fill")
    side = _SIDES.get(str(modifier.card))
    group = None if side is None else Group(side, tuple(map(_label, modifier.group_labels or ())))
    return Binary(operator, lhs, rhs, _matching(modifier.matching), group, modifier.return_bool)


def _matching(modifier: rust.LabelModifier | None) -> Matching:
    if modifier is None:
        return Matching()
    return Matching(tuple(map(_label, modifier.labels)), modifier.type == rust.LabelModifierType.Include)


def _label(name: str) -> str:
    if not _LABEL.fullmatch(name):
        raise _UnsupportedError(f"label name `{name}` is readable only by Prometheus 3", name)
    return name


def _duration(delta: timedelta) -> Duration:
    return Duration(_seconds(delta))


def _offset(delta: timedelta | None) -> Offset | None:
    if delta is None:
        return None
    return Ahead(_duration(-delta)) if delta < timedelta() else _duration(delta)


def _at(modifier: rust.AtModifier | None) -> Decimal | Edge | None:
    if modifier is None:
        return None
    if modifier.at is not None:
        return _seconds(modifier.at - _EPOCH)
    return Edge.START if modifier.type == rust.AtModifierType.Start else Edge.END


def _seconds(delta: timedelta) -> Decimal:
    return Decimal(delta.days * 86_400 + delta.seconds) + Decimal(delta.microseconds) / 1_000_000
