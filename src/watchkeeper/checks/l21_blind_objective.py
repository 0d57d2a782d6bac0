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

from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.events import ratio
from watchkeeper.checks.rules import Asked, Rules
from watchkeeper.problem import Severity
from watchkeeper.promql.nodes import Call, Node, Selector
from watchkeeper.promql.rewrite import walk
from watchkeeper.spec.wording import listed


def find(rules: Rules) -> Iterator[Finding]:
    """Each set of metrics once, at the first alert that relies on it."""
    watched = _watched(rules)
    told: set[frozenset[str]] = set()
    for asked, alert in rules.alerts():
        for part in walk(asked.node):
            if not isinstance(part, Selector) or not _recorded_ratio(part, rules):
                continue
            made_of = rules.roots(part)
            if made_of in told or (made_of | {part.name}) & watched:
                continue
            told.add(made_of)
            yield _finding(asked, alert.called, part, made_of)


def _recorded_ratio(selector: Selector, rules: Rules) -> bool:
    return selector.name in rules.recorded and ratio(selector, rules) is not None


def _watched(rules: Rules) -> frozenset[str]:
    """Every name, recorded or at the bottom, whose absence an alert tells."""
    calls = [part for asked, _ in rules.alerts() for part in walk(asked.node) if _tells_absence(part)]
    named = {part.name for call in calls for part in walk(call) if isinstance(part, Selector)}
    return frozenset(named).union(*(rules.roots(call) for call in calls))


def _tells_absence(part: Node) -> bool:
    return isinstance(part, Call) and part.function in {"absent", "absent_over_time"}


def _finding(asked: Asked, called: str, ratio_: Selector, made_of: frozenset[str]) -> Finding:
    metric = min(made_of, default=ratio_.name)
    return Finding(
        asked.expr.at(ratio_),
        f"{called}: nobody is told when `{ratio_.name}` has no value",
        found=f"made of {listed(made_of)}, whose absence no alert tells",
        allowed="an alert on its absence, one for each objective",
        fix=f"add an alert `absent({metric}{{…}})` with `for: 5m`",
    )


CHECK = Check("L21", "blind-objective", Severity.WARNING, __doc__, rules=find)
