"""A fill that collides.

`a or b` in a rule that gives its results a label which `b` has already and `a` has not. The two do not match, so both
come through; then the rule writes its label onto `a`, and there are two results with the same labels. Prometheus
refuses the whole evaluation: *vector contains metrics with the same labelset after applying rule labels*. With
recorded series this shows only when the first error appears.

Fill with the expression the series was recorded from, aggregate its label away, or leave it out of the matching:
`or on (...)` drops from `b` what `a` has already.

Bad:

```yaml
rules:
- record: slo:sli_total:rate5m
  expr: sum(rate(requests_total[5m]))
  labels: {slo: availability}
- record: slo:sli_errors:rate5m
  expr: sum(rate(requests_total{code=~"5.."}[5m])) or 0 * slo:sli_total:rate5m{slo="availability"}
  labels: {slo: availability}
```

Good:

```yaml
rules:
- record: slo:sli_total:rate5m
  expr: sum(rate(requests_total[5m]))
  labels: {slo: availability}
- record: slo:sli_errors:rate5m
  expr: sum(rate(requests_total{code=~"5.."}[5m])) or 0 * sum(rate(requests_total[5m]))
  labels: {slo: availability}
```
"""

from collections.abc import Iterator

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.rules import Rules
from watchkeeper.problem import Severity
from watchkeeper.promql.labels import labels
from watchkeeper.promql.nodes import Aggregation, Binary, Matching, Node, Operator
from watchkeeper.promql.rewrite import children
from watchkeeper.spec.wording import listed


def find(rules: Rules) -> Iterator[Finding]:
    for asked in rules.asked():
        written = asked.rule.fixed_labels.keys()
        for part in _alternatives(asked.node):
            left, right = (labels(side, rules.labels_of, trusting=True) for side in (part.lhs, part.rhs))
            apart = left.missing_in(right) | right.missing_in(left)
            if apart and apart <= written and any(_matched(label, part.matching) for label in apart):
                yield Finding(
                    asked.expr.at(part),
                    f"{asked.rule.called}: both sides of `or` become the same series, and the evaluation fails",
                    found=f"only one side has {listed(apart)}, which the rule writes onto both",
                    allowed="two sides with the same labels",
                    fix=f"fill with the expression behind `{promql.render(part.rhs)}`, or match by `on`",
                )


def _matched(label: str, matching: Matching) -> bool:
    return (label in matching.labels) is matching.on


def _alternatives(node: Node) -> Iterator[Binary]:
    """Every `or` whose results leave the expression with their labels."""
    if isinstance(node, Aggregation):
        return
    if isinstance(node, Binary) and node.operator is Operator.OR:
        yield node
    for child in children(node):
        yield from _alternatives(child)


CHECK = Check("L11", "duplicate-fill", Severity.ERROR, __doc__, rules=find)
