"""An Alertmanager configuration read back: what decides who is told, and where PagerDuty's receivers lead.

Only the forms that 0.27 and newer still recommend are read; a document with others is refused, never half understood.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec
import yaml

from watchkeeper.quantity import Duration, QuantityError

PAGERDUTY_URL = "https://events.pagerduty.com/v2/enqueue"
"""Alertmanager's default."""

_MATCHER = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^"{},\s\\]*))\s*')
_WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")


class UnreadableError(ValueError):
    """The document is no Alertmanager configuration that we understand; the text says why."""


@dataclass(frozen=True, slots=True, order=True)
class Matcher:
    name: str
    value: str
    operator: str
    """`=`, `!=`, `=~` or `!~`. Ordered as Alertmanager orders the matchers of a route: name, value, operator."""

    def holds(self, value: str) -> bool:
        """Of a label's value; a label that is not there counts as empty."""
        if self.operator in {"=", "!="}:
            return (value == self.value) is (self.operator == "=")
        return (re.fullmatch(self.value, value) is not None) is (self.operator == "=~")

    def __str__(self) -> str:
        return f'{self.name}{self.operator}"{_escaped(self.value)}"'


@dataclass(frozen=True, slots=True)
class Route:
    """As in force: what the document leaves out is taken from the route above."""

    receiver: str
    matchers: tuple[Matcher, ...]
    group_by: tuple[str, ...]
    group_wait: Duration
    group_interval: Duration
    repeat_interval: Duration
    active: tuple[str, ...]
    mute: tuple[str, ...]
    continue_: bool
    routes: tuple["Route", ...]


@dataclass(frozen=True, slots=True)
class Span:
    weekdays: tuple[int, ...]
    """0 is Sunday; empty for every day."""
    minutes: tuple[tuple[int, int], ...]
    """Of the day, from and to; the end is not included. Empty for the whole day."""
    location: str
    """IANA name."""


@dataclass(frozen=True, slots=True)
class Inhibition:
    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PagerDuty:
    url: str
    routing_key_file: str


@dataclass(frozen=True, slots=True)
class Receiver:
    name: str
    pagerduty: tuple[PagerDuty, ...]


@dataclass(frozen=True, slots=True)
class Configuration:
    root: Route
    intervals: Mapping[str, tuple[Span, ...]]
    inhibitions: tuple[Inhibition, ...]
    receivers: tuple[Receiver, ...]


def read(text: str) -> Configuration:
    """Raises `UnreadableError`."""
    try:
        # every scalar as it is written: 17:00 would otherwise be a number of base 60
        tree = yaml.load(text, Loader=yaml.CBaseLoader)  # noqa: S506 - it makes texts only
        return _configuration(msgspec.convert(tree, _Document, strict=False))
    except (yaml.YAMLError, msgspec.ValidationError, QuantityError) as error:
        raise UnreadableError(str(error)) from error


class _Strict(msgspec.Struct, forbid_unknown_fields=True):
    """What decides who is told: a key that nobody reads would change the answer."""


class _Route(_Strict):
    receiver: str = ""
    matchers: list[str] = []
    group_by: list[str] = []
    group_wait: str = ""
    group_interval: str = ""
    repeat_interval: str = ""
    active_time_intervals: list[str] = []
    mute_time_intervals: list[str] = []
    continue_: bool = msgspec.field(name="continue", default=False)
    routes: list["_Route"] = []


class _Times(_Strict):
    start_time: str
    end_time: str


class _Span(_Strict):
    weekdays: list[str] = []
    times: list[_Times] = []
    location: str = "UTC"


class _Interval(_Strict):
    name: str
    time_intervals: list[_Span]


class _Inhibition(_Strict):
    source_matchers: list[str]
    target_matchers: list[str]
    equal: list[str] = []


class _Channel(msgspec.Struct):
    routing_key_file: str = ""
    url: str = ""


class _Global(msgspec.Struct):
    pagerduty_url: str = PAGERDUTY_URL


class _Document(msgspec.Struct):
    route: _Route
    receivers: list[dict[str, str | list[_Channel]]]
    global_: _Global = msgspec.field(name="global", default_factory=_Global)
    time_intervals: list[_Interval] = []
    inhibit_rules: list[_Inhibition] = []


_DEFAULTS = Route(
    receiver="",
    matchers=(),
    group_by=(),
    group_wait=Duration.of(seconds=30),
    group_interval=Duration.of(minutes=5),
    repeat_interval=Duration.of(hours=4),
    active=(),
    mute=(),
    continue_=False,
    routes=(),
)


def _configuration(document: _Document) -> Configuration:
    rules = document.inhibit_rules
    return Configuration(
        root=_route(document.route, _DEFAULTS),
        intervals={each.name: tuple(map(_span, each.time_intervals)) for each in document.time_intervals},
        inhibitions=tuple(
            Inhibition(_matchers(rule.source_matchers), _matchers(rule.target_matchers), tuple(rule.equal))
            for rule in rules
        ),
        receivers=tuple(_receiver(receiver, document.global_.pagerduty_url) for receiver in document.receivers),
    )


def _route(written: _Route, above: Route) -> Route:
    own = Route(
        receiver=written.receiver or above.receiver,
        matchers=tuple(sorted(_matchers(written.matchers))),
        group_by=tuple(written.group_by) or above.group_by,
        group_wait=_duration(written.group_wait, above.group_wait),
        group_interval=_duration(written.group_interval, above.group_interval),
        repeat_interval=_duration(written.repeat_interval, above.repeat_interval),
        active=tuple(written.active_time_intervals),
        mute=tuple(written.mute_time_intervals),
        continue_=written.continue_,
        routes=(),
    )
    return replace(own, routes=tuple(_route(route, own) for route in written.routes))


def _duration(text: str, above: Duration) -> Duration:
    return Duration.parse(text) if text else above


def _matchers(texts: list[str]) -> tuple[Matcher, ...]:
    return tuple(map(_matcher, texts))


def _matcher(text: str) -> Matcher:
    found = _MATCHER.fullmatch(text)
    if found is None:
        raise UnreadableError(f'{text!r} is no matcher: name="value", with =, !=, =~ or !~')
    name, operator, quoted, bare = found.groups()
    value = re.sub(r"\\(.)", lambda escape: {"n": "\n"}.get(escape[1], escape[1]), quoted) if bare is None else bare
    return Matcher(name, value, operator)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _span(written: _Span) -> Span:
    return Span(
        weekdays=tuple(day for text in written.weekdays for day in _days(text)),
        minutes=tuple((_minutes(each.start_time), _minutes(each.end_time)) for each in written.times),
        location=written.location,
    )


def _days(text: str) -> range:
    first, _, last = text.partition(":")
    if first not in _WEEKDAYS or (last or first) not in _WEEKDAYS:
        raise UnreadableError(f"{text!r} is no weekday and no range of weekdays")
    return range(_WEEKDAYS.index(first), _WEEKDAYS.index(last or first) + 1)


def _minutes(text: str) -> int:
    if not re.fullmatch(r"[0-9]{2}:[0-5][0-9]", text):
        raise UnreadableError(f"{text!r} is no time of day")
    return int(text[:2]) * 60 + int(text[3:])


def _receiver(written: dict[str, str | list[_Channel]], pagerduty_url: str) -> Receiver:
    channels = written.get("pagerduty_configs", [])
    pagers = (
        PagerDuty(one.url or pagerduty_url, one.routing_key_file) for one in channels if isinstance(one, _Channel)
    )
    return Receiver(str(written["name"]), tuple(pagers))
