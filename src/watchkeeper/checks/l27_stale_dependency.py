"""A recording that is read too late, in a circle, or that nobody makes.

Groups of rules begin at moments of their own: an alert that reads a series which another group records sees it as old
as that group's interval, and a chain over three groups was measured 46 s late. In one group rules run one after the
other, at one moment. Such a lag is a note, and not told below a hundredth of the window that the series looks over:
two minutes are nothing to 30 days. A recording that another recording reads, for panels say, is no matter either.

A rule that reads itself, through others perhaps, reads its own past. And a name such as `level:metric:operations` that
no rule records, and the inventory does not know, gives nothing.

Bad:

```yaml
groups:
- name: recordings
  interval: 30s
  rules:
  - record: service:errors:rate5m
    expr: sum(rate(errors_total[5m]))
- name: alerts
  interval: 30s
  rules:
  - alert: ManyErrors
    expr: service:errors:rate5m > 10
```

Good:

```yaml
groups:
- name: errors
  interval: 30s
  rules:
  - record: service:errors:rate5m
    expr: sum(rate(errors_total[5m]))
  - alert: ManyErrors
    expr: service:errors:rate5m > 10
```
"""

from collections.abc import Iterator

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.rules import Asked, Rules
from watchkeeper.problem import Severity
from watchkeeper.promql.nodes import Node, Range, Selector, Subquery
from watchkeeper.promql.rewrite import children
from watchkeeper.quantity import Duration
from watchkeeper.spec.wording import closest, listed

_USUAL_INTERVAL = Duration.of(minutes=1)
"""Prometheus' own, of a group that says nothing."""
_SMALL = 100
"""A lag of less than this part of a window changes nothing that anyone could see in it."""
_DEEPEST = 12
_NO_TIME = Duration.of()


def find(rules: Rules) -> Iterator[Finding]:
    for asked in rules.asked():
        yield from _unmade(asked, rules)
    for asked, _ in rules.recordings():
        yield from _circle(asked, rules)
    for asked, _ in rules.alerts():
        yield from _late(asked, rules)


def _unmade(asked: Asked, rules: Rules) -> Iterator[Finding]:
    for selector in promql.selectors(asked.node):
        name = selector.name
        if ":" not in name or name in rules.recorded or rules.inventory.knows(name) is not False:
            continue
        near = closest(name, rules.recorded)
        yield Finding(
            asked.expr.at(selector),
            f"{asked.rule.called}: no rule records `{name}`",
            found=name,
            allowed=near or listed(rules.recorded, limit=8),
            fix=f"write `{near}`" if near else "record it first",
        )


def _circle(asked: Asked, rules: Rules) -> Iterator[Finding]:
    """Told at each rule that is part of it."""
    for selector in promql.selectors(asked.node):
        if selector.offset is None and _leads_to(selector, asked, rules, _DEEPEST):
            direct = selector.name == asked.rule.name.text
            yield Finding(
                asked.expr.at(selector),
                f"{asked.rule.called} reads itself" + ("" if direct else f", through `{selector.name}`"),
                found=promql.render(selector),
                allowed="rules that read what others have made before them",
                fix="break the circle: read the metric that the series is made of",
            )


def _leads_to(selector: Selector, goal: Asked, rules: Rules, depth: int) -> bool:
    for made in rules.recording(selector):
        if made.expr is goal.expr:
            return True
        inner = (each for each in promql.selectors(made.node) if each.offset is None)
        if depth and any(_leads_to(each, goal, rules, depth - 1) for each in inner):
            return True
    return False


def _late(asked: Asked, rules: Rules) -> Iterator[Finding]:
    told: set[str] = set()
    for selector, over in _looked_at(asked.node):
        made = next(_elsewhere(selector, over, asked, rules, _DEEPEST), None)
        if made is None or selector.name in told:
            continue
        told.add(selector.name)
        lag = _interval(made)
        through = "" if made.rule.name.text == selector.name else f" through `{made.rule.name.text}`"
        yield Finding(
            asked.expr.at(selector),
            f"{asked.rule.called}: `{selector.name}` may be {lag} old{through}: another group records it",
            found=f"group `{made.group.name.text}`, every {lag}",
            allowed=f"a recording in the same group, `{asked.group.name.text}`, before the alert",
            fix="move the alert into that group, behind the recording",
            severity=Severity.INFO,
        )


def _looked_at(node: Node, over: Duration = _NO_TIME) -> Iterator[tuple[Selector, Duration]]:
    """Every selector with the longest time over which it is looked at."""
    match node:
        case Selector():
            yield node, over
        case Range():
            yield node.selector, max(over, node.duration)
        case Subquery():
            yield from _looked_at(node.expr, max(over, node.duration))
        case _:
            for child in children(node):
                yield from _looked_at(child, over)


def _elsewhere(selector: Selector, over: Duration, asked: Asked, rules: Rules, depth: int) -> Iterator[Asked]:
    """Recordings of other groups, on the way from an alert to metrics, whose lag shows."""
    for made in rules.recording(selector):
        if made.group is not asked.group:
            if _interval(made) * _SMALL > max(over, _window(made, rules, _DEEPEST)):
                yield made
        elif depth:
            for inner, inner_over in _looked_at(made.node):
                yield from _elsewhere(inner, max(over, inner_over), asked, rules, depth - 1)


def _interval(asked: Asked) -> Duration:
    return asked.group.interval or _USUAL_INTERVAL


def _window(asked: Asked, rules: Rules, depth: int) -> Duration:
    """The longest time that a recording looks over; recordings it reads look over theirs."""
    found = [part.duration for part in promql.ranges(asked.node)]
    for selector in promql.selectors(asked.node) if depth else ():
        found += [_window(made, rules, depth - 1) for made in rules.recording(selector) if made.expr is not asked.expr]
    return max(found, default=_NO_TIME)


CHECK = Check("L27", "stale-dependency", Severity.ERROR, __doc__, rules=find, needs_inventory=True)
