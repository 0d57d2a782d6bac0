"""An alert that nobody has seen fire, or stay silent.

An alert that can never fire and one that always does look alike in a review. Burn alerts are known to have been dead
for weeks, and nobody saw it, because silence is what one hopes for.

Every alert has series that make it fire, and series that come near and must not: `fires` and `silent` under `tests`,
by the name of the alert. `watchkeeper build` writes them as tests for `promtool test rules`. Alerts that are made from
objectives are tested under the names they get: `ErrorBudgetBurnRateCritical`, `SLIMissing`.

A test without its alert proves nothing either. Tests of an alert that is switched off are left out until it counts
again. What a project takes over from a pack is the pack's to test.

Bad:

```yaml
tests:
  DatabaseGone:
    fires:
    - {idea: a minute without it, series: {'dependency_up{dependency="database"}': 1x60 0x24}, at: 6m15s}
    silent:
    - {idea: back after 50 seconds, series: {'dependency_up{dependency="database"}': 1x60 0x9 1x24}, at: 6m15s}
```

Good:

```yaml
tests:
  DatabaseDown:
    fires:
    - {idea: a minute without it, series: {'dependency_up{dependency="database"}': 1x60 0x24}, at: 6m15s}
    silent:
    - {idea: back after 50 seconds, series: {'dependency_up{dependency="database"}': 1x60 0x9 1x24}, at: 6m15s}
```
"""

from collections.abc import Iterator

from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.definitions import Definitions
from watchkeeper.checks.rules import Rules
from watchkeeper.checks.subject import Alerting
from watchkeeper.problem import Severity, Span
from watchkeeper.spec.wording import closest, instead


def find(definitions: Definitions, rules: Rules) -> Iterator[Finding]:
    tests = [test for service in definitions.catalog.services for test in service.tests]
    fires, silent = ({test.alert for test in tests if test.fires is kind} for kind in (True, False))
    alerts = {each.name.text: each for each in reversed(tuple(rules.alerting()))}
    for name, alert in alerts.items():
        lacking = [word for word, tested in (("fire", fires), ("stay silent", silent)) if name not in tested]
        place = _place(definitions, alert)
        if lacking and not definitions.of_pack(place):
            yield Finding(
                place,
                f"no test makes alert `{name}` {' or '.join(lacking)}",
                allowed="one case at least under `fires`, and one under `silent`",
                fix=f"add `{name}` under `tests`",
            )
    for name in sorted((fires | silent) - alerts.keys()):
        place = definitions.key("tests", name)
        if definitions.of_pack(place):
            continue  # the project's tiers or budget policy make other alerts than the pack's
        yield Finding(
            place,
            f"tests of `{name}`, which is no alert",
            found=name,
            allowed=closest(name, alerts) or "the name of an alert",
            fix=instead(name, alerts, "remove them, or define the alert"),
            severity=Severity.ERROR,
        )


def _place(definitions: Definitions, alert: Alerting) -> Span:
    """Where an alert is defined, or what it is made from."""
    name, slo = alert.name.text, alert.fixed_labels.get("slo")
    for service in definitions.catalog.services:
        if any(each.name == name for each in service.alerts):
            return definitions.key("alerts", name)
        for each in service.log_alerts:
            if name in {each.name, each.ratio.name if each.ratio else ""}:
                return definitions.key("log_alerts", each.name)
    return definitions.key("slos", slo) if slo else definitions.key("outage")


CHECK = Check("L44", "untested-alert", Severity.WARNING, __doc__, definitions=find)
