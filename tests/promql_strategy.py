"""Random PromQL for property tests: well-typed nodes that every Prometheus from 2.42 to 3.x accepts."""

from decimal import Decimal

from hypothesis import strategies as st

from watchkeeper.promql import build
from watchkeeper.promql.functions import FUNCTIONS, Function, Type
from watchkeeper.promql.nodes import (
    COMPARISONS,
    SET_OPERATORS,
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
    Operator,
    Range,
    Selector,
    Side,
    String,
    Subquery,
)
from watchkeeper.quantity import Duration

ARITHMETIC = sorted(set(Operator) - COMPARISONS - SET_OPERATORS)
LABELS = ("service", "environment", "instance", "le", "slo", "on", "by", "bool", "_x", "A9")
NAMES = ("up", "sli_events_total", "slo:sli_error:ratio_rate5m", "sum", "on", "inf", "NaN", ":", "offset", "rate", "_")

numbers = st.floats().map(lambda value: Number(Decimal(repr(value))))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
durations = st.integers(1, 10**10).map(lambda ms: Duration(Decimal(ms) / 1000))
offsets = st.none() | durations | durations.map(Ahead)
moments = st.none() | st.sampled_from(Edge) | st.integers(0, 10**12).map(lambda ms: Decimal(ms) / 1000)
label_tuples = st.lists(st.sampled_from(LABELS), max_size=3, unique=True).map(tuple)

plain_matchers = st.builds(
    Matcher, st.sampled_from(LABELS), st.sampled_from([MatchOperator.EQUAL, MatchOperator.NOT_EQUAL]), texts
)
pattern_matchers = st.builds(
    lambda label, operator, values: Matcher(label, operator, "|".join(map(build.regex_quote, values))),
    st.sampled_from(LABELS),
    st.sampled_from([MatchOperator.REGEX, MatchOperator.NOT_REGEX]),
    st.lists(texts, min_size=1, max_size=3),
)
matcher_tuples = st.lists(plain_matchers | pattern_matchers, max_size=3).map(tuple)
named_selectors = st.builds(Selector, st.sampled_from(NAMES), matcher_tuples, offsets, moments)
nameless_selectors = st.builds(
    lambda matchers, offset, at: Selector("", (build.equals("job", "x"), *matchers), offset, at),
    matcher_tuples,
    offsets,
    moments,
)
selectors = named_selectors | nameless_selectors


def _scalars_from(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.one_of(
        st.builds(Negation, inner),
        st.builds(Binary, st.sampled_from(ARITHMETIC), inner, inner),
        st.builds(Binary, st.sampled_from(sorted(COMPARISONS)), inner, inner, returns_bool=st.just(True)),
    )


scalars: st.SearchStrategy[Node] = st.recursive(numbers | st.just(Call("time")), _scalars_from, max_leaves=4)


def _calls(function: Function, vectors: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    subqueries = st.builds(Subquery, vectors, durations, st.none() | durations, offsets, moments)
    sources: dict[Type, st.SearchStrategy[Node]] = {
        Type.SCALAR: scalars,
        Type.VECTOR: vectors,
        Type.RANGE: st.builds(Range, selectors, durations) | subqueries,
        Type.STRING: st.just(String("text")) | texts.map(String),
    }
    arguments = st.tuples(*(sources[kind] for kind in function.arguments))
    return arguments.map(lambda given: Call(function.name, given))


def _aggregations(vectors: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    groupings = st.builds(Grouping, label_tuples, st.booleans())
    parameters: dict[Aggregate, st.SearchStrategy[Node]] = {
        Aggregate.TOPK: scalars,
        Aggregate.BOTTOMK: scalars,
        Aggregate.QUANTILE: scalars,
        Aggregate.COUNT_VALUES: st.just(String("version")),
    }
    portable = sorted(set(Aggregate) - {Aggregate.LIMITK, Aggregate.LIMIT_RATIO})
    return st.sampled_from(portable).flatmap(
        lambda operator: st.builds(
            Aggregation, st.just(operator), vectors, groupings, parameters.get(operator, st.none())
        )
    )


@st.composite
def _joins(draw: st.DrawFn, vectors: st.SearchStrategy[Node]) -> Node:
    operator = draw(st.sampled_from(Operator))
    matching = draw(st.builds(Matching, label_tuples, st.booleans()))
    group = None
    if operator not in SET_OPERATORS and draw(st.booleans()):
        free = tuple(label for label in draw(label_tuples) if label not in matching.labels)
        group = Group(draw(st.sampled_from(Side)), free)
    returns_bool = operator in COMPARISONS and draw(st.booleans())
    return Binary(operator, draw(vectors), draw(vectors), matching, group, returns_bool)


def _vectors_from(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    functions = st.sampled_from([f for f in FUNCTIONS.values() if f.result is Type.VECTOR])
    single = st.sampled_from(ARITHMETIC + sorted(COMPARISONS))
    return st.one_of(
        functions.flatmap(lambda function: _calls(function, inner)),
        _aggregations(inner),
        _joins(inner),
        st.builds(Binary, single, inner, scalars),
        st.builds(Binary, single, scalars, inner),
        st.builds(Negation, inner),
    )


vectors: st.SearchStrategy[Node] = st.recursive(selectors, _vectors_from, max_leaves=5)
nodes: st.SearchStrategy[Node] = vectors | scalars
"""Anything a rule may have as its expression."""
