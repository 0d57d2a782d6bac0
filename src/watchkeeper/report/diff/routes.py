"""Routing itself: where receivers send, when, how often they repeat, and what silences what.

Who hears of an alert at some hour is told with the alert.
"""

from collections.abc import Iterator

from watchkeeper.model import (
    DAY_MINUTES,
    Catalog,
    Inhibition,
    Mail,
    PagerDuty,
    Period,
    Receiver,
    Route,
    Schedule,
    Slack,
    Webhook,
    in_words,
)
from watchkeeper.report.diff.change import Change, Meaning, both
from watchkeeper.report.diff.pairing import pairs

_WEEK_MINUTES = 7 * DAY_MINUTES


def changes(old: Catalog, new: Catalog) -> Iterator[Change]:
    yield from _receivers(old, new)
    yield from _routes(old, new)
    yield from _silences(old, new)


def _receivers(old: Catalog, new: Catalog) -> Iterator[Change]:
    for pair in pairs(old.receivers, new.receivers, lambda receiver: receiver.name):
        if pair.old != pair.new:
            told = both(_destination, pair.old, pair.new)
            yield Change(Meaning.OTHER, f"receiver {pair.name}", *told, "messages go somewhere else")


def _destination(receiver: Receiver | None) -> str:
    if receiver is None:
        return ""
    match receiver.sends:
        case PagerDuty():
            return f"PagerDuty with {receiver.sends.routing_key_file}"
        case Slack():
            return f"Slack {receiver.sends.channel} with {receiver.sends.url_file}"
        case Mail():
            return f"mail to {', '.join(receiver.sends.to)}"
        case Webhook():
            return f"webhook {receiver.sends.address}"
        case None:
            return "the console only"


# --- when and how often -----------------------------------------------------------------------------


def _routes(old: Catalog, new: Catalog) -> Iterator[Change]:
    if old.timezone != new.timezone:
        yield Change(Meaning.OTHER, "time zone", old.timezone, new.timezone, "every schedule is read in it")
    for pair in pairs(old.routing.routes, new.routing.routes, _name):
        if pair.both:
            before, after = pair.both
            yield from _repeats(f"route {pair.name}", before, after)
            yield from _hours(f"route {pair.name}", _sending(old, before), _sending(new, after))


def _repeats(subject: str, old: Route, new: Route) -> Iterator[Change]:
    before, after = old.timing.repeat_interval, new.timing.repeat_interval
    if before != after:
        told = both(lambda interval: f"again after {interval.words}", before, after)
        meaning = Meaning.QUIETER if after > before else Meaning.LOUDER
        yield Change(meaning, subject, *told, "how often what still fires is told again")


def _hours(subject: str, before: frozenset[int], after: frozenset[int]) -> Iterator[Change]:
    if before == after:
        return
    if len(before) == len(after):
        meaning, why = Meaning.OTHER, "at other hours"
    elif len(after) < len(before):
        meaning, why = Meaning.QUIETER, "what begins outside these hours waits for them"
    else:
        meaning, why = Meaning.LOUDER, "it sends at more hours"
    yield Change(meaning, subject, *both(lambda minutes: f"{len(minutes) / 60:.4g} h of a week", before, after), why)


def _sending(catalog: Catalog, route: Route) -> frozenset[int]:
    """The minutes of a week in which a route sends."""
    schedules = {schedule.name: schedule for schedule in catalog.schedules}
    active = _minutes(schedules[name] for name in route.active) if route.active else frozenset(range(_WEEK_MINUTES))
    return active - _minutes(schedules[name] for name in route.mute)


def _minutes(schedules: Iterator[Schedule]) -> frozenset[int]:
    return frozenset(minute for each in schedules for period in each.periods for minute in _of_period(period))


def _of_period(period: Period) -> Iterator[int]:
    for day in period.weekdays:
        for hours in period.hours:
            yield from range(day * DAY_MINUTES + hours.start, day * DAY_MINUTES + hours.end)


# --- what silences what -----------------------------------------------------------------------------


def _silences(old: Catalog, new: Catalog) -> Iterator[Change]:
    before, after = old.routing.inhibitions, new.routing.inhibitions
    for gone in (each for each in before if each not in after):
        yield Change(Meaning.LOUDER, in_words(gone.target), _said(gone), "", "no longer silent while this fires")
    for added in (each for each in after if each not in before):
        yield Change(Meaning.QUIETER, in_words(added.target), "", _said(added), "silent while this fires")


def _said(inhibition: Inhibition) -> str:
    return f"{in_words(inhibition.source)} for the same {', '.join(inhibition.equal)}"


def _name(route: Route) -> str:
    """What it takes and whom it tells: several routes may take the same."""
    return f"{in_words(route.match) or 'all'} to {', '.join(route.receivers)}"
