"""An interval that leaves holes, or a `for` that it does not measure.

Prometheus looks back five minutes for the last sample of a series. A group that runs every five minutes leaves its
series flapping; one that runs every three leaves a hole after a single missed evaluation, so two and a half minutes
are the most. A `for` shorter than the interval, or no multiple of it, waits for the next evaluation all the same, and
says something else than what happens. `keep_firing_for` shorter than the interval never helps.

The intervals of definitions are refused above that length.

Bad:

```yaml
groups:
- name: slow
  interval: 5m
  rules:
  - record: service:requests:rate1d
    expr: sum(rate(requests_total[1d]))
```

Good:

```yaml
groups:
- name: slow
  interval: 2m
  rules:
  - record: service:requests:rate1d
    expr: sum(rate(requests_total[1d]))
  - alert: NoRequests
    expr: service:requests:rate1d == 0
    for: 4m
```
"""

from collections.abc import Iterator

from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.rules import Rules
from watchkeeper.checks.subject import Alerting, Group
from watchkeeper.problem import Severity
from watchkeeper.quantity import Duration
from watchkeeper.spec.intervals import LONGEST, LOOKBACK


def find(rules: Rules) -> Iterator[Finding]:
    for file in rules.files:
        for group in file.groups:
            if group.interval is None:
                continue
            if group.interval > LONGEST:
                yield _holes(group, group.interval)
            for rule in group.rules:
                if isinstance(rule, Alerting):
                    yield from _waits(rule, group.interval)


def _holes(group: Group, interval: Duration) -> Finding:
    always = interval >= LOOKBACK
    when = "after each evaluation" if always else "after one missed evaluation"
    return Finding(
        group.interval_span,
        f"group `{group.name.text}`: its series have holes {when}",
        found=f"every {interval}",
        allowed=f"up to {LONGEST}: Prometheus looks back {LOOKBACK}",
        fix="write `interval: 2m`",
        severity=Severity.ERROR if always else None,
    )


def _waits(alert: Alerting, interval: Duration) -> Iterator[Finding]:
    real = interval * -(-alert.for_.milliseconds // interval.milliseconds)
    if real != alert.for_:
        yield Finding(
            alert.for_span,
            f"{alert.called} waits for {real}: its group runs every {interval}",
            found=f"for: {alert.for_}",
            allowed=f"multiples of {interval}",
            fix=f"write `for: {real}`",
        )
    if alert.keep_firing_for and alert.keep_firing_for < interval:
        yield Finding(
            alert.name.whole,
            f"{alert.called}: `keep_firing_for` is over before the next evaluation",
            found=f"keep_firing_for: {alert.keep_firing_for}",
            allowed=f"at least {interval}, the interval of its group",
            fix=f"write `keep_firing_for: {interval * 2}`",
        )


CHECK = Check("L28", "odd-interval", Severity.WARNING, __doc__, rules=find, door=("bad-interval",))
