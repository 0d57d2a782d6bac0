"""A join that never matches.

Two vectors are joined (`and`, `/`, `>`, ...) on a label that only one side has, or that has another value on each
side. No pair of series ever agrees, the result is empty, and the alert is silent for ever; it also looks healthy for
ever. Burn alerts over two windows whose series carry the window as a label are the usual case.

A label counts as present where the expression says so: by `label="value"`, by `by (label)`, by the labels of the rule
that records a series, or by the inventory.

Bad:

```yaml
rules:
- record: slo:error:ratio_rate5m
  expr: sum by (slo) (rate(errors_total[5m])) / (sum by (slo) (rate(requests_total[5m])) > 0)
  labels: {window: 5m}
- record: slo:error:ratio_rate1h
  expr: sum by (slo) (rate(errors_total[1h])) / (sum by (slo) (rate(requests_total[1h])) > 0)
  labels: {window: 1h}
- alert: ErrorBudgetBurn
  expr: slo:error:ratio_rate1h > 0.0144 and slo:error:ratio_rate5m > 0.0144
```

Good:

```yaml
rules:
- record: slo:error:ratio_rate5m
  expr: sum by (slo) (rate(errors_total[5m])) / (sum by (slo) (rate(requests_total[5m])) > 0)
  labels: {window: 5m}
- record: slo:error:ratio_rate1h
  expr: sum by (slo) (rate(errors_total[1h])) / (sum by (slo) (rate(requests_total[1h])) > 0)
  labels: {window: 1h}
- alert: ErrorBudgetBurn
  expr: slo:error:ratio_rate1h > 0.0144 and on (slo) slo:error:ratio_rate5m > 0.0144
```
"""

from collections.abc import Iterator

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.rules import Asked, Rules
from watchkeeper.checks.values import Values, compared
from watchkeeper.problem import Severity
from watchkeeper.promql.functions import Type
from watchkeeper.promql.labels import impossible, type_of
from watchkeeper.promql.nodes import Binary, Operator
from watchkeeper.promql.places import named_labels
from watchkeeper.promql.rewrite import walk


def find(rules: Rules) -> Iterator[Finding]:
    values = Values(rules)
    for asked in rules.asked():
        told: set[int] = set()
        for problem in impossible(asked.node, rules.labels_of, trusting=True):
            if isinstance(problem.node, Binary) and id(problem.node) not in told:
                told.add(id(problem.node))
                yield _finding(asked, problem.node, problem.label, problem.reason)
        for part in walk(asked.node):
            if isinstance(part, Binary) and id(part) not in told:
                yield from _contradiction(asked, part, values)


def _contradiction(asked: Asked, join: Binary, values: Values) -> Iterator[Finding]:
    """One label with two values, on both sides of a join that compares it."""
    if join.operator is Operator.OR or not type_of(join.lhs) is type_of(join.rhs) is Type.VECTOR:
        return
    left, right = values.of(join.lhs), values.of(join.rhs)
    for label in sorted(left.keys() & right.keys()):
        if left[label] != right[label] and compared(join.matching, label):
            apart = f"`{left[label]}` on the left and `{right[label]}` on the right"
            reason = f"`{join.operator.value}` compares `{label}`, which is {apart}: nothing matches"
            yield _finding(asked, join, label, reason)
            return


def _finding(asked: Asked, join: Binary, label: str, reason: str) -> Finding:
    named = join.matching.on and label in named_labels(join)
    fix = f"leave `{label}` out of the join" if named else f"write `{join.operator.value} ignoring ({label})`"
    return Finding(
        asked.expr.at_label(join, label),
        f"{asked.rule.called}: {reason}",
        found=promql.render(join),
        allowed="sides that agree on every label they are joined on",
        fix=f"{fix}, or give both sides the same",
    )


CHECK = Check("L12", "never-matching-join", Severity.ERROR, __doc__, rules=find)
