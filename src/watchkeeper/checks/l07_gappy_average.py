"""Average of counts that have gaps.

`avg_over_time` of recorded events, multiplied up to a month, or divided by another average. The average is taken over
the samples that exist. A series of errors that was there for 30 minutes of 6 hours averages over those 30 minutes, its
total over all 360: the share came out at 9.3 % where 0.8 % was true.

Fill the recorded errors with zeros, and take `sum_over_time` of both.

Bad:

```yaml
rules:
- record: code:requests:increase1h
  expr: sum by (code) (increase(requests_total[1h]))
- record: code:requests:increase30d
  expr: avg_over_time(code:requests:increase1h[30d]) * 24 * 30
```

Good:

```yaml
rules:
- record: service:errors:rate5m
  expr: sum by (service) (rate(requests_total{code=~"5.."}[5m])) or 0 * sum by (service) (rate(requests_total[5m]))
- record: service:errors:increase30d
  expr: sum_over_time(service:errors:rate5m[30d]) * 30
```
"""

from collections.abc import Iterator

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.events import counts_events, filled, ratio, scalar
from watchkeeper.checks.rules import Rules
from watchkeeper.problem import Severity
from watchkeeper.promql.nodes import Aggregate, Aggregation, Binary, Call, Node, Operator
from watchkeeper.promql.rewrite import walk


def find(rules: Rules) -> Iterator[Finding]:
    for asked in rules.asked():
        for part in walk(asked.node):
            average = _average(part)
            if average is None or not counts_events(average, rules) or ratio(average, rules):
                continue
            if not filled(average, rules):
                yield Finding(
                    asked.expr.at(average),
                    f"{asked.rule.called}: an average over the samples that exist, of events that may have gaps",
                    found=promql.render(part),
                    allowed="sums over time of series that are filled with zeros",
                    fix="record the events `or 0 *` their total, and take `sum_over_time`",
                )


def _average(part: Node) -> Call | None:
    """The average that a part multiplies up, or divides by another average."""
    if not isinstance(part, Binary):
        return None
    left, right = _over_time(part.lhs), _over_time(part.rhs)
    if part.operator is Operator.MUL:
        return (left if scalar(part.rhs) else None) or (right if scalar(part.lhs) else None)
    return left if part.operator is Operator.DIV and right else None


def _over_time(node: Node) -> Call | None:
    if isinstance(node, Aggregation) and node.operator is Aggregate.SUM:
        return _over_time(node.expr)
    return node if isinstance(node, Call) and node.function == "avg_over_time" else None


CHECK = Check("L07", "gappy-average", Severity.WARNING, __doc__, rules=find)
