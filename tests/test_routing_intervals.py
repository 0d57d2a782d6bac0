"""When a route sends: ends that are not included, days of the zone, and both nights on which the clocks change."""

from datetime import UTC, datetime

import pytest

from watchkeeper import routing
from watchkeeper.formats.alertmanager_reading import Configuration, Span, read

NEW_YORK = "America/New_York"
MAINTENANCE = (Span((0,), ((120, 240),), NEW_YORK),)
OFFICE = (Span((1, 2, 3, 4, 5), ((540, 1020),), NEW_YORK),)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        # Monday 9 March 2026, summer time: New York is four hours behind
        ("2026-03-09T12:59:59", False),
        ("2026-03-09T13:00:00", True),
        ("2026-03-09T20:59:59", True),
        ("2026-03-09T21:00:00", False),
        # Friday 6 March, winter time: five hours behind
        ("2026-03-06T13:59:59", False),
        ("2026-03-06T14:00:00", True),
        ("2026-03-06T21:59:59", True),
        ("2026-03-06T22:00:00", False),
        # Saturday
        ("2026-03-07T15:00:00", False),
    ],
)
def test_business_hours_follow_the_clock_on_the_wall(at: str, expected: bool) -> None:
    assert routing.covers(OFFICE, utc(at)) is expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        # an ordinary Sunday in summer: 02:00 to 04:00 are 06:00 to 08:00 UTC
        ("2026-07-12T05:59:59", False),
        ("2026-07-12T06:00:00", True),
        ("2026-07-12T07:59:59", True),
        ("2026-07-12T08:00:00", False),
        # 8 March 2026: after 01:59:59 EST comes 03:00 EDT; of the two hours one is left, 07:00 to 08:00 UTC
        ("2026-03-08T06:59:59", False),
        ("2026-03-08T07:00:00", True),
        ("2026-03-08T07:59:59", True),
        ("2026-03-08T08:00:00", False),
        # 1 November 2026: 01:00 to 02:00 comes twice and is before the window both times; 02:00 EST is 07:00 UTC
        ("2026-11-01T05:30:00", False),
        ("2026-11-01T06:30:00", False),
        ("2026-11-01T06:59:59", False),
        ("2026-11-01T07:00:00", True),
        ("2026-11-01T08:59:59", True),
        ("2026-11-01T09:00:00", False),
        # Saturday and Monday at the same hour
        ("2026-07-11T07:00:00", False),
        ("2026-07-13T07:00:00", False),
    ],
)
def test_maintenance_on_ordinary_sundays_and_when_the_clocks_change(at: str, expected: bool) -> None:
    assert routing.covers(MAINTENANCE, utc(at)) is expected


def test_without_hours_a_day_is_whole_and_without_days_every_day_counts() -> None:
    saturday = (Span((6,), (), NEW_YORK),)
    assert routing.covers(saturday, utc("2026-03-08T04:59:59"))  # 23:59:59 EST on Saturday
    assert not routing.covers(saturday, utc("2026-03-08T05:00:00"))
    evenings = (Span((), ((1020, 1440),), NEW_YORK),)
    assert routing.covers(evenings, utc("2026-03-08T04:59:59"))
    assert not routing.covers(evenings, utc("2026-03-08T05:00:00"))
    assert not routing.covers((), utc("2026-03-08T05:00:00"))


def test_any_span_of_an_interval_will_do() -> None:
    assert routing.covers((*MAINTENANCE, *OFFICE), utc("2026-03-09T13:00:00"))


CONFIGURATION = """
route:
  receiver: root
  routes:
  - {matchers: ['severity="high"'], receiver: pager, active_time_intervals: [office, weekend], continue: true}
  - {matchers: ['severity="high"'], receiver: chat, mute_time_intervals: [office], continue: true}
  - {matchers: ['severity="high"', 'team="a"'], receiver: pager}
  - {matchers: ['severity="high"'], receiver: mail}
receivers: [{name: root}, {name: pager}, {name: chat}, {name: mail}]
time_intervals:
- name: office
  time_intervals:
  - {weekdays: ['monday:friday'], times: [{start_time: 09:00, end_time: 17:00}], location: America/New_York}
- name: weekend
  time_intervals: [{weekdays: [saturday, sunday], location: America/New_York}]
"""
NOON, EVENING, SATURDAY = "2026-03-09T16:00:00", "2026-03-09T22:00:00", "2026-03-07T16:00:00"


@pytest.fixture(scope="module")
def configuration() -> Configuration:
    return read(CONFIGURATION)


@pytest.mark.parametrize(
    ("at", "sending"),
    [(NOON, [True, False, True]), (EVENING, [False, True, True]), (SATURDAY, [True, True, True])],
)
def test_a_route_sends_in_any_of_its_hours_and_in_none_of_its_rests(
    configuration: Configuration, at: str, sending: list[bool]
) -> None:
    taken = routing.deliveries(configuration.root, {"severity": "high"})
    assert [one.receiver for one in taken] == ["pager", "chat", "mail"]
    assert [routing.sends(one.route, configuration.intervals, utc(at)) for one in taken] == sending


def test_a_receiver_rests_when_no_route_to_it_sends(configuration: Configuration) -> None:
    assert routing.resting(configuration, {"severity": "high"}, utc(EVENING)) == ("pager",)
    assert routing.resting(configuration, {"severity": "high"}, utc(NOON)) == ("chat",)
    # of team a the pager hears by a second route, at every hour
    assert routing.resting(configuration, {"severity": "high", "team": "a"}, utc(EVENING)) == ()
