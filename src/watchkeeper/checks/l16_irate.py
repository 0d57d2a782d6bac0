"""Instant rates in rules.

`irate` looks at the last two samples and at nothing between them. An evaluation every 30 seconds of samples every 15
sees half of what happened, one slow scrape makes a spike, and a `for` starts again with each. It is for eyes on a
graph.

Bad:

```yaml
rules:
- alert: ManyErrors
  expr: sum(irate(errors_total[5m])) > 5
```

Good:

```yaml
rules:
- alert: ManyErrors
  expr: sum(rate(errors_total[5m])) > 5
```
"""

from collections.abc import Iterator

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.rules import Rules
from watchkeeper.problem import Severity
from watchkeeper.promql.nodes import Call
from watchkeeper.promql.rewrite import walk


def find(rules: Rules) -> Iterator[Finding]:
    for asked in rules.asked():
        for part in walk(asked.node):
            if isinstance(part, Call) and part.function == "irate":
                yield Finding(
                    asked.expr.at(part),
                    f"{asked.rule.called}: `irate` sees two samples of each evaluation and nothing between",
                    found=promql.render(part),
                    allowed="a rate over the whole range",
                    fix="write `rate`",
                )


CHECK = Check("L16", "irate", Severity.WARNING, __doc__, rules=find)
