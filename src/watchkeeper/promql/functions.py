"""PromQL's functions that mean the same on Prometheus 2.42 and on 3.x, with their types."""

from dataclasses import dataclass
from enum import Enum


class Type(Enum):
    SCALAR = "scalar"
    VECTOR = "vector"
    RANGE = "range"
    STRING = "string"


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    arguments: tuple[Type, ...]
    """All it may take; some may be left out, `label_join` may repeat its last."""
    result: Type


_V, _S, _R, _T = Type.VECTOR, Type.SCALAR, Type.RANGE, Type.STRING

# https://prometheus.io/docs/prometheus/2.42/querying/functions/, without holt_winters (see REMOVED)
_OF_VECTOR = (
    "abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor histogram_count histogram_sum ln log10 "
    "log2 rad sgn sin sinh sort sort_desc sqrt tan tanh timestamp"
)
_OF_TIME = "day_of_month day_of_week day_of_year days_in_month hour minute month year"
_OF_RANGE = (
    "absent_over_time avg_over_time changes count_over_time delta deriv idelta increase irate last_over_time "
    "max_over_time min_over_time present_over_time rate resets stddev_over_time stdvar_over_time sum_over_time"
)
_OTHERS = (
    Function("clamp", (_V, _S, _S), _V),
    Function("clamp_max", (_V, _S), _V),
    Function("clamp_min", (_V, _S), _V),
    Function("histogram_fraction", (_S, _S, _V), _V),
    Function("histogram_quantile", (_S, _V), _V),
    Function("label_join", (_V, _T, _T, _T), _V),
    Function("label_replace", (_V, _T, _T, _T, _T), _V),
    Function("pi", (), _S),
    Function("predict_linear", (_R, _S), _V),
    Function("quantile_over_time", (_S, _R), _V),
    Function("round", (_V, _S), _V),
    Function("scalar", (_V,), _S),
    Function("time", (), _S),
    Function("vector", (_S,), _V),
)

FUNCTIONS: dict[str, Function] = {
    function.name: function
    for function in (
        *(Function(name, (_V,), _V) for name in _OF_VECTOR.split()),
        *(Function(name, (_V,), _V) for name in _OF_TIME.split()),
        *(Function(name, (_R,), _V) for name in _OF_RANGE.split()),
        *_OTHERS,
    )
}

REMOVED = {"holt_winters": "it became the experimental `double_exponential_smoothing`"}

NEAREST = {
    "double_exponential_smoothing": "avg_over_time",
    "histogram_avg": "histogram_sum(x) / histogram_count(x)",
    "histogram_stddev": "histogram_quantile",
    "histogram_stdvar": "histogram_quantile",
    "info": "* on (instance, job) group_left (…) target_info",
    "limit_ratio": "topk",
    "limitk": "topk",
    "mad_over_time": "stddev_over_time",
    "sort_by_label": "sort",
    "sort_by_label_desc": "sort_desc",
}
"""What every Prometheus knows and comes nearest to functions and operators that only newer ones know."""
