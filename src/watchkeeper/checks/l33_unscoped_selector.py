"""A series of every target, whoever it belongs to.

`up`, `process_*` and the like exist for whatever Prometheus scrapes: the service, the database of another team, the
monitoring itself. A rule that reads them without a matcher pages for all of them, or adds them up.

Name whose: a job, a service, a namespace. `timestamp(up)` is not meant: it asks whether anything is scraped at all.

Bad:

```yaml
rules:
- alert: TargetDown
  expr: up == 0
  for: 5m
```

Good:

```yaml
rules:
- alert: TargetDown
  expr: up{job="api"} == 0
  for: 5m
```
"""

import re
from collections.abc import Iterator

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.rules import Rules
from watchkeeper.problem import Severity
from watchkeeper.promql.nodes import Call, Matcher, MatchOperator, Node, Selector
from watchkeeper.promql.rewrite import children

_EVERYWHERE = re.compile(r"up|(?:scrape|process|python|go|jvm|nodejs|target)_\w+|ALERTS(?:_FOR_STATE)?")
"""Series that nearly every target has."""


def find(rules: Rules) -> Iterator[Finding]:
    for asked in rules.asked():
        for selector in _asked_for(asked.node):
            if selector.name in rules.recorded or not _EVERYWHERE.fullmatch(selector.name):
                continue
            if not any(map(_narrows, selector.matchers)):
                yield Finding(
                    asked.expr.at(selector),
                    f"{asked.rule.called}: `{selector.name}` of every target there is",
                    found=promql.render(selector),
                    allowed="a matcher that says whose",
                    fix=f'write `{selector.name}{{job="…"}}`',
                )


def _asked_for(node: Node) -> Iterator[Selector]:
    if isinstance(node, Call) and node.function == "timestamp":
        return
    if isinstance(node, Selector):
        yield node
    for child in children(node):
        yield from _asked_for(child)


def _narrows(matcher: Matcher) -> bool:
    """Whether a matcher leaves anything out; who leaves some out has thought of the others."""
    return not (matcher.operator is MatchOperator.REGEX and matcher.value in {".*", ".+"})


CHECK = Check("L33", "unscoped-selector", Severity.WARNING, __doc__, rules=find)
