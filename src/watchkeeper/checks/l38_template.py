"""A text that cannot be made, or that nobody can read.

Prometheus refuses a rule file when one template does not parse: an action that is not closed, a function that does not
exist, an `if` without its `end`. A value printed as it comes reads 0.06666666666666667.

Format a value that is divided, averaged or a rate: `humanizePercentage`, `humanizeDuration`, `humanize`, `printf`. A
plain count needs none.

Bad:

```yaml
rules:
- alert: ManyErrors
  expr: sum(rate(requests_total{code=~"5.."}[5m])) / sum(rate(requests_total[5m])) > 0.05
  annotations: {summary: "{{ $value }} of requests fail"}
```

Good:

```yaml
rules:
- alert: ManyErrors
  expr: sum(rate(requests_total{code=~"5.."}[5m])) / sum(rate(requests_total[5m])) > 0.05
  annotations: {summary: "{{ $value | humanizePercentage }} of requests fail"}
```
"""

from collections.abc import Iterator

from watchkeeper.checks import templates
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.rules import Rules
from watchkeeper.checks.subject import Alerting, Pair
from watchkeeper.problem import Severity
from watchkeeper.promql.nodes import (
    COMPARISONS,
    SET_OPERATORS,
    Aggregate,
    Aggregation,
    Binary,
    Call,
    Negation,
    Node,
    Number,
    Operator,
    Range,
    Selector,
    Subquery,
)

_FRACTIONS = frozenset(
    {
        "avg_over_time", "delta", "deriv", "histogram_quantile", "increase", "irate", "predict_linear",
        "quantile_over_time", "rate", "stddev_over_time", "stdvar_over_time",
    }
)  # fmt: skip
_FRACTIONAL = frozenset({Aggregate.AVG, Aggregate.QUANTILE, Aggregate.STDDEV, Aggregate.STDVAR})
_WHOLE = frozenset({Aggregate.COUNT, Aggregate.COUNT_VALUES, Aggregate.GROUP})


def find(rules: Rules) -> Iterator[Finding]:
    for alert in rules.alerting():
        for pair in (*alert.labels, *alert.annotations):
            mistake = templates.read(pair.value.text).mistake
            if mistake is not None:
                yield _unreadable(alert, pair, mistake)
    for asked, alert in rules.alerts():
        if _fraction(asked.node, rules):
            yield from _unformatted(alert)


def _unreadable(alert: Alerting, pair: Pair, mistake: templates.Mistake) -> Finding:
    return Finding(
        pair.value.part(mistake.position, mistake.length),
        f"{alert.called}: `{pair.name}` is no template: {mistake.words}",
        found=pair.value.text,
        allowed="{{ $value | humanize }}, {{ $labels.pod }}, and text",
        fix="mend it at the mark; Prometheus refuses the whole file",
        severity=Severity.ERROR,
    )


def _unformatted(alert: Alerting) -> Iterator[Finding]:
    for pair in alert.annotations:
        tokens = (action.bare_value for action in templates.read(pair.value.text).actions)
        token = next((each for each in tokens if each is not None), None)
        if token is not None:
            yield Finding(
                pair.value.part(token.position, len(token.text)),
                f"{alert.called}: `{pair.name}` prints a value with all its digits",
                found=token.text,
                allowed="humanize, humanizePercentage, humanizeDuration, humanize1024, printf",
                fix=f"write `{{{{ {token.text} | humanize }}}}`",
            )


def _fraction(node: Node, rules: Rules, depth: int = 12) -> bool:
    """Whether the value of an expression has digits behind the point."""
    found = False
    match node:
        case Number():
            found = bool(node.value % 1) if node.value.is_finite() else False
        case Binary(operator=Operator.DIV):
            found = True
        case Binary() if node.operator in COMPARISONS | SET_OPERATORS:
            sides = [node.lhs, node.rhs] if node.operator is Operator.OR else [node.lhs]
            found = not node.returns_bool and any(_fraction(side, rules, depth) for side in sides)
        case Binary():
            found = _fraction(node.lhs, rules, depth) or _fraction(node.rhs, rules, depth)
        case Aggregation():
            inside = node.operator not in _WHOLE and _fraction(node.expr, rules, depth)
            found = node.operator in _FRACTIONAL or inside
        case Call():
            found = node.function in _FRACTIONS or (
                node.function not in {"count_over_time", "round"}
                and any(_fraction(argument, rules, depth) for argument in node.arguments)
            )
        case Negation() | Subquery():
            found = _fraction(node.expr, rules, depth)
        case Range():
            found = _fraction(node.selector, rules, depth)
        case Selector() if depth:
            found = any(_fraction(made.node, rules, depth - 1) for made in rules.recording(node))
    return found


CHECK = Check("L38", "template", Severity.WARNING, __doc__, rules=find)
