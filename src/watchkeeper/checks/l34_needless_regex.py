"""A pattern that is none.

Patterns of Prometheus are anchored at both ends, so `^` and `$` there say nothing, and a pattern without any special
character is an equality that is slower and harder to read. `=~".*"` takes every series, also those without the label;
`!~".*"` takes none.

Bad:

```yaml
rules:
- alert: ManyErrors
  expr: sum(rate(errors_total{service=~"^api$",pod=~".*"}[5m])) > 10
```

Good:

```yaml
rules:
- alert: ManyErrors
  expr: sum(rate(errors_total{service="api",code=~"5.."}[5m])) > 10
```
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.rules import Asked, Rules
from watchkeeper.problem import Severity
from watchkeeper.promql.nodes import Matcher, MatchOperator, Selector
from watchkeeper.promql.rewrite import walk

_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")
_ESCAPED = re.compile(r"\\([^A-Za-z0-9])")
_PLAIN = {MatchOperator.REGEX: MatchOperator.EQUAL, MatchOperator.NOT_REGEX: MatchOperator.NOT_EQUAL}


def find(rules: Rules) -> Iterator[Finding]:
    for asked in rules.asked():
        for part in walk(asked.node):
            if isinstance(part, Selector):
                for matcher in part.matchers:
                    if matcher.operator in _PLAIN:
                        yield from _pattern(asked, matcher)


def _pattern(asked: Asked, matcher: Matcher) -> Iterator[Finding]:
    pattern = _unanchored(matcher.value)
    if pattern == ".*":
        nothing = matcher.operator is MatchOperator.NOT_REGEX
        wrong = "takes no series at all" if nothing else "takes every series"
        severity = Severity.ERROR if nothing else None
        yield replace(_finding(asked, matcher, wrong, "remove it"), severity=severity)
    elif not _SPECIAL.search(_ESCAPED.sub("", pattern)):
        literal = _ESCAPED.sub(r"\1", pattern)
        fix = f'write `{matcher.label}{_PLAIN[matcher.operator].value}"{literal}"`'
        yield _finding(asked, matcher, "is no pattern", fix)
    elif pattern != matcher.value:
        fix = f'write `{matcher.label}{matcher.operator.value}"{pattern}"`'
        yield _finding(asked, matcher, "is anchored twice", fix)


def _unanchored(pattern: str) -> str:
    """Without `^` and `$` around the whole; `^a|b$` binds each to one alternative and stays."""
    inner = pattern.removeprefix("^")
    if inner.endswith("$") and not inner.endswith("\\$"):
        inner = inner.removesuffix("$")
    return pattern if "|" in inner and not inner.startswith("(") else inner


def _finding(asked: Asked, matcher: Matcher, wrong: str, fix: str) -> Finding:
    written = matcher.value if matcher.value in asked.expr.text else matcher.label
    return Finding(
        asked.expr.word(written or matcher.label),
        f'{asked.rule.called}: `{matcher.label}{matcher.operator.value}"{matcher.value}"` {wrong}',
        found=matcher.value,
        allowed="an equality, or a pattern that is one and selects something",
        fix=fix,
    )


CHECK = Check("L34", "needless-regex", Severity.INFO, __doc__, rules=find)
