"""Something that not every Prometheus knows.

A rule file with one unknown function, operator or key is refused as a whole: after a reload the old rules stay, after
a restart there are none. Rules here are to mean the same on every Prometheus from 2.42, which Debian stable ships, to
3.x; so what came later or is behind a feature flag is found. What 3.0 took away, `holt_winters`, is no PromQL here.
`keep_firing_for` came with 2.42 itself.

Bad:

```yaml
rules:
- record: service:cpu:smoothed
  expr: double_exponential_smoothing(cpu_usage[10m], 0.5, 0.5)
```

Good:

```yaml
rules:
- record: service:cpu:avg10m
  expr: avg_over_time(cpu_usage[10m])
```
"""

from collections.abc import Iterator

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.rules import Rules
from watchkeeper.checks.subject import Group
from watchkeeper.problem import Severity
from watchkeeper.promql.functions import NEAREST

_SINCE = {"labels": "3.0", "query_offset": "2.53"}
"""Keys of groups; source: CHANGELOG.md of Prometheus."""


def find(rules: Rules) -> Iterator[Finding]:
    for asked in rules.asked():
        for name in promql.unportable(asked.node):
            near = NEAREST.get(name)
            yield Finding(
                asked.expr.word(name),
                f"{asked.rule.called}: not every Prometheus from 2.42 to 3.x knows `{name}`",
                found=name,
                allowed="the functions and operators of Prometheus 2.42 that are left in 3.x",
                fix=f"`{near}` comes nearest" if near else "write it with those",
            )
    for file in rules.files:
        for group in file.groups:
            yield from _keys(group)


def _keys(group: Group) -> Iterator[Finding]:
    for key, span in group.newer:
        yield Finding(
            span,
            f"group `{group.name.text}`: `{key}` is unknown before Prometheus {_SINCE[key]}, which refuses the file",
            found=key,
            allowed="interval, limit, name, rules",
            fix="write the labels at each rule" if key == "labels" else "write `offset` in the expressions",
        )


CHECK = Check("L36", "unportable", Severity.WARNING, __doc__, rules=find, door=("unportable",))
