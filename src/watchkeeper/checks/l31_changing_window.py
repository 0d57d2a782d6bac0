"""An alert whose labels say which window crossed.

Series over several windows that carry the window as a label give an alert of several windows that label, too. While an
incident lasts, now one window is beyond its threshold and now another: each change resolves one alert and begins
another, and the person on call is told of both.

Aggregate the label away before the windows meet: `max without (window) (…)`.

Bad:

```yaml
rules:
- record: slo:error:ratio
  expr: sum(rate(errors_total[5m])) / (sum(rate(requests_total[5m])) > 0)
  labels: {window: 5m}
- record: slo:error:ratio
  expr: sum(rate(errors_total[1h])) / (sum(rate(requests_total[1h])) > 0)
  labels: {window: 1h}
- alert: ErrorBudgetBurn
  expr: slo:error:ratio{window="5m"} > 0.1 or slo:error:ratio{window="1h"} > 0.02
```

Good:

```yaml
rules:
- record: slo:error:ratio
  expr: sum(rate(errors_total[5m])) / (sum(rate(requests_total[5m])) > 0)
  labels: {window: 5m}
- record: slo:error:ratio
  expr: sum(rate(errors_total[1h])) / (sum(rate(requests_total[1h])) > 0)
  labels: {window: 1h}
- alert: ErrorBudgetBurn
  expr: |-
    max without (window) (slo:error:ratio{window="5m"}) > 0.1
    or max without (window) (slo:error:ratio{window="1h"}) > 0.02
```
"""

from collections.abc import Iterator

from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.rules import Asked, Rules
from watchkeeper.checks.subject import Alerting
from watchkeeper.checks.values import Values
from watchkeeper.problem import Severity
from watchkeeper.promql.functions import Type
from watchkeeper.promql.labels import type_of
from watchkeeper.promql.nodes import Binary, Node, Operator, Selector
from watchkeeper.spec.wording import listed


def find(rules: Rules) -> Iterator[Finding]:
    values = Values(rules)
    for asked, alert in rules.alerts():
        yield from _ors(asked, alert, asked.node, values)
        yield from _unselected(asked, alert, asked.node, rules)


def _survivors(node: Node) -> Iterator[Node]:
    """The parts whose labels become those of the alert."""
    yield node
    if not isinstance(node, Binary):
        return
    scalars = [type_of(side) is not Type.VECTOR for side in (node.lhs, node.rhs)]
    if not scalars[0]:
        yield from _survivors(node.lhs)
    if not scalars[1] and (scalars[0] or node.operator is Operator.OR):
        yield from _survivors(node.rhs)


def _ors(asked: Asked, alert: Alerting, root: Node, values: Values) -> Iterator[Finding]:
    """Alternatives that one label tells apart."""
    for part in _survivors(root):
        if not isinstance(part, Binary) or part.operator is not Operator.OR:
            continue
        left, right = values.of(part.lhs), values.of(part.rhs)
        for label in sorted(left.keys() & right.keys() - alert.fixed_labels.keys()):
            if left[label] != right[label]:
                yield _finding(asked, alert, part, label, {left[label], right[label]})


def _unselected(asked: Asked, alert: Alerting, root: Node, rules: Rules) -> Iterator[Finding]:
    """A series over several windows, of which none is asked for."""
    for part in _survivors(root):
        if not isinstance(part, Selector):
            continue
        recorded = [made.rule.fixed_labels for made in rules.recording(part)]
        for label in sorted({label for fixed in recorded for label in fixed if _is_window(label)}):
            windows = {fixed.get(label, "") for fixed in recorded}
            if len(windows) > 1 and label not in alert.fixed_labels:
                yield _finding(asked, alert, part, label, windows)


def _is_window(label: str) -> bool:
    return label == "window" or label.endswith("_window")


def _finding(asked: Asked, alert: Alerting, part: Node, label: str, windows: set[str]) -> Finding:
    return Finding(
        asked.expr.at(part),
        f"{alert.called} begins anew whenever another `{label}` crosses",
        found=f"{label}: {listed(windows)}",
        allowed="labels that stay while the alert fires",
        fix=f"write `max without ({label}) (…)` around each side",
    )


CHECK = Check("L31", "changing-window", Severity.WARNING, __doc__, rules=find)
