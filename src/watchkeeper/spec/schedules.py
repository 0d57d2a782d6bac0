"""Schedules: what must hold of them, and the periods they stand for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from watchkeeper.model import DAY_MINUTES, Hours, Period, Schedule, Severity, Weekday
from watchkeeper.problem import Problem
from watchkeeper.spec import schema
from watchkeeper.spec.definitions import Definitions
from watchkeeper.spec.references import unknown
from watchkeeper.spec.scalars import Pages
from watchkeeper.spec.wording import error

_WHOLE_DAY = (Hours(0, DAY_MINUTES),)


def schedules(services: Sequence[Definitions]) -> Iterator[Problem]:
    """Each says when, itself or through another that does."""
    d = services[0]
    for name, schedule in d.schedules.items():
        if schedule.outside is not None:
            yield from unknown(d, "schedules", schedule.outside, ("schedules", name, "outside"))
            yield from _chained(d, name, schedule.outside)
        elif not schedule.weekdays and not schedule.times:
            yield error(
                "schedule",
                d.key("schedules", name),
                f"schedule `{name}` says neither days nor hours",
                allowed="`weekdays`, `times`, or `outside` with the name of another schedule",
                fix="add `weekdays: monday-friday`, say",
            )


def _chained(d: Definitions, name: str, outside: str) -> Iterator[Problem]:
    other = d.schedules.get(outside)
    if other is not None and other.outside is not None:
        yield error(
            "schedule",
            d.at("schedules", name, "outside"),
            f"schedule `{name}` lies outside `{outside}`, which has no days or hours of its own",
            found=f"`{outside}` lies outside `{other.outside}`",
            allowed="a schedule with `weekdays` or `times`",
            fix=f"name `{other.outside}` where you mean `{name}`"
            if other.outside != name
            else f"give one of the two days and hours of its own: `{name}: {{weekdays: monday-friday}}`",
        )


def resolved(written: Mapping[str, schema.Schedule]) -> tuple[Schedule, ...]:
    """Schedules without problems, those outside another included."""
    return tuple(Schedule(name, _periods(schedule, written)) for name, schedule in written.items())


def _periods(schedule: schema.Schedule, written: Mapping[str, schema.Schedule]) -> tuple[Period, ...]:
    if schedule.outside is not None:
        return tuple(_outside(_own(written[schedule.outside])))
    return (_own(schedule),)


def _own(schedule: schema.Schedule) -> Period:
    days = sorted({day for several in schedule.weekdays for day in several})
    return Period(tuple(days or Weekday), tuple(sorted(schedule.times)) or _WHOLE_DAY)


def _outside(period: Period) -> Iterator[Period]:
    """The other hours of its days, and all hours of the other days."""
    left = tuple(_gaps(period.hours))
    if left:
        yield Period(period.weekdays, left)
    others = tuple(day for day in Weekday if day not in period.weekdays)
    if others:
        yield Period(others, _WHOLE_DAY)


def _gaps(hours: Iterable[Hours]) -> Iterator[Hours]:
    """`hours` ascend."""
    reached = 0
    for each in hours:
        if each.start > reached:
            yield Hours(reached, each.start)
        reached = max(reached, each.end)
    if reached < DAY_MINUTES:
        yield Hours(reached, DAY_MINUTES)


def active(route: schema.Route, d: Definitions) -> tuple[str, ...]:
    """The schedules in which a route sends: those it names, unless high alerts page at every hour."""
    always = d.routing is not None and d.routing.high_pages is Pages.ALWAYS
    return () if always and _pages_high(route, d) else route.active


def _pages_high(route: schema.Route, d: Definitions) -> bool:
    only_high = route.match.get("severity") == (Severity.HIGH,)
    named = (d.receivers.get(name) for name in route.receivers)
    return only_high and any(receiver.pagerduty for receiver in named if receiver)
