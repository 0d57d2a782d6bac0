"""An alert that is a report or an event.

"A new version was deployed", "the daily costs", "it scaled up": nothing is wrong and nobody has to do anything. Sent to
people, such messages teach them to look away.

An event belongs into a chart, as an annotation; a report into mail at its hour. As an alert of severity `info`, which
notifies nobody, it is fine. Found are alerts on `changes(…) > 0` and on the hour or the day alone, and those whose
names say it.

Bad:

```yaml
rules:
- alert: NewVersionDeployed
  expr: changes(build_info[5m]) > 0
  labels: {severity: warning}
```

Good:

```yaml
rules:
- alert: NewVersionDeployed
  expr: changes(build_info[5m]) > 0
  labels: {severity: info}
- alert: Restarting
  expr: changes(process_start_time_seconds[1h]) > 3
  labels: {severity: warning}
```
"""

import re
from collections.abc import Iterator

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.events import constant
from watchkeeper.checks.rules import Asked, Rules
from watchkeeper.checks.subject import Alerting
from watchkeeper.problem import Severity
from watchkeeper.promql.nodes import COMPARISONS, Aggregation, Binary, Call, Node, Operator
from watchkeeper.promql.rewrite import walk

_CALENDAR = frozenset(
    {"day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute", "month", "year"}
)
_NAMED = re.compile(r"(?:Daily|Weekly|Monthly)[A-Z]\w*|\w*(?:Report|Summary|Deployed)")
_NOTIFY_NOBODY = frozenset({"info", "none"})


def find(rules: Rules) -> Iterator[Finding]:
    for asked, alert in rules.alerts():
        if alert.fixed_labels.get("severity") in _NOTIFY_NOBODY:
            continue
        why = _why(asked, alert)
        if why:
            yield Finding(
                alert.name.whole,
                f"{alert.called} {why}: nothing is wrong, and nobody has to do anything",
                found=promql.render(asked.node),
                allowed="alerts that somebody must act on; severity info for what is only shown",
                fix="write `severity: info`, or make it a report or an annotation",
            )


def _why(asked: Asked, alert: Alerting) -> str:
    if _NAMED.fullmatch(alert.name.text):
        return "is named like a report or an event"
    if _happened(asked.node):
        return "tells that something has changed"
    return "fires by the calendar" if _by_calendar(asked.node) else ""


def _happened(node: Node) -> bool:
    """`changes(…) > 0`: once is enough."""
    if not isinstance(node, Binary) or node.operator not in COMPARISONS:
        return False
    inner = node.lhs
    while isinstance(inner, Aggregation):
        inner = inner.expr
    least = {Operator.GREATER: 0, Operator.NOT_EQUAL: 0, Operator.GREATER_EQUAL: 1}.get(node.operator)
    changes = isinstance(inner, Call) and inner.function == "changes"
    return changes and least is not None and constant(node.rhs) == least


def _by_calendar(node: Node) -> bool:
    """Every condition speaks of the calendar, and there is one."""
    conditions = [part for part in walk(node) if isinstance(part, Binary) and part.operator in COMPARISONS]
    return bool(conditions) and all(_asks_calendar(part.lhs) or _asks_calendar(part.rhs) for part in conditions)


def _asks_calendar(node: Node) -> bool:
    return any(isinstance(part, Call) and part.function in _CALENDAR for part in walk(node))


CHECK = Check("L41", "alert-as-report", Severity.WARNING, __doc__, rules=find)
