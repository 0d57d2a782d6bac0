"""A bare zero beside groups.

`or vector(0)` after a result that has labels. `vector(0)` has none, so it replaces nothing: it comes as one more
series, without labels, whenever there are groups, too. An alert on `== 0` or `< 1` then fires for a service that does
not exist.

Fill each group with a zero of its own labels.

Bad:

```yaml
rules:
- record: queue:messages:rate5m
  expr: sum by (queue) (rate(messages_total{outcome="failed"}[5m])) or vector(0)
```

Good:

```yaml
rules:
- record: queue:messages:rate5m
  expr: sum by (queue) (rate(messages_total{outcome="failed"}[5m])) or 0 * sum by (queue) (rate(messages_total[5m]))
- record: messages:rate5m
  expr: sum(rate(messages_total{outcome="failed"}[5m])) or vector(0)
```
"""

from collections.abc import Iterator

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.events import scalar
from watchkeeper.checks.rules import Rules
from watchkeeper.problem import Severity
from watchkeeper.promql.labels import labels
from watchkeeper.promql.nodes import COMPARISONS, SET_OPERATORS, Aggregation, Binary, Call, Negation, Node, Operator
from watchkeeper.promql.rewrite import children


def find(rules: Rules) -> Iterator[Finding]:
    for asked in rules.asked():
        for part in _fills(asked.node):
            flow = labels(part.lhs, rules.labels_of, trusting=True)
            if flow.guaranteed or flow.open:
                groups = ", ".join(sorted(flow.guaranteed)) or "the labels of its series"
                yield Finding(
                    asked.expr.at(part.rhs),
                    f"{asked.rule.called}: a series without labels beside those with {groups}",
                    found=promql.render(part),
                    allowed="a zero with the labels of what it stands in for",
                    fix=f"write `or 0 * …` with an expression that has {groups}, or aggregate both away",
                )


def _fills(node: Node) -> Iterator[Binary]:
    """`x or vector(n)`, where no aggregation around it takes every label away."""
    if isinstance(node, Aggregation) and not node.grouping.labels and not node.grouping.without:
        return
    if isinstance(node, Binary) and node.operator is Operator.OR and _bare(node.rhs):
        yield node
    for child in children(node):
        yield from _fills(child)


def _bare(node: Node) -> bool:
    """Made of `vector(…)` and numbers alone."""
    match node:
        case Call(function="vector"):
            return True
        case Negation():
            return _bare(node.expr)
        case Binary() if node.operator not in COMPARISONS | SET_OPERATORS:
            return (_bare(node.lhs) and (_bare(node.rhs) or scalar(node.rhs))) or (scalar(node.lhs) and _bare(node.rhs))
        case _:
            return False


CHECK = Check("L10", "vector-under-grouping", Severity.WARNING, __doc__, rules=find)
