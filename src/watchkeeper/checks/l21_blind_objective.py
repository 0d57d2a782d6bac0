"""An objective that can go blind.

Alerts compare a recorded share of errors, and no alert says when its series are gone. A renamed metric, a lost scrape,
a relabelling that drops a label: the share has no value, no alert on it can fire, and the report says 100 %. Burn
alerts are known to have been dead for weeks like that.

One alert on the absence of what the share is made of, per objective.

Bad:

```yaml
rules:
- record: service:error:ratio_rate5m
  expr: sum(rate(requests_total{job="api",code=~"5.."}[5m])) / (sum(rate(requests_total{job="api"}[5m])) > 0)
- alert: ManyErrors
  expr: service:error:ratio_rate5m > 0.05
```

Good:

```yaml
rules:
- record: service:error:ratio_rate5m
  expr: sum(rate(requests_total{job="api",code=~"5.."}[5m])) / (sum(rate(requests_total{job="api"}[5m])) > 0)
- alert: ManyErrors
  expr: service:error:ratio_rate5m > 0.05
- alert: RequestsMissing
  expr: absent(requests_total{job="api"})
  for: 5m
```
"""

from collections.abc import Iterator
from dataclasses import replace

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.events import ratio, read
from watchkeeper.checks.rules import Asked, Rules, compatible
from watchkeeper.problem import Severity
from watchkeeper.promql.nodes import Call, Node, Selector
from watchkeeper.promql.rewrite import walk
from watchkeeper.spec.wording import listed


def find(rules: Rules) -> Iterator[Finding]:
    """Each set of series once, at the first alert that relies on it, and one for an alert."""
    watched = _watched(rules)
    told: set[frozenset[Selector]] = set()
    for asked, alert in rules.alerts():
        for part in walk(asked.node):
            if not isinstance(part, Selector) or not rules.recording(part) or ratio(part, rules) is None:
                continue
            made_of = frozenset(replace(selector, offset=None, at=None) for selector in read(part, rules))
            if any(compatible(selector, one) for selector in (*made_of, part) for one in watched):
                continue
            if not any(made_of & before for before in told):
                yield _finding(asked, alert.called, part, made_of)
            told.add(made_of)
            break


def _watched(rules: Rules) -> frozenset[Selector]:
    """Everything, recorded or at the bottom, whose absence an alert tells."""
    calls = [part for asked, _ in rules.alerts() for part in walk(asked.node) if _tells_absence(part)]
    named = {part for call in calls for part in walk(call) if isinstance(part, Selector)}
    return frozenset(named).union(*(read(selector, rules) for selector in named))


def _tells_absence(part: Node) -> bool:
    return isinstance(part, Call) and part.function in {"absent", "absent_over_time"}


def _finding(asked: Asked, called: str, ratio_: Selector, made_of: frozenset[Selector]) -> Finding:
    whole = min(made_of, key=lambda selector: (len(selector.matchers), promql.render(selector)), default=ratio_)
    return Finding(
        asked.expr.at(ratio_),
        f"{called}: nobody is told when `{ratio_.name}` has no value",
        found=f"made of {listed({selector.name for selector in made_of})}, whose absence no alert tells",
        allowed="an alert on its absence, one for each objective",
        fix=f"add an alert on `absent({promql.render(whole)})` with `for: 5m`",
    )


CHECK = Check("L21", "blind-objective", Severity.WARNING, __doc__, rules=find)
