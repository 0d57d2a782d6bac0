"""A range shorter than four scrapes.

`rate` needs two samples in its range. With fewer than four scrapes in it, one late or failed scrape leaves it nothing
to compare: the result has holes, `for` starts again, and on Prometheus 3, whose ranges leave out their first moment, a
range of two scrapes has two samples at best.

Bad:

```yaml
metrics:
  requests_total: {type: counter, labels: [code], scrape: 15s}
rules:
- record: service:requests:rate30s
  expr: sum(rate(requests_total[30s]))
```

Good:

```yaml
metrics:
  requests_total: {type: counter, labels: [code], scrape: 15s}
rules:
- record: service:requests:rate1m
  expr: sum(rate(requests_total[1m]))
```
"""

from collections.abc import Iterator

from watchkeeper import promql
from watchkeeper.budget import MIN_SCRAPES
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.rules import Rules
from watchkeeper.problem import Severity
from watchkeeper.promql.nodes import Call, Range
from watchkeeper.promql.rewrite import walk
from watchkeeper.quantity import Duration

_OF_TWO_SAMPLES = frozenset(
    {"changes", "delta", "deriv", "idelta", "increase", "irate", "predict_linear", "rate", "resets"}
)
"""Functions that compare samples with each other."""
_LEAST_SCRAPES = 2


def find(rules: Rules) -> Iterator[Finding]:
    for asked in rules.asked():
        for part in walk(asked.node):
            if not isinstance(part, Call) or part.function not in _OF_TWO_SAMPLES:
                continue
            range_ = part.arguments[0]
            interval = _interval(range_.selector.name, rules) if isinstance(range_, Range) else None
            if not isinstance(range_, Range) or interval is None or range_.duration >= interval * MIN_SCRAPES:
                continue
            yield Finding(
                asked.expr.at(part),
                f"{asked.rule.called}: `{part.function}` over {range_.duration}, with a sample every {interval}",
                found=promql.render(part),
                allowed=f"at least {interval * MIN_SCRAPES}, four samples",
                fix=f"write [{interval * MIN_SCRAPES}]",
                severity=Severity.ERROR if range_.duration < interval * _LEAST_SCRAPES else None,
            )


def _interval(series: str, rules: Rules) -> Duration | None:
    """How often a series gets a sample: by a scrape, or by the slowest group that records it."""
    recorded = rules.recorded.get(series, ())
    intervals = [asked.group.interval for asked in recorded if asked.group.interval is not None]
    if recorded:
        return max(intervals) if len(intervals) == len(recorded) else None
    family = rules.family(series)
    return None if family is None else family.scrape


CHECK = Check("L15", "short-range", Severity.WARNING, __doc__, rules=find, needs_inventory=True)
