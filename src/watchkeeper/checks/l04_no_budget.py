"""An objective without a budget.

A target of 100 % allows nothing to fail, so that the first failed request spends all there is, every burn rate is a
division by zero, and no team can keep it. A target of 1 or of 0.999 usually means a percentage and is none.

Definitions take targets between 50 % and 100 %, both excluded. In rule files a threshold or a divisor is found whose
arithmetic comes to nothing: `14.4 * (1 - 1)`.

Bad:

```yaml
slos:
  availability: {target: 100}
```

Good:

```yaml
slos:
  availability: {target: 99.95}
```
"""

from collections.abc import Iterator

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.events import constant
from watchkeeper.checks.rules import Rules
from watchkeeper.problem import Severity
from watchkeeper.promql.nodes import COMPARISONS, Binary, Node, Operator
from watchkeeper.promql.rewrite import walk


def find(rules: Rules) -> Iterator[Finding]:
    for asked in rules.asked():
        for part in walk(asked.node):
            if isinstance(part, Binary) and (nothing := _nothing(part)) is not None:
                yield Finding(
                    asked.expr.at(part),
                    f"{asked.rule.called}: nothing may fail, because the budget comes to zero",
                    found=promql.render(nothing),
                    allowed="1 - target, with a target below 1",
                    fix="take a target that leaves a budget: 0.999",
                )


def _nothing(part: Binary) -> Node | None:
    """What comes to zero: any divisor, or a threshold that is computed. A plain `> 0` is a question of its own."""
    if part.operator is Operator.DIV and constant(part.rhs) == 0:
        return part.rhs
    if part.operator in COMPARISONS:
        return next((side for side in (part.rhs, part.lhs) if isinstance(side, Binary) and constant(side) == 0), None)
    return None


CHECK = Check("L04", "no-budget", Severity.ERROR, __doc__, rules=find, door=("bad-target",))
