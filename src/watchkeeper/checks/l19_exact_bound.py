"""A bound spelt one way.

`le` is a text. Prometheus 2 stores the whole bound 1 as clients write it, `1` or `1.0`; Prometheus 3 stores `1.0`,
always. After the upgrade `le="1"` selects nothing, without any error: a latency objective is fulfilled for ever.

Match both spellings, or choose bounds that are not whole.

Bad:

```yaml
rules:
- record: service:fast_requests:rate5m
  expr: sum(rate(request_duration_seconds_bucket{le="1"}[5m]))
```

Good:

```yaml
rules:
- record: service:fast_requests:rate5m
  expr: sum(rate(request_duration_seconds_bucket{le=~"1|1\\\\.0"}[5m]))
- record: service:very_fast_requests:rate5m
  expr: sum(rate(request_duration_seconds_bucket{le="0.5"}[5m]))
```
"""

import re
from collections.abc import Iterator

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.rules import Rules
from watchkeeper.problem import Severity
from watchkeeper.promql.bounds import alternatives
from watchkeeper.promql.nodes import Matcher

_WHOLE = re.compile(r"([0-9]+)(?:\.0*)?")
_PADDED = re.compile(r"([0-9]*\.[0-9]*[1-9])0+")


def find(rules: Rules) -> Iterator[Finding]:
    for asked in rules.asked():
        for selector in promql.selectors(asked.node):
            for matcher in selector.matchers:
                spelling = _better(matcher)
                if spelling:
                    yield Finding(
                        asked.expr.word(matcher.value),
                        f"{asked.rule.called}: `le` is spelt in one of the ways a bound can be stored",
                        found=f'le{matcher.operator.value}"{matcher.value}"',
                        allowed="every spelling: Prometheus 2 stores 1 or 1.0, Prometheus 3 always 1.0",
                        fix=f"write `{spelling}`",
                    )


def _better(matcher: Matcher) -> str:
    """The matcher that takes every spelling; empty where this one does."""
    written = alternatives(matcher)
    wanted: list[str] = []
    for value in written:
        whole, padded = _WHOLE.fullmatch(value), _PADDED.fullmatch(value)
        wanted += [whole[1], f"{whole[1]}.0"] if whole else [padded[1]] if padded else [value]
    if set(wanted) <= set(written):
        return ""
    unique = list(dict.fromkeys(wanted))
    escaped = "|".join(value.replace(".", r"\\.") for value in unique)
    return f'le=~"{escaped}"' if len(unique) > 1 else f'le="{unique[0]}"'


CHECK = Check("L19", "exact-bound", Severity.WARNING, __doc__, rules=find)
