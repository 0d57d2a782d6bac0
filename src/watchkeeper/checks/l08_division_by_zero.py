"""Division by zero.

A rate is divided by a rate that is zero while nobody asks anything. 0/0 is NaN. As a recorded sample it makes every
sum over time NaN for as long as it is in the window: 5 quiet minutes, and a 30 days' budget is unknown for 30 days.
Inside `sum` and `avg` one idle series makes the result of all NaN, and a comparison with NaN never fires.

Let the denominator be `> 0`: without traffic there is no ratio.

Bad:

```yaml
rules:
- record: service:error:ratio_rate5m
  expr: sum(rate(requests_total{code=~"5.."}[5m])) / sum(rate(requests_total[5m]))
```

Good:

```yaml
rules:
- record: service:error:ratio_rate5m
  expr: sum(rate(requests_total{code=~"5.."}[5m])) / (sum(rate(requests_total[5m])) > 0)
```
"""

from collections.abc import Iterator

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.events import constant, counts_events
from watchkeeper.checks.rules import Asked, Rules
from watchkeeper.checks.subject import Recording
from watchkeeper.problem import Severity
from watchkeeper.promql.nodes import (
    COMPARISONS,
    Aggregate,
    Aggregation,
    Binary,
    Call,
    Node,
    Operator,
    Selector,
    Subquery,
)
from watchkeeper.promql.rewrite import children, walk

_POISONED = frozenset({Aggregate.SUM, Aggregate.AVG, Aggregate.STDDEV, Aggregate.STDVAR})
_POISONED_OVER_TIME = frozenset({"avg_over_time", "stddev_over_time", "stdvar_over_time", "sum_over_time"})


def find(rules: Rules) -> Iterator[Finding]:
    for asked in rules.asked():
        told: set[int] = set()
        for start in _starts(asked):
            for division in _exposed(start, rules):
                if id(division) not in told:
                    told.add(id(division))
                    yield _finding(asked, division)


def _finding(asked: Asked, division: Binary) -> Finding:
    return Finding(
        asked.expr.at(division),
        f"{asked.rule.called}: divides by zero while there is no traffic",
        found=promql.render(division.rhs),
        allowed="a denominator that is absent instead of zero",
        fix=f"write `/ ({promql.render(division.rhs)} > 0)`",
    )


def _starts(asked: Asked) -> Iterator[Node]:
    """Where NaN does harm: in what is recorded, and in what adds up."""
    if isinstance(asked.rule, Recording):
        yield asked.node
    for part in walk(asked.node):
        if isinstance(part, Aggregation) and part.operator in _POISONED:
            yield part.expr
        elif isinstance(part, Call) and part.function in _POISONED_OVER_TIME:
            over = part.arguments[0]
            yield from (over.expr,) if isinstance(over, Subquery) else ()


def _exposed(node: Node, rules: Rules) -> Iterator[Binary]:
    """Unguarded divisions whose NaN comes out of the node; a comparison lets none through."""
    if isinstance(node, Binary):
        if node.operator in COMPARISONS and not node.returns_bool:
            return
        if node.operator in {Operator.AND, Operator.UNLESS}:
            if not _compares(node.rhs):
                yield from _exposed(node.lhs, rules)
            return
        if node.operator is Operator.DIV and counts_events(node.rhs, rules) and not _guarded(node.rhs, rules):
            yield node
    for child in children(node):
        yield from _exposed(child, rules)


def _compares(node: Node) -> bool:
    return any(isinstance(part, Binary) and part.operator in COMPARISONS for part in walk(node))


def _guarded(denominator: Node, rules: Rules) -> bool:
    """Whether a denominator is never zero: compared, raised, or a count of what is there."""
    if isinstance(denominator, Call) and denominator.function in {"count_over_time", "present_over_time"}:
        return True
    for part in walk(denominator):
        if isinstance(part, Binary) and part.operator in COMPARISONS and not part.returns_bool:
            return True
        if isinstance(part, Binary) and part.operator is Operator.ADD and (constant(part.lhs) or constant(part.rhs)):
            return True
        if isinstance(part, Call) and part.function == "clamp_min":
            return True
    recorded = rules.recording(denominator) if isinstance(denominator, Selector) else ()
    return bool(recorded) and all(_guarded(asked.node, rules) for asked in recorded if asked.node is not denominator)


CHECK = Check("L08", "division-by-zero", Severity.WARNING, __doc__, rules=find)
