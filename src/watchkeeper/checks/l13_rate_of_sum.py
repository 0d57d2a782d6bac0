"""A rate of a sum.

`rate`, `irate` or `increase` of something that was summed over series first. When one process restarts, its counter
falls to zero and so does a part of the sum; `rate` takes the fall for a restart of the whole, and adds everything the
others ever counted as if it had happened just now.

Take the rate of each series, then the sum.

Bad:

```yaml
rules:
- record: service:requests:sum
  expr: sum(requests_total)
- record: service:requests:rate5m
  expr: rate(service:requests:sum[5m])
```

Good:

```yaml
rules:
- record: service:requests:rate5m
  expr: sum(rate(requests_total[5m]))
```
"""

from collections.abc import Iterator

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.events import RATES
from watchkeeper.checks.rules import Rules
from watchkeeper.problem import Severity
from watchkeeper.promql.nodes import Aggregate, Aggregation, Call, Node, Range, Subquery
from watchkeeper.promql.rewrite import walk

_ADDING = frozenset({Aggregate.SUM, Aggregate.AVG, Aggregate.MIN, Aggregate.MAX})


def find(rules: Rules) -> Iterator[Finding]:
    for asked in rules.asked():
        for part in walk(asked.node):
            if isinstance(part, Call) and part.function in RATES and _adds(part.arguments[0], rules):
                yield Finding(
                    asked.expr.at(part),
                    f"{asked.rule.called}: `{part.function}` of a sum takes one restart for a restart of all",
                    found=promql.render(part),
                    allowed="the rate of each series, then the sum",
                    fix=f"write `sum({part.function}(…))` over the counters themselves",
                )


def _adds(argument: Node, rules: Rules) -> bool:
    match argument:
        case Subquery():
            return _adds_up(argument.expr)
        case Range():
            recorded = rules.recording(argument.selector)
            return any(_adds_up(asked.node) for asked in recorded)
        case _:
            return False


def _adds_up(node: Node) -> bool:
    """Whether counters are added as they are; a sum of rates or of counts of series is no counter."""
    rated = any(isinstance(part, Call) and part.function in RATES for part in walk(node))
    return not rated and any(isinstance(part, Aggregation) and part.operator in _ADDING for part in walk(node))


CHECK = Check("L13", "rate-of-sum", Severity.ERROR, __doc__, rules=find)
