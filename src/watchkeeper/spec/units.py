"""What an expression measures, and thresholds in another unit than their value."""

from collections.abc import Iterator

from watchkeeper import promql
from watchkeeper.problem import Problem
from watchkeeper.promql.nodes import (
    COMPARISONS,
    Aggregate,
    Aggregation,
    Binary,
    Call,
    Negation,
    Node,
    Operator,
    Range,
    Selector,
    Subquery,
)
from watchkeeper.quantity import Measure, Quantity
from watchkeeper.spec.places import Place
from watchkeeper.spec.wording import error

_SUFFIXES = {"_seconds": Measure.SECONDS, "_bytes": Measure.BYTES, "_usd": Measure.DOLLARS, "_ratio": Measure.RATIO}
_KEEP_UNIT = frozenset(
    {
        "abs", "avg_over_time", "ceil", "clamp", "clamp_max", "clamp_min", "delta", "floor", "idelta", "increase",
        "last_over_time", "max_over_time", "min_over_time", "predict_linear", "quantile_over_time", "round", "sort",
        "sort_desc", "sum_over_time",
    }
)  # fmt: skip
_PLAIN_AGGREGATES = frozenset({Aggregate.COUNT, Aggregate.GROUP, Aggregate.COUNT_VALUES, Aggregate.STDVAR})


def unit(node: Node) -> Measure | None:
    """What an expression measures, as far as the names of its metrics tell."""
    found: Measure | None = None
    match node:
        case Selector():
            found = _unit_of_name(node.name)
        case Range():
            found = _unit_of_name(node.selector.name)
        case Subquery() | Negation():
            found = unit(node.expr)
        case Aggregation() if node.operator not in _PLAIN_AGGREGATES:
            found = unit(node.expr)
        case Call():
            found = _unit_of_call(node)
        case Binary() if node.operator in {Operator.ADD, Operator.SUB, Operator.OR}:
            found = unit(node.lhs) or unit(node.rhs)
        case Binary() if node.operator in COMPARISONS and not node.returns_bool:
            found = unit(node.lhs)
    return found


def _unit_of_call(node: Call) -> Measure | None:
    if node.function == "time":
        return Measure.SECONDS
    if node.function == "histogram_quantile":
        names = {selector.name.removesuffix("_bucket") for selector in promql.selectors(node.arguments[1])}
        units = {_unit_of_name(name) for name in names}
        return units.pop() if len(units) == 1 else None
    if node.function not in _KEEP_UNIT:
        return None
    return next((found for argument in node.arguments if (found := unit(argument))), None)


def _unit_of_name(name: str) -> Measure | None:
    name = name.removesuffix("_total").removesuffix("_sum")
    return next((measure for suffix, measure in _SUFFIXES.items() if name.endswith(suffix)), None)


_EXAMPLES = {
    Measure.SECONDS: "100ms, 5s, 2m",
    Measure.BYTES: "64KiB, 10GiB",
    Measure.DOLLARS: "$5, $0.25",
    Measure.RATIO: "5%, 99.9%",
}
_MEASURES = {
    Measure.SECONDS: "a time",
    Measure.BYTES: "a number of bytes",
    Measure.DOLLARS: "an amount of money",
    Measure.RATIO: "a share",
    Measure.NUMBER: "a plain number",
}


def threshold(place: Place, node: Node, key: str, limit: Quantity) -> Iterator[Problem]:
    """A bare zero is zero in any unit."""
    wanted = unit(node)
    if wanted is None or limit.measure is wanted or (limit.value == 0 and limit.measure is Measure.NUMBER):
        return
    d, path = place.definitions, (*place.path[:-1], key)
    bare = limit.measure is Measure.NUMBER and limit.value > 0
    said = "has no unit" if bare else f"is {_MEASURES[limit.measure]}"
    yield error(
        "unit-missing" if bare else "wrong-unit",
        d.at(*path),
        f"`{key}` of alert `{path[1]}` {said}, but its value is {_MEASURES[wanted]}",
        found=str(limit),
        allowed=_EXAMPLES[wanted],
        fix=f"write {Quantity(limit.value, wanted)} if that is meant" if bare else "",
    )
