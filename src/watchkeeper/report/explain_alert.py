"""An alert as it is compiled: when it fires, how soon somebody is told, who, and what may silence it."""

from collections.abc import Iterator

from watchkeeper.compile import alertmanager, rules
from watchkeeper.compile.reference import reference
from watchkeeper.formats.alertmanager_reading import Route, read
from watchkeeper.formats.prometheus import Alerting, Group
from watchkeeper.model import Catalog, RuleTest, fits, in_words
from watchkeeper.report.explanation import Explanation, Fact
from watchkeeper.routing.groups import deliveries

_FIRST = frozenset({"severity", "priority"})
_TOLD = (("impact", "impact"), ("threshold", "fires"), ("detection", "found"), ("escalation", "escalation"))


def names(catalog: Catalog) -> Iterator[str]:
    yield from (rule.alert for _, rule in _rules(catalog))


def alerts(catalog: Catalog, name: str) -> Iterator[Explanation]:
    for group, rule in _rules(catalog):
        if rule.alert == name:
            yield _explanation(catalog, group, rule)


def _rules(catalog: Catalog) -> Iterator[tuple[Group, Alerting]]:
    for group in rules.compiled(catalog).groups:
        yield from ((group, rule) for rule in group.rules if isinstance(rule, Alerting))


def _explanation(catalog: Catalog, group: Group, rule: Alerting) -> Explanation:
    labels, told = dict(rule.labels), dict(rule.annotations)
    facts = (
        Fact("severity", " ".join(filter(None, (labels["severity"], labels.get("priority", ""))))),
        Fact("about", ", ".join(f"{name} {value}" for name, value in rule.labels if name not in _FIRST)),
        *(Fact(label, told[key]) for key, label in _TOLD if key in told),
        Fact("expression", rule.expr, verbatim=True),
        Fact("evaluated", f"every {group.interval.words}" + (f", pending for {rule.for_.words}" if rule.for_ else "")),
        *_told_to(catalog, labels | {"alertname": rule.alert}),
        *_silenced(catalog, labels | {"alertname": rule.alert}),
        *_proved(catalog, rule.alert),
        Fact("first", told["actions"]),
        Fact("runbook", told["runbook"]),
        *(Fact("panel", place) for place in [told.get("dashboard", "")] if place),
    )
    about = labels.get("slo") or labels["component"]
    return Explanation("alert", f"{rule.alert} ({about})", told["summary"], facts)


def _told_to(catalog: Catalog, labels: dict[str, str]) -> Iterator[Fact]:
    """As the compiled routes say."""
    routes = read(alertmanager.configuration(catalog, reference(catalog)).text).root
    yield Fact("tells", "\n".join(_receiver(delivery.route) for delivery in deliveries(routes, labels)))


def _receiver(route: Route) -> str:
    hours = [f"only in {name}" for name in route.active] + [f"not in {name}" for name in route.mute]
    waits = f"first after {route.group_wait.words}, again every {route.repeat_interval.words}"
    return f"{route.receiver}: {'; '.join((*hours, waits))}"


def _silenced(catalog: Catalog, labels: dict[str, str]) -> Iterator[Fact]:
    by = [rule for rule in catalog.routing.inhibitions if fits(rule.target, labels)]
    silent = [f"{in_words(rule.source)} fires for the same {', '.join(rule.equal)}" for rule in by]
    yield Fact("silent while", "\n".join(silent) or "never: nothing inhibits it")


def _proved(catalog: Catalog, alert: str) -> Iterator[Fact]:
    tests = [test for service in catalog.services for test in service.tests if test.alert == alert]
    for fires, label in ((True, "proved to fire"), (False, "proved silent")):
        ideas = [_idea(test) for test in tests if test.fires is fires]
        if ideas:
            yield Fact(label, "\n".join(ideas))


def _idea(test: RuleTest) -> str:
    return f"{test.idea}, after {test.at.words}"
