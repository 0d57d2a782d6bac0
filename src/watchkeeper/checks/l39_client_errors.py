"""Errors that are the client's.

A 404 or a 429 says that the client asked for what it may not have. Counted beside the 5xx, a crawler spends the error
budget, and a rate limit that protects the service looks like an outage of it.

Every request is good, bad or excluded, and those classes share nothing and leave nothing out. What the client did
wrong is excluded: on both sides of the ratio. A share of 4xx alone is a question of its own, and no finding.

Bad:

```yaml
rules:
- record: service:errors:ratio_rate5m
  expr: sum(rate(requests_total{code=~"5..|429"}[5m])) / (sum(rate(requests_total[5m])) > 0)
```

Good:

```yaml
rules:
- record: service:errors:ratio_rate5m
  expr: sum(rate(requests_total{code=~"5.."}[5m])) / (sum(rate(requests_total{code!~"4.."}[5m])) > 0)
```
"""

import re
from collections.abc import Iterator

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.rules import Asked, Rules
from watchkeeper.checks.shares import share
from watchkeeper.problem import Severity
from watchkeeper.promql.nodes import Binary, Matcher, MatchOperator, Operator, Selector
from watchkeeper.promql.rewrite import walk

_STATUS = frozenset({"code", "http_status_code", "response_code", "status", "status_class", "status_code"})
_CLIENT = ("400", "401", "403", "404", "409", "422", "429", "4xx")
_SERVER = ("500", "502", "503", "504", "5xx")


def find(rules: Rules) -> Iterator[Finding]:
    """Each pattern once in an expression, where the division and the counter stand in it."""
    for asked in rules.asked():
        written = {id(part) for part in walk(asked.node)}
        told: set[Matcher] = set()
        for part in walk(asked.node):
            if not isinstance(part, Binary) or part.operator is not Operator.DIV:
                continue
            for selector in share(part, rules) or ():
                for matcher in selector.matchers if id(selector) in written else ():
                    if _mixed(matcher) and matcher not in told:
                        told.add(matcher)
                        yield _finding(asked, selector, matcher)


def _mixed(matcher: Matcher) -> tuple[str, ...]:
    """The clients' errors that a matcher takes along with the server's."""
    if matcher.label not in _STATUS or not any(_takes(matcher, code) for code in _SERVER):
        return ()
    return tuple(code for code in _CLIENT if _takes(matcher, code))


def _takes(matcher: Matcher, code: str) -> bool:
    match matcher.operator:
        case MatchOperator.EQUAL:
            return matcher.value == code
        case MatchOperator.NOT_EQUAL:
            return matcher.value != code
        case _:
            return _matches(matcher.value, code) is (matcher.operator is MatchOperator.REGEX)


def _matches(pattern: str, code: str) -> bool:
    try:
        return re.fullmatch(pattern, code) is not None
    except re.error:  # RE2 takes patterns that Python does not
        return False


def _finding(asked: Asked, selector: Selector, matcher: Matcher) -> Finding:
    return Finding(
        asked.expr.word(matcher.value),
        f"{asked.rule.called}: counts what the client did wrong as an error of the service",
        found=f"{promql.render(selector)}: also {', '.join(_mixed(matcher))}",
        allowed="the server's errors, and the client's on neither side",
        fix="write `5..` here, and leave out `4..` below the line",
    )


CHECK = Check("L39", "client-errors", Severity.WARNING, __doc__, rules=find)
