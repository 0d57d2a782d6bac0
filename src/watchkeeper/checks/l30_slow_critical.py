"""A critical alert that waits.

`for` adds to the time until somebody is told, second by second: with `for: 5m` a critical alert comes after five
minutes at the soonest, whatever else is fast. Where critical incidents are to be found within two minutes, as the
objectives of the shipped pack say, such an alert can only confirm what another one has found.

An alert that looks over a window debounces by itself. A slow critical alert is no finding when a faster critical one
reads one of the same metrics. Critical is severity `critical` or `page`.

Bad:

```yaml
rules:
- alert: ManyErrors
  expr: sum(rate(errors_total[5m])) > 10
  for: 5m
  labels: {severity: critical}
```

Good:

```yaml
rules:
- alert: ManyErrors
  expr: sum(rate(errors_total[5m])) > 10
  for: 5m
  labels: {severity: critical}
- alert: Outage
  expr: sum(rate(errors_total[1m])) > 100
  labels: {severity: critical}
```
"""

from collections.abc import Iterator

from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.events import read
from watchkeeper.checks.rules import Asked, Rules
from watchkeeper.checks.subject import Alerting
from watchkeeper.problem import Severity
from watchkeeper.quantity import Duration

FOUND_WITHIN = Duration.of(minutes=2)
"""The time within which critical incidents are to be found (docs/decisions/detection-before-confirmation.md)."""
_CRITICAL = frozenset({"critical", "page"})


def find(rules: Rules) -> Iterator[Finding]:
    critical = [each for each in rules.alerts() if each[1].fixed_labels.get("severity") in _CRITICAL]
    fast = {name for asked, alert in critical if alert.for_ < FOUND_WITHIN for name in _names(asked, rules)}
    for asked, alert in critical:
        if alert.for_ >= FOUND_WITHIN and not _names(asked, rules) & fast:
            yield _finding(alert)


def _names(asked: Asked, rules: Rules) -> set[str]:
    return {selector.name for selector in read(asked.node, rules)}


def _finding(alert: Alerting) -> Finding:
    return Finding(
        alert.for_span,
        f"{alert.called} is critical, comes after {alert.for_} at the soonest, and no faster one looks at the same",
        found=f"for: {alert.for_}",
        allowed=f"less than {FOUND_WITHIN}, or a faster critical alert beside it",
        fix="look over a window instead of waiting, or call it `high`",
    )


CHECK = Check("L30", "slow-critical", Severity.INFO, __doc__, rules=find)
