"""A threshold that is no bucket.

A histogram knows how many requests were faster than each of its bounds, and nothing between them. `le="2"` where no
bucket ends at 2 selects nothing: the objective has no errors, ever. A quantile is guessed inside the bucket it falls
into; above the highest finite bound it *is* that bound, so that a threshold at or beyond it is never exceeded.

Buckets come from the inventory.

Bad:

```yaml
metrics:
  request_duration_seconds: {type: histogram, labels: [method], buckets: [0.1, 0.5, 1, 2.5, 5]}
rules:
- alert: SlowRequests
  expr: histogram_quantile(0.95, sum by (le) (rate(request_duration_seconds_bucket[5m]))) > 10
```

Good:

```yaml
metrics:
  request_duration_seconds: {type: histogram, labels: [method], buckets: [0.1, 0.5, 1, 2.5, 5, 10, 60]}
rules:
- alert: SlowRequests
  expr: histogram_quantile(0.95, sum by (le) (rate(request_duration_seconds_bucket[5m]))) > 10
```
"""

from collections.abc import Iterator
from decimal import Decimal

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.events import constant
from watchkeeper.checks.inventory import Family
from watchkeeper.checks.rules import Asked, Rules
from watchkeeper.problem import Severity
from watchkeeper.promql.bounds import bounds_named
from watchkeeper.promql.nodes import COMPARISONS, Aggregation, Binary, Call, Node, Operator, Selector
from watchkeeper.promql.rewrite import walk
from watchkeeper.quantity import plain

_EXCEEDS = frozenset({Operator.GREATER, Operator.GREATER_EQUAL})
_MIRRORED = {Operator.LESS: Operator.GREATER, Operator.LESS_EQUAL: Operator.GREATER_EQUAL}


def find(rules: Rules) -> Iterator[Finding]:
    for asked in rules.asked():
        for part in walk(asked.node):
            if isinstance(part, Selector):
                yield from _selected(asked, part, rules)
            elif isinstance(part, Binary) and part.operator in COMPARISONS:
                yield from _compared(asked, part, rules)


def _buckets(selector: Selector, rules: Rules) -> Family | None:
    """The histogram whose buckets are read, where its bounds are known."""
    family = rules.family(selector.name) if selector.name.endswith("_bucket") else None
    return family if family is not None and family.buckets else None


def _selected(asked: Asked, selector: Selector, rules: Rules) -> Iterator[Finding]:
    family = _buckets(selector, rules)
    if family is None or family.buckets is None:
        return
    for matcher in selector.matchers:
        named = bounds_named(matcher)
        if named and not named & set(family.buckets):
            yield Finding(
                asked.expr.word(matcher.value) if matcher.value in asked.expr.text else asked.expr.at(selector),
                f"{asked.rule.called}: no bucket of `{family.name}` ends at {_listed(named)}, so nothing is selected",
                found=promql.render(selector),
                allowed=_listed(family.buckets),
                fix=f"write {_nearest(min(named), family.buckets)}, or add the bound to the histogram",
            )


def _compared(asked: Asked, comparison: Binary, rules: Rules) -> Iterator[Finding]:
    for side, other, operator in (
        (comparison.lhs, comparison.rhs, comparison.operator),
        (comparison.rhs, comparison.lhs, _MIRRORED.get(comparison.operator)),
    ):
        threshold, family = constant(other), _quantile(side, rules)
        if threshold is None or family is None or family.buckets is None or threshold in family.buckets[:-1]:
            continue
        top = family.buckets[-1]
        never = operator in _EXCEEDS and (threshold > top or (threshold == top and operator is Operator.GREATER))
        if never or threshold not in family.buckets:
            said = f"never more than {plain(top)}, the highest bound" if never else f"guessed around {plain(threshold)}"
            yield Finding(
                asked.expr.at(other),
                f"{asked.rule.called}: a quantile of `{family.name}` is {said}",
                found=promql.render(comparison),
                allowed=_listed(family.buckets),
                fix="add the threshold to the buckets, and one above it" if never else "add it to the buckets",
                severity=None if never else Severity.WARNING,
            )


def _quantile(node: Node, rules: Rules, depth: int = 12) -> Family | None:
    """The histogram of which a node is a quantile; recordings are followed."""
    match node:
        case Call(function="histogram_quantile"):
            return _one([_buckets(selector, rules) for selector in promql.selectors(node.arguments[1])])
        case Aggregation():
            return _quantile(node.expr, rules, depth)
        case Selector() if depth:
            return _one([_quantile(asked.node, rules, depth - 1) for asked in rules.recording(node)])
        case _:
            return None


def _one(families: list[Family | None]) -> Family | None:
    """The family that all are; None where they differ."""
    return families[0] if families and all(each is families[0] for each in families) else None


def _nearest(bound: Decimal, bounds: tuple[Decimal, ...]) -> str:
    return plain(min(bounds, key=lambda each: (abs(each - bound), each)))


def _listed(bounds: frozenset[Decimal] | tuple[Decimal, ...]) -> str:
    return ", ".join(plain(bound) for bound in sorted(bounds))


CHECK = Check("L18", "threshold-off-bucket", Severity.ERROR, __doc__, rules=find, needs_inventory=True)
