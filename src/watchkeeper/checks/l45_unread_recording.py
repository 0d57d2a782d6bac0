"""A series that is recorded for nobody.

Each recording costs an evaluation and its series, for ever. One that no alert, no panel and no page reads says
nothing to anyone, and whoever changes the definitions later has to keep it right all the same.

A recording that another one reads is read by whoever reads that. Runbook pages count when they name the series, and
so do the questions that the console and `watchkeeper slo` ask. A project that switches off the reader is not asked for
another one: what a pack records is the pack's.

Bad:

```yaml
recordings:
  service:forgotten:rate5m:
    family: business
    unit: number
    help: Nobody looks at it.
    rules:
    - {value: 'sum(rate(messages_total[5m]))'}
```

Good:

```yaml
recordings:
  service:messages_seen:rate5m:
    family: business
    unit: number
    help: Messages a second.
    rules:
    - {value: 'sum(rate(messages_total[5m]))'}
alerts:
  FewMessages:
    severity: info
    kind: symptom
    component: api
    value: service:messages_seen:rate5m
    below: 1/s
    summary: Hardly any messages.
    impact: None.
    actions: [Look whether people can reach the service.]
    escalation: Nobody.
    runbook: traffic-collapse.md
tests:
  FewMessages:
    fires:
    - {idea: none for ten minutes, series: {'messages_total{intent="chat"}': "0x240"}, at: 15m}
    silent:
    - {idea: ten a second, series: {'messages_total{intent="chat"}': 0+50x240}, at: 15m}
```
"""

import re
from collections.abc import Iterator

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.definitions import Definitions
from watchkeeper.checks.rules import Rules
from watchkeeper.problem import Severity
from watchkeeper.promql.nodes import Selector

_NAMES = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*(?::[a-zA-Z0-9_]+)+")


def find(definitions: Definitions, rules: Rules) -> Iterator[Finding]:
    read = _read(_selected(definitions, rules), rules)
    told: set[tuple[str, str]] = set()
    for asked, recording in rules.recordings():
        name, slo = recording.name.text, recording.fixed_labels.get("slo", "")
        if id(asked.expr) in read or (name, slo) in told:
            continue
        told.add((name, slo))
        place = definitions.key("slos", slo) if slo else definitions.key("recordings", name)
        if definitions.of_pack(place):
            continue
        yield Finding(
            place,
            f"nobody reads `{name}`" + (f" of SLO `{slo}`" if slo else ""),
            found=f"recorded in group `{asked.group.name.text}`",
            allowed="recordings that an alert, a panel or a page reads",
            fix="remove it, or show it where somebody looks",
        )


def _selected(definitions: Definitions, rules: Rules) -> Iterator[Selector]:
    """What people see the result of: in alerts, in panels, and by its name in a text."""
    for asked, _ in rules.alerts():
        yield from promql.selectors(asked.node)
    for dashboard in definitions.catalog.dashboards:
        for panel in dashboard.panels:
            for query in panel.queries:
                yield from promql.selectors(promql.parse(query.value))
    for text in (*definitions.readers, *(page.text for page in definitions.catalog.pages)):
        yield from (Selector(name) for name in _NAMES.findall(text))


def _read(selectors: Iterator[Selector], rules: Rules) -> set[int]:
    """The expressions of the rules that are read, and of those that these read in turn."""
    pending = list(selectors)
    found: set[int] = set()
    seen: set[Selector] = set()
    while pending:
        selector = pending.pop()
        if selector not in seen:
            seen.add(selector)
            for made in rules.recording(selector):
                found.add(id(made.expr))
                pending += promql.selectors(made.node)
    return found


CHECK = Check("L45", "unread-recording", Severity.WARNING, __doc__, definitions=find)
