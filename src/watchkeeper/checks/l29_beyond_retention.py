"""A question about samples that are gone.

A range or an offset that reaches further back than samples are kept asks for what is not there any more. It is no
error: a budget over 30 days with a retention of 15, Prometheus' own default, is quietly one over 15, and reports twice
what is left.

How long is in the inventory: `retention` of each metric. Recorded series live as long as whatever lives longest.

Bad:

```yaml
metrics:
  requests_total: {type: counter, labels: [code], retention: 15d}
rules:
- record: service:requests:increase30d
  expr: sum(increase(requests_total[30d]))
```

Good:

```yaml
metrics:
  requests_total: {type: counter, labels: [code], retention: 90d}
rules:
- record: service:requests:increase30d
  expr: sum(increase(requests_total[30d]))
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


def find(rules: Rules) -> Iterator[Finding]:
    for asked in rules.asked():
        for selector, back in _reaches(asked.node, Duration.of()):
            kept = _retention(selector.name, rules)
            if kept is not None and back > kept:
                yield _finding(asked, selector, back, kept)


def _reaches(node: Node, above: Duration) -> Iterator[tuple[Selector, Duration]]:
    """Every selector, and how far back it asks: ranges and offsets inside each other add up."""
    match node:
        case Selector():
            yield node, above + _earlier(node)
        case Range():
            yield node.selector, above + node.duration + _earlier(node.selector)
        case Subquery():
            yield from _reaches(node.expr, above + node.duration + _earlier(node))
        case _:
            for child in children(node):
                yield from _reaches(child, above)


def _earlier(node: Selector | Subquery) -> Duration:
    return node.offset if isinstance(node.offset, Duration) else Duration.of()


def _retention(series: str, rules: Rules) -> Duration | None:
    if series in rules.recorded:
        return rules.inventory.retention
    family = rules.family(series)
    return None if family is None else family.retention


def _finding(asked: Asked, selector: Selector, back: Duration, kept: Duration) -> Finding:
    return Finding(
        asked.expr.at(selector),
        f"{asked.rule.called}: `{selector.name}` is asked for {back} and kept for {kept}",
        found=promql.render(asked.node),
        allowed=f"ranges and offsets up to {kept}",
        fix=f"keep it for at least {back}, or ask for less",
    )


CHECK = Check("L29", "beyond-retention", Severity.ERROR, __doc__, rules=find, needs_inventory=True)
