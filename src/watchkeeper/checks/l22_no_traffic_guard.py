"""A share without a floor.

An alert compares a share of errors with a threshold, however few requests there are. At night, with three of them, one
failure is 33 %, and somebody is woken for it. At one request a minute and a target of 99.9 % every single error
crosses every burn rate there is.

Ask for a number of events, too: `and` more than a few failures in the window. `> 0` in the denominator keeps NaN away
and is no such floor.

Bad:

```yaml
rules:
- alert: ManyErrors
  expr: sum(rate(requests_total{code=~"5.."}[5m])) / sum(rate(requests_total[5m])) > 0.05
```

Good:

```yaml
rules:
- alert: ManyErrors
  expr: |-
    sum(rate(requests_total{code=~"5.."}[5m])) / sum(rate(requests_total[5m])) > 0.05
    and sum(increase(requests_total{code=~"5.."}[5m])) > 5
```
"""

from collections.abc import Iterator

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.events import constant, counts_events, ratio, read, scalar
from watchkeeper.checks.rules import Asked, Rules
from watchkeeper.problem import Severity
from watchkeeper.promql.nodes import COMPARISONS, Aggregation, Binary, Node, Operator
from watchkeeper.promql.rewrite import walk

_AT_LEAST = frozenset({Operator.GREATER, Operator.GREATER_EQUAL})


def find(rules: Rules) -> Iterator[Finding]:
    for asked, _ in rules.alerts():
        for part in _unguarded(asked.node, rules):
            yield _finding(asked, part)
            break


def _finding(asked: Asked, comparison: Binary) -> Finding:
    return Finding(
        asked.expr.at(comparison),
        f"{asked.rule.called}: one failure among few requests is enough to fire",
        found=promql.render(comparison),
        allowed="a share, and a number of events",
        fix="add `and sum(increase(…[5m])) > 5` with the bad events and the labels of the share",
    )


def _unguarded(node: Node, rules: Rules) -> Iterator[Binary]:
    """Comparisons of a share that nothing on the way up joins with a number of events."""
    if not isinstance(node, Binary):
        inner = node.expr if isinstance(node, Aggregation) else None
        if inner is not None:
            yield from _unguarded(inner, rules)
        return
    if node.operator is Operator.AND:
        if not any(_is_floor(part, rules) for part in (*walk(node.lhs), *walk(node.rhs))):
            yield from _unguarded(node.lhs, rules)
            yield from _unguarded(node.rhs, rules)
    elif node.operator is Operator.UNLESS:
        yield from _unguarded(node.lhs, rules)
    elif node.operator in COMPARISONS:
        if _compares_share(node, rules) and not any(_is_floor(part, rules) for part in walk(node)):
            yield node
    else:
        yield from _unguarded(node.lhs, rules)
        yield from _unguarded(node.rhs, rules)


def _compares_share(node: Binary, rules: Rules) -> bool:
    side = node.lhs if scalar(node.rhs) else node.rhs if scalar(node.lhs) else None
    share = None if side is None else ratio(side, rules)
    return share is not None and not _mean(share, rules)


def _mean(division: Binary, rules: Rules) -> bool:
    """A sum of measurements over their count: a mean, and no share."""
    return all(selector.name.endswith("_sum") for selector in read(division.lhs, rules))


def _is_floor(part: Node, rules: Rules) -> bool:
    """A comparison that asks for more than so many events; what is recorded elsewhere is taken for events."""
    if not isinstance(part, Binary) or part.operator not in _AT_LEAST:
        return False
    floor = constant(part.rhs)
    if floor is None or floor <= 0 or ratio(part.lhs, rules) is not None:
        return False
    unknown = any(name not in rules.recorded for name in promql.metrics(part.lhs))
    return counts_events(part.lhs, rules) or unknown


CHECK = Check("L22", "no-traffic-guard", Severity.WARNING, __doc__, rules=find)
