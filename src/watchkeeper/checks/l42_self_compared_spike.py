"""A spike that is compared with itself.

"Half as much again as over the last day" with an average that reaches up to now counts the spike on both sides: the
longer it lasts, the more it is what is usual, and a spike of 24 hours is none at all. And half as much again as nearly
nothing is nearly nothing: at night three requests are a spike.

Let the average end before the spike can have begun (`offset`), and ask for a floor.

Bad:

```yaml
rules:
- alert: CostSpike
  expr: sum(rate(cost_usd_total[1h])) > 1.5 * sum(rate(cost_usd_total[1d]))
```

Good:

```yaml
rules:
- alert: CostSpike
  expr: |-
    sum(rate(cost_usd_total[1h])) > 1.5 * sum(rate(cost_usd_total[1d] offset 1h))
    and sum(increase(cost_usd_total[1h])) > 5
```
"""

from collections.abc import Iterator
from dataclasses import dataclass

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.events import constant
from watchkeeper.checks.rules import Asked, Rules
from watchkeeper.problem import Severity
from watchkeeper.promql.functions import Type
from watchkeeper.promql.labels import type_of
from watchkeeper.promql.nodes import COMPARISONS, Binary, Node, Operator, Range, Selector, Subquery
from watchkeeper.promql.rewrite import children, walk
from watchkeeper.quantity import Duration

_LONGER = 3
"""A usual value looks over at least so many times as long."""


@dataclass(frozen=True, slots=True)
class _Looks:
    """How a series is looked at."""

    over: Duration
    moved: bool
    matchers: frozenset[promql.Matcher]


def find(rules: Rules) -> Iterator[Finding]:
    for asked, _ in rules.alerts():
        for part in walk(asked.node):
            if isinstance(part, Binary) and part.operator in COMPARISONS | {Operator.DIV}:
                yield from _compared(asked, part)


def _compared(asked: Asked, comparison: Binary) -> Iterator[Finding]:
    if not type_of(comparison.lhs) is type_of(comparison.rhs) is Type.VECTOR:
        return
    left, right = _looks(comparison.lhs), _looks(comparison.rhs)
    for name in sorted(left.keys() & right.keys()):
        now, usual = sorted((left[name], right[name]), key=lambda each: each.over)
        if now.matchers != usual.matchers or now.over * _LONGER > usual.over or not usual.over:
            continue
        if not usual.moved:
            yield _includes_itself(asked, comparison, name, now, usual)
        if not _has_floor(asked.node, comparison):
            yield _without_floor(asked, comparison, name)
        return


def _looks(node: Node) -> dict[str, _Looks]:
    """Each series with the longest time it is looked over; ranges inside each other do not add up here."""
    match node:
        case Selector():
            return {node.name: _Looks(Duration.of(), node.offset is not None, frozenset(node.matchers))}
        case Range():
            return _over(_looks(node.selector), node.duration, moved=False)
        case Subquery():
            return _over(_looks(node.expr), node.duration, moved=node.offset is not None)
        case _:
            found: dict[str, _Looks] = {}
            for name, looks in (each for child in children(node) for each in _looks(child).items()):
                if name not in found or looks.over > found[name].over:
                    found[name] = looks
            return found


def _over(found: dict[str, _Looks], duration: Duration, *, moved: bool) -> dict[str, _Looks]:
    return {
        name: _Looks(max(looks.over, duration), looks.moved or moved, looks.matchers) for name, looks in found.items()
    }


def _has_floor(root: Node, comparison: Binary) -> bool:
    """Another condition with a number of its own, above zero: how many, how dear, how often."""
    for part in walk(root):
        if not isinstance(part, Binary) or part.operator not in {Operator.GREATER, Operator.GREATER_EQUAL}:
            continue
        floor = constant(part.rhs)
        itself = part is comparison or part.lhs is comparison
        if floor is not None and floor > 0 and not itself:
            return True
    return False


def _includes_itself(asked: Asked, comparison: Binary, name: str, now: _Looks, usual: _Looks) -> Finding:
    return Finding(
        asked.expr.at(comparison),
        f"{asked.rule.called}: what is usual for `{name}` includes the spike itself",
        found=f"{now.over or 'now'} against {usual.over} up to now",
        allowed="an average that ends before the spike",
        fix=f"write `offset {now.over or '1h'}` behind the longer range",
    )


def _without_floor(asked: Asked, comparison: Binary, name: str) -> Finding:
    return Finding(
        asked.expr.at(comparison),
        f"{asked.rule.called}: a multiple of nearly nothing is nearly nothing",
        found=promql.render(comparison),
        allowed="a multiple of what is usual, and a floor",
        fix=f"add `and sum(increase({name}[1h])) > …`",
    )


CHECK = Check("L42", "self-compared-spike", Severity.WARNING, __doc__, rules=find)
