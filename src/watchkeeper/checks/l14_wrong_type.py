"""A counter taken for a gauge, a gauge for a counter.

`rate` and `increase` take every fall for a restart, so of a gauge they make nonsense; `delta`, `deriv` and
`predict_linear` take a restart for a fall, so of a counter they do. A counter compared with a number says how long its
process has been running: it crosses any threshold in the end, and stays there. `> 0` alone is a question: has it ever
happened?

Types come from the inventory and from the rules that record a series. Without either, only a name that ends in
`_total` tells: by the conventions of Prometheus it is a counter's.

Bad:

```yaml
metrics:
  queue_depth: {type: gauge, labels: [queue]}
rules:
- alert: QueueGrows
  expr: rate(queue_depth[5m]) > 1
```

Good:

```yaml
metrics:
  queue_depth: {type: gauge, labels: [queue]}
rules:
- alert: QueueGrows
  expr: deriv(queue_depth[5m]) > 1
```
"""

from collections.abc import Iterator
from dataclasses import dataclass

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.events import RATES, constant, scalar
from watchkeeper.checks.rules import Asked, Rules
from watchkeeper.model import MetricType
from watchkeeper.problem import Severity
from watchkeeper.promql.nodes import COMPARISONS, Aggregate, Aggregation, Binary, Call, Node, Operator, Range, Selector
from watchkeeper.promql.rewrite import walk

_OF_COUNTERS = {"rate": "deriv", "irate": "deriv", "increase": "delta"}
"""What to take for a gauge instead."""
_OF_GAUGES = {"delta": "increase", "idelta": "increase", "deriv": "rate", "predict_linear": "rate"}
"""What to take for a counter instead."""
_STILL_COUNTERS = frozenset({Aggregate.SUM, Aggregate.MIN, Aggregate.MAX, Aggregate.AVG})
_OF_TWO = frozenset({Operator.DIV, Operator.SUB})
"""Operations that make of two counters none; times 8 a counter stays one."""


@dataclass(frozen=True, slots=True)
class _Type:
    kind: MetricType
    by_name: bool = False
    """Nothing but its name tells."""


def find(rules: Rules) -> Iterator[Finding]:
    for asked in rules.asked():
        for part in walk(asked.node):
            if isinstance(part, Call) and part.arguments and isinstance(part.arguments[0], Range):
                yield from _function(asked, part, part.arguments[0].selector, rules)
    for asked, _ in rules.alerts():
        for part in walk(asked.node):
            if isinstance(part, Binary) and part.operator in COMPARISONS:
                yield from _threshold(asked, part, rules)


def _type(selector: Selector, rules: Rules) -> _Type | None:
    kind = rules.kind(selector.name) or _recorded(selector, rules)
    if kind is not None:
        return _Type(kind)
    unknown = rules.family(selector.name) is None and selector.name not in rules.recorded
    return _Type(MetricType.COUNTER, by_name=True) if unknown and selector.name.endswith("_total") else None


def _recorded(selector: Selector, rules: Rules) -> MetricType | None:
    """Rates and quotients are gauges; what else a recorded series may be, L13 and its own rule tell."""
    recorded = rules.recording(selector)
    return MetricType.GAUGE if recorded and all(_is_gauge(asked.node) for asked in recorded) else None


def _is_gauge(node: Node) -> bool:
    return any(
        (isinstance(part, Call) and part.function in RATES)
        or (isinstance(part, Binary) and part.operator in _OF_TWO and not (scalar(part.lhs) or scalar(part.rhs)))
        for part in walk(node)
    )


def _function(asked: Asked, call: Call, selector: Selector, rules: Rules) -> Iterator[Finding]:
    found = _type(selector, rules)
    if found is None:
        return
    gauge = found.kind is MetricType.GAUGE
    instead = (_OF_COUNTERS if gauge else _OF_GAUGES).get(call.function)
    if instead is not None:
        slip = "a gauge: each fall counts as a restart" if gauge else "a counter: each restart counts as a fall"
        yield Finding(
            asked.expr.at(call),
            f"{asked.rule.called}: `{call.function}` of `{selector.name}`, {slip}",
            found=promql.render(call),
            allowed=f"{', '.join(sorted(_OF_GAUGES if gauge else _OF_COUNTERS))} of a {found.kind}",
            fix=f"write `{instead}`",
            severity=Severity.WARNING if found.by_name else None,
        )


def _threshold(asked: Asked, comparison: Binary, rules: Rules) -> Iterator[Finding]:
    for side, other in ((comparison.lhs, comparison.rhs), (comparison.rhs, comparison.lhs)):
        counter = _bare(side)
        found = _type(counter, rules) if counter is not None else None
        if counter is None or found is None or found.kind is not MetricType.COUNTER or not constant(other):
            continue
        yield Finding(
            asked.expr.at(counter),
            f"{asked.rule.called}: `{counter.name}` is a counter, which grows until its process restarts",
            found=promql.render(comparison),
            allowed="how fast it grows",
            fix=f"compare `rate({counter.name}[5m])` or `increase({counter.name}[5m])`",
            severity=Severity.WARNING if found.by_name else None,
        )


def _bare(node: Node) -> Selector | None:
    """The counter that a side is, aggregated at most."""
    while isinstance(node, Aggregation) and node.operator in _STILL_COUNTERS:
        node = node.expr
    return node if isinstance(node, Selector) else None


CHECK = Check("L14", "wrong-type", Severity.ERROR, __doc__, rules=find, needs_inventory=True)
