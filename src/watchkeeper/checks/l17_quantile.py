"""Quantiles that are none.

`histogram_quantile` works on buckets, which differ by their label `le`; summed without it nothing is left to work on,
and the result is NaN or empty. And quantiles cannot be averaged: the average of the 95th percentiles of ten pods is
not the 95th percentile of anything.

Sum the buckets by `le` and by whatever else is wanted, then take the quantile.

Bad:

```yaml
rules:
- record: service:request_duration_seconds:p95
  expr: histogram_quantile(0.95, sum by (service) (rate(request_duration_seconds_bucket[5m])))
```

Good:

```yaml
rules:
- record: service:request_duration_seconds:p95
  expr: histogram_quantile(0.95, sum by (service, le) (rate(request_duration_seconds_bucket[5m])))
```
"""

from collections.abc import Iterator

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.rules import Asked, Rules
from watchkeeper.problem import Severity
from watchkeeper.promql.labels import labels
from watchkeeper.promql.nodes import (
    Aggregate,
    Aggregation,
    Call,
    MatchOperator,
    Negation,
    Node,
    Range,
    Selector,
    Subquery,
)
from watchkeeper.promql.rewrite import walk

_ADDING = frozenset({Aggregate.AVG, Aggregate.SUM})
_SAME_KIND = frozenset(
    {"avg_over_time", "clamp_max", "clamp_min", "last_over_time", "max_over_time", "min_over_time", "round"}
)


def find(rules: Rules) -> Iterator[Finding]:
    for asked in rules.asked():
        for part in walk(asked.node):
            if isinstance(part, Call) and part.function == "histogram_quantile":
                yield from _without_buckets(asked, part, rules)
            averaged = _averaged(part)
            if averaged is not None and _quantile(averaged, rules):
                yield Finding(
                    asked.expr.at(part),
                    f"{asked.rule.called}: quantiles are added up, which makes no quantile",
                    found=promql.render(part),
                    allowed="one quantile of summed buckets",
                    fix="write `histogram_quantile(…, sum by (le) (rate(…)))`",
                )


def _without_buckets(asked: Asked, call: Call, rules: Rules) -> Iterator[Finding]:
    """Native histograms have no `le` and no series that end in `_bucket`."""
    buckets = call.arguments[1]
    read = promql.selectors(buckets)
    of_buckets = bool(read) and all(selector.name.endswith("_bucket") for selector in read)
    taken_away = any(
        isinstance(part, Aggregation) and part.grouping.without and "le" in part.grouping.labels
        for part in walk(buckets)
    )
    if of_buckets and (taken_away or not labels(buckets, rules.labels_of).may_have("le")):
        yield Finding(
            asked.expr.at(call),
            f"{asked.rule.called}: `histogram_quantile` of something without `le`",
            found=promql.render(buckets),
            allowed="buckets, which differ by their label `le`",
            fix="keep it in the grouping: `sum by (le) (…)`",
        )


def _averaged(part: Node) -> Node | None:
    match part:
        case Aggregation() if part.operator in _ADDING:
            return part.expr
        case Call(function="avg_over_time" | "sum_over_time"):
            return part.arguments[0]
        case _:
            return None


def _quantile(node: Node, rules: Rules, depth: int = 12) -> bool:
    """Whether an expression is a quantile: computed here, recorded, or a summary's own."""
    match node:
        case Call(function="histogram_quantile"):
            return True
        case Call() if node.function in _SAME_KIND:
            return any(_quantile(argument, rules, depth) for argument in node.arguments)
        case Aggregation() | Negation() | Subquery():
            return not (isinstance(node, Aggregation) and node.operator is Aggregate.COUNT) and _quantile(
                node.expr, rules, depth
            )
        case Range():
            return _quantile(node.selector, rules, depth)
        case Selector():
            summary = any(m.label == "quantile" and m.operator is MatchOperator.EQUAL for m in node.matchers)
            recorded = rules.recording(node) if depth else ()
            return summary or any(_quantile(asked.node, rules, depth - 1) for asked in recorded)
        case _:
            return False


CHECK = Check("L17", "quantile", Severity.ERROR, __doc__, rules=find)
