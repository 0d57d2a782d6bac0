"""When a route sends (alertmanager: timeinterval/timeinterval.go). Ends are exclusive, days are those of the zone."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

from watchkeeper.formats.alertmanager_reading import Configuration, Route, Span
from watchkeeper.routing.groups import Labels, deliveries

Intervals: TypeAlias = Mapping[str, tuple[Span, ...]]


def covers(spans: Iterable[Span], at: datetime) -> bool:
    """Whether an instant lies in any of the spans. `at` must know its time zone."""
    return any(_covers(span, at.astimezone(ZoneInfo(span.location))) for span in spans)


def sends(route: Route, intervals: Intervals, at: datetime) -> bool:
    """Whether a route is active and not muted at an instant."""
    active = not route.active or any(covers(intervals[name], at) for name in route.active)
    return active and not any(covers(intervals[name], at) for name in route.mute)


def resting(configuration: Configuration, labels: Labels, at: datetime) -> tuple[str, ...]:
    """Receivers on an alert's way of which no route sends at an instant, each once."""
    taken = deliveries(configuration.root, labels)
    awake = {one.receiver for one in taken if sends(one.route, configuration.intervals, at)}
    return tuple(dict.fromkeys(one.receiver for one in taken if one.receiver not in awake))


def _covers(span: Span, local: datetime) -> bool:
    minute = local.hour * 60 + local.minute
    day = local.isoweekday() % 7
    hours = not span.minutes or any(start <= minute < end for start, end in span.minutes)
    return hours and (not span.weekdays or day in span.weekdays)
