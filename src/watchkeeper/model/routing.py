"""Who is told, and when: receivers, schedules, teams, and routes from labels to receivers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from watchkeeper.quantity import Duration

Match: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]
"""For each label the values it may have; an alert fits when every label named has one of them."""


def in_words(match: Match) -> str:
    return " ".join(f"{label}={'|'.join(values)}" for label, values in match)


def fits(match: Match, labels: Mapping[str, str]) -> bool:
    return all(labels.get(label) in values for label, values in match)


@dataclass(frozen=True, slots=True)
class PagerDuty:
    routing_key_file: str


@dataclass(frozen=True, slots=True)
class Slack:
    channel: str
    """As people know it, with `#`; the webhook behind `url_file` decides where a message lands."""
    url_file: str


@dataclass(frozen=True, slots=True)
class Mail:
    """The server it leaves by, the sender and the password are the deployment's."""

    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Webhook:
    """A plain Alertmanager webhook on loopback or inside the cluster; the address is the deployment's."""

    address: str
    """Key into `Deployment.webhooks`."""


@dataclass(frozen=True, slots=True)
class Receiver:
    name: str
    sends: PagerDuty | Slack | Mail | Webhook | None
    """None: shown in the console, sent nowhere."""


class Weekday(IntEnum):
    SUNDAY = 0
    MONDAY = 1
    TUESDAY = 2
    WEDNESDAY = 3
    THURSDAY = 4
    FRIDAY = 5
    SATURDAY = 6


DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True, order=True)
class Hours:
    """Minutes of a day; the last one is not included."""

    start: int
    end: int

    @property
    def clock(self) -> tuple[str, str]:
        """As Alertmanager and people write them: `09:00`, `24:00`."""
        start, end = (f"{minutes // 60:02}:{minutes % 60:02}" for minutes in (self.start, self.end))
        return start, end


@dataclass(frozen=True, slots=True)
class Period:
    weekdays: tuple[Weekday, ...]
    hours: tuple[Hours, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """When something holds, in the catalog's time zone: during any of its periods."""

    name: str
    periods: tuple[Period, ...]


@dataclass(frozen=True, slots=True)
class Team:
    name: str
    instead: tuple[tuple[str, str], ...]
    """Shared receiver -> the team's own, which hears of the team's alerts in its place."""


@dataclass(frozen=True, slots=True)
class Timing:
    group_wait: Duration
    group_interval: Duration
    repeat_interval: Duration


@dataclass(frozen=True, slots=True)
class Route:
    """Alerts that fit `match` go to every receiver named, and with `continue_` on to the routes below."""

    match: Match
    receivers: tuple[str, ...]
    timing: Timing
    active: tuple[str, ...] = ()
    """Schedules in which it sends; none: always."""
    mute: tuple[str, ...] = ()
    """Schedules in which it sends nothing."""
    continue_: bool = False


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While a source fires, targets with the same `equal` labels are not sent."""

    source: Match
    target: Match
    equal: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Routing:
    group_by: tuple[str, ...]
    fallback: str
    timing: Timing
    routes: tuple[Route, ...]
    inhibitions: tuple[Inhibition, ...]
    teams: tuple[Team, ...]

    def taking(self, labels: Mapping[str, str]) -> Iterator[Route]:
        """The routes of an alert, in order; none: the fallback alone."""
        for route in self.routes:
            if fits(route.match, labels):
                yield route
                if not route.continue_:
                    return

    def told(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """Names of the receivers that hear of an alert with these labels at some hour, each once."""
        instead = {team.name: dict(team.instead) for team in self.teams}.get(labels.get("team", ""), {})
        shared = [name for route in self.taking(labels) for name in route.receivers] or [self.fallback]
        return tuple(dict.fromkeys(instead.get(name, name) for name in shared))
