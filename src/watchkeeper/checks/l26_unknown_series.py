"""A metric, a label or a value that does not exist.

A selector that nothing can match is no error to Prometheus: it gives nothing, the alert stays silent, and the silence
looks like health. Renamed metrics and labels, and values spelt in another way, are found by nobody until the day on
which the alert was needed. The same goes for texts: `$labels.pod` after `sum by (service)` is empty, and so is a label
that only the rule itself adds, which comes after the text is made.

Metrics, labels and values come from the inventory; the labels of a result from the expression, too.

Bad:

```yaml
metrics:
  requests_total: {type: counter, labels: {outcome: [good, bad]}}
rules:
- alert: ManyErrors
  expr: sum(rate(requests_total{outcome="failed"}[5m])) > 1
```

Good:

```yaml
metrics:
  requests_total: {type: counter, labels: {outcome: [good, bad]}}
rules:
- alert: ManyErrors
  expr: sum by (service) (rate(requests_total{outcome="bad"}[5m])) > 1
  annotations: {summary: "{{ $labels.service }} fails"}
```
"""

import re
from collections.abc import Iterator

from watchkeeper.checks import templates
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.inventory import Family
from watchkeeper.checks.rules import Asked, Rules
from watchkeeper.checks.subject import Alerting
from watchkeeper.problem import Severity
from watchkeeper.promql.labels import impossible, labels
from watchkeeper.promql.nodes import Aggregation, Matcher, MatchOperator, Selector
from watchkeeper.promql.rewrite import walk
from watchkeeper.spec.wording import closest, instead, listed

_OVERFLOW = "__other__"
"""Where the SDK counts values beyond a label's domain."""
_ALTERNATIVES = re.compile(r"[A-Za-z0-9_-]+(?:\|[A-Za-z0-9_-]+)*")


def find(rules: Rules) -> Iterator[Finding]:
    for asked in rules.asked():
        for part in walk(asked.node):
            if isinstance(part, Selector):
                yield from _selector(asked, part, rules)
        yield from _groupings(asked, rules)
    for asked, alert in rules.alerts():
        yield from _texts(asked, alert, rules)


def _selector(asked: Asked, selector: Selector, rules: Rules) -> Iterator[Finding]:
    name = selector.name
    if not name or name in rules.recorded:
        return
    family = rules.family(name)
    if family is None and ":" not in name and rules.inventory.knows(name) is False:
        near = closest(name, rules.inventory.names)
        yield Finding(
            asked.expr.at(selector),
            f"{asked.rule.called}: there is no metric `{name}`",
            found=name,
            allowed=near or "metrics of the inventory",
            fix=f"write `{near}`" if near else "declare it, or ask for one that exists",
        )
    if family is None:
        return
    for matcher in selector.matchers:
        yield from _matcher(asked, selector, matcher, family)


def _matcher(asked: Asked, selector: Selector, matcher: Matcher, family: Family) -> Iterator[Finding]:
    label, name = matcher.label, selector.name
    if family.labels is None or label in {"__name__", "le", "quantile"}:
        return
    if label not in family.labels:
        if family.closed:
            selects = matcher.operator in {MatchOperator.EQUAL, MatchOperator.REGEX} and bool(matcher.value)
            yield Finding(
                asked.expr.word(label),
                f"{asked.rule.called}: `{name}` has no label `{label}`",
                found=f'{label}{matcher.operator.value}"{matcher.value}"',
                allowed=listed(family.labels),
                fix=instead(label, family.labels),
                severity=None if selects else Severity.WARNING,
            )
        return
    values = family.values_of(label)
    for value in _named(matcher) if values is not None else ():
        if value not in (values or ()) and value != _OVERFLOW:
            yield Finding(
                asked.expr.word(value),
                f"{asked.rule.called}: label `{label}` of `{name}` is never `{value}`",
                found=value,
                allowed=listed(values or ()),
                fix=instead(value, values or ()),
            )


def _named(matcher: Matcher) -> list[str]:
    """The values that a matcher names, where it names them in full."""
    if matcher.operator in {MatchOperator.EQUAL, MatchOperator.NOT_EQUAL}:
        return [matcher.value] if matcher.value else []
    return matcher.value.split("|") if _ALTERNATIVES.fullmatch(matcher.value) else []


def _groupings(asked: Asked, rules: Rules) -> Iterator[Finding]:
    for problem in impossible(asked.node, rules.labels_of, trusting=True):
        if isinstance(problem.node, Aggregation):
            yield Finding(
                asked.expr.at_label(problem.node, problem.label),
                f"{asked.rule.called}: {problem.reason}",
                found=problem.label,
                allowed=listed(problem.possible),
                fix=instead(problem.label, problem.possible, "leave it out"),
            )


def _texts(asked: Asked, alert: Alerting, rules: Rules) -> Iterator[Finding]:
    flow = labels(asked.node, rules.labels_of, trusting=True)
    for pair in (*alert.labels, *alert.annotations):
        for token in templates.read(pair.value.text).labels():
            label = token.text
            if flow.may_have(label):
                continue
            added = label in alert.fixed_labels or label == "alertname"
            yield Finding(
                pair.value.part(token.position, len(label)),
                f"{alert.called}: `{pair.name}` names label `{label}`, which "
                + ("the rule adds after the text is made" if added else "the expression never has"),
                found=f"$labels.{label}",
                allowed=listed(flow.possible) if flow.possible else "no label: the expression adds up everything",
                fix="write its value" if added else instead(label, flow.possible, f"keep `{label}` in the expression"),
            )


CHECK = Check(
    "L26",
    "unknown-series",
    Severity.ERROR,
    __doc__,
    rules=find,
    needs_inventory=True,
    door=("unknown-label", "unknown-metric", "unknown-value"),
)
