"""Alerts as they are compiled: gone and new ones, how loud, who is told, how late, beyond which threshold."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from watchkeeper import conventions
from watchkeeper.compile import log_rules, rules
from watchkeeper.formats.prometheus import Alerting
from watchkeeper.model import Alert, Catalog, Comparison, Priority, Service, Severity
from watchkeeper.quantity import Duration, Measure, Quantity
from watchkeeper.report.diff.change import Change, Meaning, both
from watchkeeper.report.diff.hearing import told, words
from watchkeeper.report.diff.pairing import Pair, Sides, pairs, sides

_LOUDNESS = tuple(reversed(Severity))
_TEXTS = ("summary", "impact", "actions", "escalation", "runbook", "dashboard")


@dataclass(frozen=True, slots=True)
class Compiled:
    catalog: Catalog
    service: str
    rule: Alerting

    @property
    def name(self) -> str:
        about = self.labels.get("slo")
        return self.rule.alert + (f" ({about})" if about else "")

    @property
    def labels(self) -> dict[str, str]:
        return dict(self.rule.labels) | {"alertname": self.rule.alert}

    @property
    def severity(self) -> Severity:
        return Severity(self.labels["severity"])

    @property
    def weight(self) -> int:
        """Critical ones matter most."""
        return _LOUDNESS.index(self.severity)

    @property
    def detection(self) -> Duration | None:
        seconds = dict(self.rule.annotations).get(conventions.DETECTION_SECONDS)
        return None if seconds is None else Duration(Decimal(seconds))

    @property
    def asks(self) -> str:
        return self.neutral(self.rule.expr)

    def neutral(self, text: str) -> str:
        """Without the service's name: that another one is called otherwise says nothing about its alerts."""
        return text.replace(self.service, "SERVICE")

    @property
    def told(self) -> frozenset[str]:
        return told(self.catalog, self.labels)


def changes(old: Catalog, new: Catalog) -> Iterator[Change]:
    for side in sides(old, new):
        yield from _of_service(side)


def compiled(catalog: Catalog, service: Service) -> tuple[Compiled, ...]:
    """All alerts of a service, those of its objectives and logs among them."""
    alone = replace(catalog, services=(service,))
    return tuple(Compiled(catalog, service.name, rule) for rule in rules.compiled(alone).alerts)


def _of_service(side: Sides) -> Iterator[Change]:
    found = list(pairs(compiled(side.old, side.before), compiled(side.new, side.after), lambda each: each.name))
    renamed = dict(_renamed(found))
    for pair in found:
        if pair.both:
            yield from _changed(side.prefix, *pair.both)
        elif pair.old is not None and pair.old.name not in renamed:
            yield _gone(side.prefix, pair.old)
        elif pair.new is not None and pair.new.name not in {each.name for each in renamed.values()}:
            yield _new(side.prefix, pair.new)
    for before, after in renamed.items():
        yield Change(Meaning.OTHER, f"{side.prefix}{before}", before, after.name, "renamed; silences and links name it")
        yield from _changed(side.prefix, next(p.old for p in found if p.old and p.old.name == before), after)
    yield from _thresholds(side)


def _renamed(found: list[Pair[Compiled]]) -> Iterator[tuple[str, Compiled]]:
    """An alert that asks exactly what one asked that is gone."""
    new = {pair.new.asks: pair.new for pair in found if pair.new is not None and pair.old is None}
    for pair in found:
        if pair.old is not None and pair.new is None and pair.old.asks in new:
            yield pair.old.name, new.pop(pair.old.asks)


def _gone(prefix: str, alert: Compiled) -> Change:
    heard = alert.severity is not Severity.INFO
    why = dict(alert.rule.annotations)["summary"] if heard else "it was shown only"
    meaning = Meaning.BLIND if heard else Meaning.OTHER
    return Change(
        meaning, f"{prefix}{alert.name}", _loudness(alert), "", f"nobody is told any more: {why}", alert.weight
    )


def _new(prefix: str, alert: Compiled) -> Change:
    meaning = Meaning.OTHER if alert.severity is Severity.INFO else Meaning.LOUDER
    why = dict(alert.rule.annotations)["summary"]
    return Change(meaning, f"{prefix}{alert.name}", "", _loudness(alert), why, alert.weight)


def _loudness(alert: Compiled) -> str:
    priority = alert.labels.get("priority")
    return f"{alert.severity}{f' {priority}' if priority else ''} to {words(alert.told)}"


# --- the same alert before and after ----------------------------------------------------------------


def _changed(prefix: str, old: Compiled, new: Compiled) -> Iterator[Change]:
    subject = f"{prefix}{new.name}"
    yield from _louder(subject, old, new)
    yield from _later(subject, old, new)
    before, after = ({name: each.neutral(text) for name, text in each.rule.annotations} for each in (old, new))
    texts = [name for name in _TEXTS if before.get(name) != after.get(name)]
    if texts:
        yield Change(Meaning.OTHER, subject, "", "", f"says something else: {', '.join(texts)}", new.weight)
    if old.labels["component"] != new.labels["component"] or old.labels["team"] != new.labels["team"]:
        owners = both(lambda each: f"{each.labels['team']}, {each.labels['component']}", old, new)
        yield Change(Meaning.OTHER, subject, *owners, "another team or component", new.weight)


def _louder(subject: str, old: Compiled, new: Compiled) -> Iterator[Change]:
    """How it is told: by severity, then priority, then by who hears it."""
    weight = max(old.weight, new.weight)
    ranks = [(each.weight, _rank(each)) for each in (old, new)]
    if ranks[0] != ranks[1]:
        louder = ranks[1] > ranks[0]
        meaning = Meaning.LOUDER if louder else Meaning.QUIETER
        why = "it is more urgent than it was" if louder else "it is less urgent than it was"
        yield Change(meaning, subject, _loudness(old), _loudness(new), why, weight)
        return
    lost, won = old.told - new.told, new.told - old.told
    if not (lost or won):
        return
    if not new.told:
        meaning, why = Meaning.BLIND, "nobody is told any more"
    elif lost and won:
        meaning, why = Meaning.OTHER, "others are told"
    elif lost:
        meaning, why = Meaning.QUIETER, f"no longer told: {words(lost)}"
    else:
        meaning, why = Meaning.LOUDER, f"told, too: {words(won)}"
    yield Change(meaning, subject, words(old.told), words(new.told), why, weight)


def _rank(alert: Compiled) -> int:
    priority = alert.labels.get("priority")
    order = (None, Priority.P1, Priority.P0)
    return order.index(Priority(priority) if priority else None)


def _later(subject: str, old: Compiled, new: Compiled) -> Iterator[Change]:
    before, after = old.detection, new.detection
    if before is None or after is None or before == after:
        return
    later = after > before
    by = after - before if later else before - after
    yield Change(
        Meaning.LATER if later else Meaning.EARLIER,
        subject,
        f"at most {before.words}",
        f"at most {after.words}",
        f"{by.words} {'later' if later else 'earlier'} after everything fails",
        new.weight,
    )


# --- thresholds, which only definitions know --------------------------------------------------------


def _thresholds(side: Sides) -> Iterator[Change]:
    for pair in pairs(_written(side.before), _written(side.after), lambda alert: alert.name):
        if pair.both:
            yield from _threshold(side.prefix, *pair.both)


def _written(service: Service) -> Iterator[Alert]:
    yield from service.alerts
    for alert in service.log_alerts:
        yield log_rules.as_alert(alert, None)
        if alert.ratio is not None:
            yield log_rules.as_alert(alert, alert.ratio)


def _threshold(prefix: str, old: Alert, new: Alert) -> Iterator[Change]:
    subject, weight = f"{prefix}{new.name}", _LOUDNESS.index(new.severity)
    before, after = old.threshold, new.threshold
    if (before.comparison, before.unit) == (after.comparison, after.unit) and before != after:
        looser = (after.value > before.value) is (after.comparison is Comparison.ABOVE)
        meaning, why = (
            (Meaning.QUIETER, "looser: more must be wrong before it fires")
            if looser
            else (Meaning.LOUDER, "tighter: it fires at less")
        )
        yield Change(meaning, subject, _limit(old), _limit(new), why, weight)
    elif before != after:
        yield Change(Meaning.OTHER, subject, _limit(old), _limit(new), "it compares with something else", weight)
    for what, one, other in (("value", old.value, new.value), ("guard", old.guard, new.guard)):
        if one != other:
            yield Change(Meaning.OTHER, subject, one, other, f"its {what} asks something else", weight)


def _limit(alert: Alert) -> str:
    limit = Quantity(alert.threshold.value, Measure(alert.threshold.unit.value))
    return f"{alert.threshold.comparison} {limit}"
