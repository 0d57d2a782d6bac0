"""A burn alert that can never fire, or hardly ever.

The threshold of a burn alert is factor x (1 - target). At 95 % the 28.8 times of the usual first tier are 144 % of all
requests: not even a total outage reaches them, and the alert looks healthy for ever. Above a half it finds nothing but
outages, which the raw outage alert finds sooner.

Low targets need slower tiers: 5 % of the budget in six hours, 10 % in a day. Definitions with a threshold of 100 % or
more are refused; more than 50 % is warned of. In rule files a share of events compared with 1 or more is found.

Bad:

```yaml
rules:
- record: service:error:ratio_rate1h
  expr: sum(rate(requests_total{code=~"5.."}[1h])) / (sum(rate(requests_total[1h])) > 0)
- alert: ErrorBudgetBurn
  expr: service:error:ratio_rate1h > 14.4 * (1 - 0.9)
```

Good:

```yaml
rules:
- record: service:error:ratio_rate6h
  expr: sum(rate(requests_total{code=~"5.."}[6h])) / (sum(rate(requests_total[6h])) > 0)
- alert: ErrorBudgetBurn
  expr: service:error:ratio_rate6h > 5 * (1 - 0.9)
```
"""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from watchkeeper import promql
from watchkeeper.budget import decimal
from watchkeeper.checks.burning import burning
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.definitions import Definitions
from watchkeeper.checks.events import constant
from watchkeeper.checks.rules import Asked, Rules
from watchkeeper.checks.shares import share
from watchkeeper.problem import Severity
from watchkeeper.promql.nodes import COMPARISONS, Binary, Operator
from watchkeeper.promql.rewrite import walk
from watchkeeper.quantity import Ratio, plain

_MIRRORED = {
    Operator.GREATER: Operator.LESS,
    Operator.LESS: Operator.GREATER,
    Operator.GREATER_EQUAL: Operator.LESS_EQUAL,
    Operator.LESS_EQUAL: Operator.GREATER_EQUAL,
}
HALF = Ratio.of(percent=50)


def find(rules: Rules) -> Iterator[Finding]:
    for asked, _ in rules.alerts():
        for part in walk(asked.node):
            if isinstance(part, Binary) and part.operator in COMPARISONS:
                yield from _compared(asked, part, rules)


def _compared(asked: Asked, comparison: Binary, rules: Rules) -> Iterator[Finding]:
    for side, other, operator in (
        (comparison.lhs, comparison.rhs, comparison.operator),
        (comparison.rhs, comparison.lhs, _MIRRORED.get(comparison.operator)),
    ):
        limit = constant(other)
        if limit is None or not _beyond(operator, limit) or share(side, rules) is None:
            continue
        yield Finding(
            asked.expr.at(comparison),
            f"{asked.rule.called}: a share of events is never beyond {plain(limit)}",
            found=promql.render(comparison),
            allowed="a threshold below 1",
            fix="a low target needs a smaller factor: a longer window, or a smaller share of the budget",
        )


def _beyond(operator: Operator | None, limit: Decimal) -> bool:
    return (operator is Operator.GREATER and limit >= 1) or (operator is Operator.GREATER_EQUAL and limit > 1)


def judge(definitions: Definitions, _rules: Rules) -> Iterator[Finding]:
    """The door refuses 100 % and more."""
    for burn in burning(definitions):
        if burn.alert.threshold > HALF:
            highest = decimal(Fraction(HALF.value) / Fraction(burn.alert.objective.error_share.value))
            yield Finding(
                burn.span,
                f"SLO `{burn.slo.name}`: a burn alert needs {burn.alert.threshold} of all requests to fail",
                found=f"{burn.tier.budget_share} of the budget in {burn.tier.long_window}, target {burn.slo.target}",
                allowed=f"factors up to {plain(highest)}, which {HALF} reach",
                fix="take a smaller share or a longer window, or write `burn_alerts: workbook-low`",
                severity=Severity.WARNING,
            )


CHECK = Check("L03", "unreachable-burn", Severity.ERROR, __doc__, rules=find, definitions=judge, door=("unreachable",))
