"""An alert that flaps by construction.

`topk`, `bottomk`, `limitk` choose other series whenever values cross, and with each choice one alert ends and another
begins. And a ratio of two jobs is wrong for a moment whenever one of them restarts before the other: without a `for`
that moment is an alert.

`topk` inside a join or a further aggregation is no matter.

Bad:

```yaml
rules:
- alert: SlowEndpoints
  expr: topk(3, sum by (endpoint) (rate(slow_requests_total[5m]))) > 1
```

Good:

```yaml
rules:
- alert: SlowEndpoints
  expr: sum by (endpoint) (rate(slow_requests_total[5m])) > 1
- alert: WorkersBehind
  expr: sum(rate(jobs_done_total{job="worker"}[5m])) / sum(rate(jobs_sent_total{job="api"}[5m])) < 0.5
  for: 5m
```
"""

from collections.abc import Iterator

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.rules import Asked, Rules
from watchkeeper.checks.subject import Alerting
from watchkeeper.problem import Severity
from watchkeeper.promql.functions import Type
from watchkeeper.promql.labels import type_of
from watchkeeper.promql.nodes import (
    Aggregate,
    Aggregation,
    Binary,
    Call,
    MatchOperator,
    Negation,
    Node,
    Operator,
    Side,
    Subquery,
)
from watchkeeper.promql.rewrite import walk

_CHOOSING = frozenset({Aggregate.TOPK, Aggregate.BOTTOMK, Aggregate.LIMITK, Aggregate.LIMIT_RATIO})
_ARITHMETIC = frozenset({Operator.ADD, Operator.DIV, Operator.MUL, Operator.SUB})


def find(rules: Rules) -> Iterator[Finding]:
    for asked, alert in rules.alerts():
        for part in _chosen(asked.node):
            yield Finding(
                asked.expr.at(part),
                f"{alert.called}: `{part.operator.value}` chooses other series whenever values cross",
                found=promql.render(part),
                allowed="every series beyond the threshold",
                fix=f"leave `{part.operator.value}` to a panel",
            )
        if not alert.for_:
            yield from _two_jobs(asked, alert)


def _chosen(node: Node) -> Iterator[Aggregation]:
    """Choices whose labels become those of the alert."""
    match node:
        case Aggregation() if node.operator in _CHOOSING:
            yield node
        case Binary():
            if not (node.group is not None and node.group.side is Side.RIGHT):
                yield from _chosen(node.lhs)
            if node.operator is Operator.OR or (node.group is not None and node.group.side is Side.RIGHT):
                yield from _chosen(node.rhs)
        case Negation() | Subquery():
            yield from _chosen(node.expr)
        case Call():
            for argument in node.arguments:
                yield from _chosen(argument)
        case _:
            pass


def _two_jobs(asked: Asked, alert: Alerting) -> Iterator[Finding]:
    for part in walk(asked.node):
        if not isinstance(part, Binary) or part.operator not in _ARITHMETIC:
            continue
        if not type_of(part.lhs) is type_of(part.rhs) is Type.VECTOR:
            continue
        left, right = _jobs(part.lhs), _jobs(part.rhs)
        if left and right and left.isdisjoint(right):
            yield Finding(
                asked.expr.at(part),
                f"{alert.called} computes with two jobs, which restart at different moments",
                found=f"{', '.join(sorted(left))} and {', '.join(sorted(right))}, without `for`",
                allowed="a `for` longer than a restart",
                fix="add `for: 5m`",
            )


def _jobs(node: Node) -> set[str]:
    matchers = [matcher for selector in promql.selectors(node) for matcher in selector.matchers]
    return {m.value for m in matchers if m.label == "job" and m.operator is MatchOperator.EQUAL and m.value}


CHECK = Check("L35", "fragile", Severity.WARNING, __doc__, rules=find)
