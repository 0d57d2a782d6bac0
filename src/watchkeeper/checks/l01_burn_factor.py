"""A burn rate that does not mean what it says.

A budget burning at a factor f is spent after window / f: 43.2 times, over 30 days, lasts 16 h 40 min and not an hour.
The slip is an old one: 43.2 are the *minutes* of a budget of 99.9 % over 30 days, and minutes divided by hours look
like a factor. For one hour it takes 720 times, which 99.9 % reaches at 72 % errors and no sooner.

Say which share of the budget may be spent in which window; factor, threshold and time to exhaustion follow from it. A
tier written with `factor` and `exhausts_in` is read, and the two must agree with the window of the objective.

Bad:

```yaml
slos:
  availability:
    tiers:
    - {severity: critical, factor: 43.2, exhausts_in: 1h}
```

Good:

```yaml
slos:
  availability:
    tiers:
    - {severity: critical, budget_share: 2%, long_window: 1h}
    - {severity: high, factor: 6, long_window: 6h, exhausts_in: 5d}
```
"""

from watchkeeper.checks.check import Check
from watchkeeper.problem import Severity

CHECK = Check("L01", "burn-factor", Severity.ERROR, __doc__, door=("burn-factor",))
