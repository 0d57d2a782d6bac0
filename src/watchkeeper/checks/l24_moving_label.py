"""A label that changes while an alert fires.

An alert is its labels. A label made of the value, of the time or of the answer to a query is another one at the next
evaluation: the old alert resolves, a new one begins, `for` starts again, and people are told of each.

What changes belongs into annotations.

Bad:

```yaml
rules:
- alert: QueueLong
  expr: max by (queue) (queue_length) > 1000
  labels: {severity: warning, length: "{{ $value }}"}
```

Good:

```yaml
rules:
- alert: QueueLong
  expr: max by (queue) (queue_length) > 1000
  labels: {severity: warning, team: "{{ $labels.queue }}"}
  annotations: {description: "{{ $value | humanize }} messages wait"}
```
"""

from collections.abc import Iterator

from watchkeeper.checks import templates
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.rules import Rules
from watchkeeper.problem import Severity


def find(rules: Rules) -> Iterator[Finding]:
    for alert in rules.alerting():
        for pair in alert.labels:
            moving = (action.reads_value for action in templates.read(pair.value.text).actions)
            token = next((each for each in moving if each is not None), None)
            if token is not None:
                yield Finding(
                    pair.value.part(token.position, len(token.text)),
                    f"{alert.called}: label `{pair.name}` changes from evaluation to evaluation",
                    found=pair.value.text,
                    allowed="labels that stay while the alert fires",
                    fix="move it to the annotations",
                )


CHECK = Check("L24", "moving-label", Severity.ERROR, __doc__, rules=find)
