"""No errors, no ratio.

The errors of a recorded ratio are selected by a label value that no series has before the first error. Until then the
numerator is absent, and so is the ratio: the objective has no value while everything is well, sums over it have gaps,
and the first error looks like the beginning of the service. Metrics whose declared label values are exposed from the
start, as the SDK does, are not meant.

Fill the errors with `or 0 *` the expression of the total, which has the same labels.

Bad:

```yaml
rules:
- record: service:error:ratio_rate5m
  expr: sum(rate(requests_total{code=~"5.."}[5m])) / (sum(rate(requests_total[5m])) > 0)
```

Good:

```yaml
rules:
- record: service:error:ratio_rate5m
  expr: |-
    (sum(rate(requests_total{code=~"5.."}[5m])) or 0 * sum(rate(requests_total[5m])))
    / (sum(rate(requests_total[5m])) > 0)
```
"""

from collections.abc import Iterator, Sequence

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.events import filled, ratio, read
from watchkeeper.checks.rules import Asked, Rules, compatible
from watchkeeper.problem import Severity
from watchkeeper.promql.nodes import COMPARISONS, Binary, Matcher, MatchOperator, Node, Operator, Selector
from watchkeeper.promql.rewrite import walk

_POSITIVE = frozenset({MatchOperator.EQUAL, MatchOperator.REGEX})


def find(rules: Rules) -> Iterator[Finding]:
    for asked, _ in rules.recordings():
        for part in walk(asked.node):
            if isinstance(part, Binary) and part.operator is Operator.DIV and ratio(part, rules) is part:
                yield from _numerator(asked, part, rules)


def _numerator(asked: Asked, division: Binary, rules: Rules) -> Iterator[Finding]:
    total = _unguarded(division.rhs)
    wholes = tuple(read(total, rules))
    errors = tuple(read(division.lhs, rules))
    if filled(division.lhs, rules) or not errors or not all(_rare(error, wholes, rules) for error in errors):
        return
    yield Finding(
        asked.expr.at(division.lhs if isinstance(division.lhs, Selector) else division),
        f"{asked.rule.called}: absent until its numerator first counts anything",
        found=promql.render(division.lhs),
        allowed="a numerator that is 0 without errors",
        fix=f"write `({promql.render(division.lhs)} or 0 * {promql.render(total)})`",
    )


def _unguarded(denominator: Node) -> Node:
    """What a denominator measures, without the comparison that keeps it from being zero."""
    compares = isinstance(denominator, Binary) and denominator.operator in COMPARISONS
    return denominator.lhs if compares and isinstance(denominator, Binary) else denominator


def _rare(error: Selector, wholes: Sequence[Selector], rules: Rules) -> bool:
    """Whether a selector takes a part of what one of the others takes whole, by values that may never have come."""
    for whole in wholes:
        if not compatible(error, whole):
            continue
        more = [matcher for matcher in error.matchers if matcher not in whole.matchers]
        narrower = set(whole.matchers) <= set(error.matchers) | _same_labels(whole, more)
        if narrower and any(m.operator in _POSITIVE and not _exposed_at_once(error, m, rules) for m in more):
            return True
    return False


def _same_labels(whole: Selector, more: Sequence[Matcher]) -> set[Matcher]:
    """Matchers that a narrower one on the same label replaces: `code=~"2..|5.."` by `code=~"5.."`."""
    labels = {matcher.label for matcher in more}
    return {matcher for matcher in whole.matchers if matcher.label in labels}


def _exposed_at_once(selector: Selector, matcher: Matcher, rules: Rules) -> bool:
    family = rules.family(selector.name)
    return family is not None and family.starts_at_zero and family.values_of(matcher.label) is not None


CHECK = Check("L09", "absent-numerator", Severity.WARNING, __doc__, rules=find)
