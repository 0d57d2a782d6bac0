"""Absence that is not waited for, or says nothing.

`absent` fires at the first evaluation that finds no series: one failed scrape, one restart of the server, and somebody
is woken. An alert on it needs a `for` of at least two scrapes, or `absent_over_time`, which brings its own time. And
`absent(sum(x))` loses the labels that `absent(x{job="a"})` gives its alert, so nobody is told what is missing.

Bad:

```yaml
rules:
- alert: ApiMissing
  expr: absent(up{job="api"})
```

Good:

```yaml
rules:
- alert: ApiMissing
  expr: absent(up{job="api"})
  for: 2m
- alert: ApiSilent
  expr: absent_over_time(requests_total{job="api"}[10m])
```
"""

from collections.abc import Iterator

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.rules import Asked, Rules
from watchkeeper.checks.subject import Alerting
from watchkeeper.problem import Severity
from watchkeeper.promql.nodes import Aggregation, Call, Selector
from watchkeeper.promql.rewrite import walk
from watchkeeper.quantity import Duration

_SCRAPES = 2
_USUAL = Duration.of(minutes=2)
"""What to wait where nobody knows the scrape: two of a minute, Prometheus' own default."""


def find(rules: Rules) -> Iterator[Finding]:
    for asked in rules.asked():
        for part in walk(asked.node):
            if isinstance(part, Call) and part.function in {"absent", "absent_over_time"}:
                if isinstance(asked.rule, Alerting) and part.function == "absent":
                    yield from _hasty(asked, asked.rule, part, rules)
                yield from _nameless(asked, part)


def _hasty(asked: Asked, alert: Alerting, call: Call, rules: Rules) -> Iterator[Finding]:
    scrape = _scrape(call, rules)
    least = _USUAL if scrape is None else scrape * _SCRAPES
    if alert.for_ >= least or (scrape is None and alert.for_):
        return
    yield Finding(
        alert.for_span if alert.for_ else asked.expr.at(call),
        f"{alert.called}: one failed scrape is enough to fire",
        found=f"for: {alert.for_}" if alert.for_ else "no `for`",
        allowed=f"for: {least} or longer" + ("" if scrape is None else f", two scrapes of {scrape}"),
        fix=f"add `for: {max(least, _USUAL)}`",
    )


def _scrape(call: Call, rules: Rules) -> Duration | None:
    families = [rules.family(selector.name) for selector in promql.selectors(call)]
    return max((each.scrape for each in families if each is not None and each.scrape is not None), default=None)


def _nameless(asked: Asked, call: Call) -> Iterator[Finding]:
    inner = call.arguments[0]
    if isinstance(inner, Aggregation):
        selector = next((part for part in walk(inner) if isinstance(part, Selector)), None)
        yield Finding(
            asked.expr.at(call),
            f"{asked.rule.called}: `absent` of an aggregation gives no labels: nobody is told what is missing",
            found=promql.render(call),
            allowed='absent of a plain selector with `label="value"`',
            fix=f"write `absent({promql.render(selector)})`" if selector else "name the series itself",
        )


CHECK = Check("L20", "absent", Severity.WARNING, __doc__, rules=find)
