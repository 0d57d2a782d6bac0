"""Somebody is told of a budget that lasts.

A factor below 1 spends less than the budget by the end of its window: 0.6 times lasts 50 days of 30. An alert on it
fires for ever on a service that keeps its promise, and nobody can do anything about it.

Show such a pace, and tell nobody: severity `info`. A tier of your own that notifies below 1 is refused. The profile
`seed` has one, because its numbers are not ours to change, and is only warned of; `workbook` has none over 30 days.

Bad:

```yaml
slos:
  availability: {burn_alerts: seed}
```

Good:

```yaml
slos:
  availability:
    tiers:
    - {severity: critical, budget_share: 2%, long_window: 1h}
    - {severity: info, budget_share: 6%, long_window: 3d}
```
"""

from collections.abc import Iterator

from watchkeeper import model
from watchkeeper.checks.burning import burning
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.definitions import Definitions
from watchkeeper.checks.rules import Rules
from watchkeeper.problem import Severity
from watchkeeper.quantity import plain


def find(definitions: Definitions, _rules: Rules) -> Iterator[Finding]:
    for burn in burning(definitions):
        if burn.alert.factor >= 1 or burn.tier.severity is model.Severity.INFO:
            continue
        yield Finding(
            burn.span,
            f"SLO `{burn.slo.name}`: severity {burn.tier.severity} is told of a budget that lasts",
            found=f"{plain(burn.alert.factor)}x spends {burn.slo.window} of budget in {burn.alert.exhausted_in}",
            allowed="factors from 1 on, or severity info",
            fix="write `burn_alerts: workbook`, or tiers of your own",
        )


CHECK = Check("L02", "slow-burn", Severity.WARNING, __doc__, definitions=find, door=("slow-burn",))
