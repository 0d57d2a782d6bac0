"""The first event is not seen.

`increase` and `rate` compare samples. A series that comes into being with its first event begins at 1: there is no 0
before it, so its increase is 0, and an alert on the first event fires on the second. A client must expose every
combination of labels at 0 from its start; it can for labels with a list of values, and cannot where any value may come.

The inventory knows who exposes a metric, and which labels have a list. What is not known is not guessed.

Bad:

```yaml
metrics:
  unpriced_total: {type: counter, labels: [model], emitter: sdk}
rules:
- alert: ModelUnpriced
  expr: sum by (model) (increase(unpriced_total[1h])) > 0
```

Good:

```yaml
metrics:
  failures_total: {type: counter, labels: {cause: [timeout, refused]}, emitter: sdk}
  unpriced_total: {type: counter, labels: [model], emitter: sdk}
rules:
- alert: AnyFailure
  expr: sum by (cause) (increase(failures_total[1h])) > 0
- alert: ModelUnpriced
  expr: |-
    sum by (model) (increase(unpriced_total[1h])) > 0
    or sum by (model) (unpriced_total unless unpriced_total offset 1h) > 0
```
"""

from collections.abc import Iterator

from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.events import RATES, constant
from watchkeeper.checks.inventory import Family
from watchkeeper.checks.rules import Asked, Rules
from watchkeeper.problem import Severity
from watchkeeper.promql.nodes import SET_OPERATORS, Aggregation, Binary, Call, Node, Operator, Range, Selector
from watchkeeper.promql.rewrite import walk
from watchkeeper.spec.references import TARGET_LABELS
from watchkeeper.spec.wording import listed


def find(rules: Rules) -> Iterator[Finding]:
    for asked, _ in rules.alerts():
        births = _births(asked.node)
        for part in _conditions(asked.node):
            counter = _first_event(part)
            if counter is None or counter.name in births:
                continue
            family = rules.family(counter.name)
            lazy = _lazy(family, counter) if family is not None else []
            if lazy:
                yield _finding(asked, counter, lazy)


def _conditions(node: Node) -> Iterator[Node]:
    """What an alert asks; a comparison inside a sum or a divisor is another thing."""
    if isinstance(node, Binary) and node.operator in SET_OPERATORS:
        yield from _conditions(node.lhs)
        yield from _conditions(node.rhs)
    else:
        yield node


def _first_event(part: Node) -> Selector | None:
    """The counter of which one event is enough: `increase(…) > 0`."""
    if not isinstance(part, Binary) or part.operator is not Operator.GREATER or constant(part.rhs) != 0:
        return None
    inner = part.lhs
    while isinstance(inner, Aggregation):
        inner = inner.expr
    if isinstance(inner, Call) and inner.function in RATES and isinstance(inner.arguments[0], Range):
        return inner.arguments[0].selector
    return None


def _births(node: Node) -> set[str]:
    """Counters whose birth is asked for: `x unless x offset 1h`."""
    asked: set[str] = set()
    for part in walk(node):
        if isinstance(part, Binary) and part.operator is Operator.UNLESS:
            left, right = part.lhs, part.rhs
            if isinstance(left, Selector) and isinstance(right, Selector) and right.offset is not None:
                asked |= {left.name} & {right.name}
    return asked


def _lazy(family: Family, counter: Selector) -> list[str]:
    """Labels for which the client cannot begin at 0; whether others do is not known."""
    if not family.starts_at_zero or family.labels is None:
        return []
    fixed = {matcher.label for matcher in counter.matchers}
    return [label for label, values in family.labels.items() if values is None and label not in TARGET_LABELS | fixed]


def _finding(asked: Asked, counter: Selector, lazy: list[str]) -> Finding:
    name = counter.name
    return Finding(
        asked.expr.at(counter),
        f"{asked.rule.called}: the first event of each {listed(lazy)} is not seen, because no 0 comes before it",
        found=f"`{name}` begins at 1 with a new {listed(lazy)}",
        allowed="series that begin at 0, or an expression that sees them begin",
        fix=f"add `or {name} unless {name} offset 1h`, or list the values of {listed(lazy)}",
    )


CHECK = Check("L43", "lazy-series", Severity.WARNING, __doc__, rules=find, needs_inventory=True)
