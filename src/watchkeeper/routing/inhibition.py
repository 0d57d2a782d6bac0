"""What keeps an alert from being sent (alertmanager: inhibit/inhibit.go), found by looking at all that fires."""

from collections.abc import Iterable, Iterator, Sequence

from watchkeeper.formats.alertmanager_reading import Inhibition, Matcher
from watchkeeper.routing.groups import Labels


def inhibited_by(alert: Labels, firing: Sequence[Labels], rules: Iterable[Inhibition]) -> tuple[Labels, ...]:
    """The firing alerts that inhibit `alert`, each once. A label that both sides lack counts as equal."""
    found: list[Labels] = []
    for rule in rules:
        if _fits(rule.target, alert):
            found += [source for source in _sources(alert, firing, rule) if source not in found]
    return tuple(found)


def _sources(alert: Labels, firing: Sequence[Labels], rule: Inhibition) -> Iterator[Labels]:
    """An alert on both sides of a rule is not inhibited by another on both sides."""
    both_sides = _fits(rule.source, alert)
    for source in firing:
        same = all(source.get(label, "") == alert.get(label, "") for label in rule.equal)
        if same and _fits(rule.source, source) and not (both_sides and _fits(rule.target, source)):
            yield source


def _fits(matchers: tuple[Matcher, ...], labels: Labels) -> bool:
    return all(matcher.holds(labels.get(matcher.name, "")) for matcher in matchers)
