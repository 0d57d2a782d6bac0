"""An alert without a condition.

Nothing in the expression ever takes a series away, so the alert fires for as long as its metric exists, whatever its
value. Usually a comparison was forgotten, or made `bool`, which gives 0 and 1 and keeps both.

An alert that reads no metric at all, `vector(1)`, is meant to fire always: a dead man's switch.

Bad:

```yaml
rules:
- alert: QueueTooLong
  expr: max(queue_depth)
```

Good:

```yaml
rules:
- alert: QueueTooLong
  expr: max(queue_depth) > 1000
- alert: Watchdog
  expr: vector(1)
```
"""

from collections.abc import Iterator

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.rules import Rules
from watchkeeper.problem import Severity
from watchkeeper.promql.nodes import (
    COMPARISONS,
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
from watchkeeper.promql.rewrite import walk

_FIRING = frozenset({"ALERTS", "ALERTS_FOR_STATE"})
"""Series that exist only while something is wrong."""


def find(rules: Rules) -> Iterator[Finding]:
    for asked, alert in rules.alerts():
        if promql.selectors(asked.node) and not _conditional(asked.node, rules):
            yield Finding(
                asked.expr.whole,
                f"{alert.called} fires for as long as its metric exists",
                found=_found(asked.node),
                allowed="an expression that is empty while all is well",
                fix="compare the value with a threshold: `> 10`",
            )


def _found(node: Node) -> str:
    with_bool = any(isinstance(part, Binary) and part.returns_bool for part in walk(node))
    return f"{promql.render(node)}" + (" (`bool` keeps every series)" if with_bool else "")


def _conditional(node: Node, rules: Rules, depth: int = 12) -> bool:
    """Whether an expression can be empty although its metrics exist."""
    found = False
    match node:
        case Selector():
            recorded = rules.recording(node) if depth else ()
            always = [not _conditional(asked.node, rules, depth - 1) for asked in recorded]
            found = node.name in _FIRING or (bool(recorded) and not any(always))
        case Range():
            found = _conditional(node.selector, rules, depth)
        case Call(function="absent" | "absent_over_time"):
            found = True
        case Call():
            found = any(_conditional(argument, rules, depth) for argument in node.arguments)
        case Subquery() | Negation() | Aggregation():
            found = _conditional(node.expr, rules, depth)
        case Binary():
            found = _conditional_join(node, rules, depth)
    return found


def _conditional_join(node: Binary, rules: Rules, depth: int) -> bool:
    left, right = _conditional(node.lhs, rules, depth), _conditional(node.rhs, rules, depth)
    if node.operator in COMPARISONS:
        return not node.returns_bool or left or right
    if node.operator is Operator.OR:
        return left and right
    if node.operator is Operator.AND:
        return left or right or bool(promql.selectors(node.rhs))
    return node.operator is Operator.UNLESS or left or right


CHECK = Check("L23", "no-comparison", Severity.ERROR, __doc__, rules=find)
