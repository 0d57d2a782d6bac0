"""A number that a program rounded badly.

`1 - 0.999` in binary floating point is 0.0010000000000000009, and a generator that prints it writes a threshold which
nobody can read, compare or find again. The other way round, a format without digits prints 14.4 as 14 and 0.0005 as 0.

Thresholds are decimal numbers: compute them as such, and print the shortest text that means the same. What is compiled
from definitions is.

Bad:

```yaml
rules:
- alert: ErrorBudgetBurn
  expr: service:error:ratio_rate1h > 14.4 * 0.0009999999999999432
```

Good:

```yaml
rules:
- alert: ErrorBudgetBurn
  expr: service:error:ratio_rate1h > 14.4 * 0.001
```
"""

from collections.abc import Iterator
from decimal import Context, Decimal

from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.rules import Rules
from watchkeeper.problem import Severity
from watchkeeper.promql.nodes import Number
from watchkeeper.promql.rewrite import walk
from watchkeeper.quantity import plain

_NOISY_DIGITS = 15
"""What a double cannot hold exactly any more shows from here on."""
_MEANT_DIGITS = 9
"""Nobody means a number with more digits, noise aside."""


def find(rules: Rules) -> Iterator[Finding]:
    for asked in rules.asked():
        for part in walk(asked.node):
            meant = _meant(part.value) if isinstance(part, Number) else None
            if isinstance(part, Number) and meant is not None:
                yield Finding(
                    asked.expr.at(part),
                    f"{asked.rule.called}: {plain(meant)} with the noise of binary floating point",
                    found=plain(part.value),
                    allowed=plain(meant),
                    fix=f"write {plain(meant)}",
                )


def _meant(value: Decimal) -> Decimal | None:
    """The short number beside a long one; None where the long one may be meant."""
    if not value.is_finite() or len(value.as_tuple().digits) < _NOISY_DIGITS:
        return None
    near = Context(prec=_MEANT_DIGITS + 3).plus(value).normalize()
    short = len(near.as_tuple().digits) <= _MEANT_DIGITS
    return near if short and near != value else None


CHECK = Check("L05", "float-noise", Severity.WARNING, __doc__, rules=find)
