"""Average of ratios.

An error ratio is averaged: over time, or over series. A quiet night then weighs as much as a busy noon, and a pod with
three requests as much as one with three thousand. Over 30 days the average was measured at 173 % of a budget of which
60 % was used in truth. The sum over time divided by the count is the same average.

Keep bad and total events apart to the end: sum both, then divide.

Bad:

```yaml
rules:
- record: slo:sli_error:ratio_rate5m
  expr: sum(rate(requests_total{code=~"5.."}[5m])) / (sum(rate(requests_total[5m])) > 0)
- record: slo:sli_error:ratio_rate30d
  expr: avg_over_time(slo:sli_error:ratio_rate5m[30d])
```

Good:

```yaml
rules:
- record: slo:sli_errors:rate5m
  expr: sum(rate(requests_total{code=~"5.."}[5m])) or 0 * sum(rate(requests_total[5m]))
- record: slo:sli_total:rate5m
  expr: sum(rate(requests_total[5m]))
- record: slo:sli_error:ratio_rate30d
  expr: sum_over_time(slo:sli_errors:rate5m[30d]) / (sum_over_time(slo:sli_total:rate5m[30d]) > 0)
```
"""

from collections.abc import Iterator

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.events import ratio
from watchkeeper.checks.rules import Asked, Rules
from watchkeeper.problem import Severity
from watchkeeper.promql.nodes import Aggregate, Aggregation, Binary, Call, Node, Operator, Range, Subquery
from watchkeeper.promql.rewrite import walk


def find(rules: Rules) -> Iterator[Finding]:
    for asked in rules.asked():
        for part in walk(asked.node):
            averaged = _averaged(part)
            if averaged is not None and ratio(averaged, rules):
                yield _finding(asked, part, averaged)


def _averaged(part: Node) -> Node | None:
    """What a part takes the average of."""
    match part:
        case Aggregation(operator=Aggregate.AVG):
            return part.expr
        case Call(function="avg_over_time"):
            return part.arguments[0]
        case Binary(operator=Operator.DIV, lhs=Call(function="sum_over_time") as total, rhs=Call() as count) if (
            count.function == "count_over_time" and total.arguments == count.arguments
        ):
            return total.arguments[0]
        case _:
            return None


def _finding(asked: Asked, part: Node, averaged: Node) -> Finding:
    over_time = isinstance(averaged, Range | Subquery)
    each = "moment" if over_time else "series"
    return Finding(
        asked.expr.at(part),
        f"{asked.rule.called}: an average of ratios weighs every {each} alike, however few its requests",
        found=promql.render(part),
        allowed="a ratio of sums",
        fix="record bad and total events, sum each, divide last" if over_time else "divide `sum(…)` by `sum(…)`",
    )


CHECK = Check("L06", "average-of-ratios", Severity.ERROR, __doc__, rules=find)
