"""Two rules for one series.

Two alerts with the same name and the same labels are one alert to Prometheus and Alertmanager: each overwrites what
the other remembers of its `for`, one resolves what the other has begun, and an inhibition cannot tell them apart. Two
recordings of one series fail: at run time, and only where their results meet.

Two rules may share a name when a label tells them apart: a stable one such as `tier`, or one that each expression
fixes to another value.

Bad:

```yaml
rules:
- alert: ErrorBudgetBurn
  expr: slo:sli_error:ratio_rate1h > 0.0144
  labels: {severity: critical}
- alert: ErrorBudgetBurn
  expr: slo:sli_error:ratio_rate6h > 0.006
  labels: {severity: critical}
```

Good:

```yaml
rules:
- alert: ErrorBudgetBurn
  expr: slo:sli_error:ratio_rate1h > 0.0144
  labels: {severity: critical, tier: critical}
- alert: ErrorBudgetBurn
  expr: slo:sli_error:ratio_rate6h > 0.006
  labels: {severity: high, tier: high}
```
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.rules import Asked, Rules
from watchkeeper.checks.subject import Alerting
from watchkeeper.checks.values import Values
from watchkeeper.problem import Severity

_Identity: TypeAlias = tuple[bool, str, tuple[tuple[str, str], ...]]


def find(rules: Rules) -> Iterator[Finding]:
    values = Values(rules)
    alike: dict[_Identity, list[Asked]] = defaultdict(list)
    for asked in rules.asked():
        fixed = {**values.of(asked.node), **asked.rule.fixed_labels}
        written = tuple(sorted((label, value) for label, value in fixed.items() if value))
        alike[isinstance(asked.rule, Alerting), asked.rule.name.text, written].append(asked)
    for same in alike.values():
        yield from _twins(same)


def _twins(same: Sequence[Asked]) -> Iterator[Finding]:
    """Each rule once, with the first before it that may give the same series."""
    for index, asked in enumerate(same):
        first = next((other for other in same[:index] if _meet(other, asked)), None)
        if first is not None:
            alert = isinstance(asked.rule, Alerting)
            yield Finding(
                asked.rule.name.whole,
                f"{asked.rule.called} has the same name and labels as another rule",
                found=f"the other stands at {first.rule.name.whole}",
                allowed="rules that a label tells apart",
                fix="add a label that differs, `tier` say, or join both with `or`"
                if alert
                else "remove one, or rename it",
            )


def _meet(one: Asked, other: Asked) -> bool:
    """Whether two expressions may give the same series: no label is selected in one way here and in another there."""
    left, right = _selected(one), _selected(other)
    return not any(left[label].isdisjoint(right[label]) for label in left.keys() & right.keys())


def _selected(asked: Asked) -> dict[str, set[tuple[str, str]]]:
    selected: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for selector in promql.selectors(asked.node):
        for matcher in selector.matchers:
            selected[matcher.label].add((matcher.operator.value, matcher.value))
    return selected


CHECK = Check("L25", "duplicate-rule", Severity.ERROR, __doc__, rules=find)
