"""Functions and operators that not every Prometheus knows, or that make no sense of what they are given."""

from collections.abc import Iterator
from functools import partial

from watchkeeper import promql
from watchkeeper.model import MetricType
from watchkeeper.problem import Problem
from watchkeeper.promql.functions import NEAREST, Type
from watchkeeper.promql.labels import labels, type_of
from watchkeeper.promql.nodes import Aggregate, Aggregation, Call, Node, Range, Selector
from watchkeeper.promql.places import Places
from watchkeeper.promql.rewrite import walk
from watchkeeper.quantity import Quantity
from watchkeeper.spec import series
from watchkeeper.spec.definitions import Definitions
from watchkeeper.spec.places import Place
from watchkeeper.spec.wording import error

_OF_COUNTERS = {"rate": "deriv", "irate": "deriv", "increase": "delta"}
"""Functions that take a fall for a restart, and what to take for a gauge."""
_OF_GAUGES = {"delta": "increase", "idelta": "increase", "deriv": "rate", "predict_linear": "rate"}
"""Functions that take a restart for a fall, and what to take for a counter."""
_STILL_COUNTERS = frozenset(
    {Aggregate.SUM, Aggregate.MIN, Aggregate.MAX, Aggregate.AVG, Aggregate.TOPK, Aggregate.BOTTOMK, Aggregate.QUANTILE}
)
_INSTEAD = {
    Type.SCALAR: ("a single number", "write `vector(…)` around it"),
    Type.RANGE: ("a range of samples", "say what of the range: `max_over_time(…)`, `rate(…)`"),
    Type.STRING: ("a text", "write PromQL that selects a metric"),
}


def portable(place: Place, node: Node) -> Iterator[Problem]:
    for name in promql.unportable(node):
        near = NEAREST.get(name)
        yield error(
            "unportable",
            place.word(name),
            f"{place.name}: not every Prometheus from 2.42 to 3.x knows `{name}`",
            found=name,
            allowed="the functions and operators of Prometheus 2.42",
            fix=f"`{near}` comes nearest" if near else "write it with those",
        )


def vector(place: Place, node: Node) -> Iterator[Problem]:
    """What is compared with a threshold or joined as a guard has series."""
    kind = type_of(node)
    if kind is Type.VECTOR:
        return
    found, fix = _INSTEAD[kind]
    yield error("not-a-vector", place.whole, f"{place.name} has no series", found=found, allowed="a vector", fix=fix)


def fitting(place: Place, node: Node) -> Iterator[Problem]:
    """Rates of gauges, differences of counters, quantiles without buckets."""
    places = Places(place.text, node)
    for part in walk(node):
        if isinstance(part, Call) and part.function == "histogram_quantile":
            yield from _quantile(place, part, places)
        elif isinstance(part, Call) and part.arguments and isinstance(part.arguments[0], Range):
            yield from _over_time(place, part, part.arguments[0].selector, places)


def _over_time(place: Place, call: Call, selector: Selector, places: Places) -> Iterator[Problem]:
    kind = series.kind(place.definitions, selector.name)
    gauge = kind is MetricType.GAUGE
    instead = (_OF_COUNTERS if gauge else _OF_GAUGES).get(call.function)
    if instead is None or kind is None:
        return
    slip = "a gauge: each fall counts as a restart" if gauge else "a counter: each restart counts as a fall"
    yield error(
        "wrong-function",
        place.token(places.operator(call)),
        f"{place.name}: `{call.function}` of `{selector.name}`, {slip}",
        found=promql.render(call),
        allowed=f"{', '.join(sorted(_OF_GAUGES if gauge else _OF_COUNTERS))} of a {kind}",
        fix=f"write `{instead}`",
    )


def _quantile(place: Place, call: Call, places: Places) -> Iterator[Problem]:
    read = promql.selectors(call.arguments[1])
    if not read or not all(selector.name.endswith("_bucket") for selector in read):
        return  # native histograms have no `le`
    if not labels(call.arguments[1], partial(series.labels, place.definitions)).may_have("le"):
        yield error(
            "no-buckets",
            place.token(places.operator(call)),
            f"{place.name}: `histogram_quantile` of something without `le`",
            found=promql.render(call.arguments[1]),
            allowed="buckets, which differ by their label `le`",
            fix="keep it in the grouping: `sum by (le) (…)`",
        )


def bare_counter(place: Place, node: Node, limit: Quantity) -> Iterator[Problem]:
    """A count since the process started crosses any threshold in the end; only `more than none` says something."""
    while isinstance(node, Aggregation) and node.operator in _STILL_COUNTERS:
        node = node.expr
    if limit.value and isinstance(node, Selector) and _counts(place.definitions, node.name):
        yield error(
            "bare-counter",
            place.word(node.name),
            f"{place.name} is a counter, which grows until its process restarts",
            found=promql.render(node),
            allowed="how fast it grows",
            fix=f"write `rate({node.name}[5m])` or `increase({node.name}[5m])`",
        )


def _counts(d: Definitions, name: str) -> bool:
    return series.kind(d, name) is MetricType.COUNTER
