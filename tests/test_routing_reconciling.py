"""Which incidents stay open for ever, told as stories with times: what fires, what is seen, what must be closed."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from watchkeeper.formats.alertmanager_reading import Matcher, read
from watchkeeper.routing.reconciling import SPARE, Incident, Observation, due, observe

CONFIGURATION = read("""
route:
  receiver: chat
  group_by: [alertname]
  routes:
  - matchers: ['severity="high"']
    receiver: pager
    group_interval: 1m
    active_time_intervals: [office]
    continue: true
  - {matchers: ['severity="high"'], receiver: chat}
  - {matchers: ['severity="critical"'], receiver: night, group_interval: 30s}
receivers:
- {name: pager, pagerduty_configs: [{routing_key_file: pager}]}
- {name: night, pagerduty_configs: [{routing_key_file: night}]}
- {name: chat, slack_configs: [{api_url_file: chat}]}
time_intervals:
- name: office
  time_intervals: [{weekdays: ['monday:friday'], times: [{start_time: 09:00, end_time: 17:00}], location: UTC}]
inhibit_rules:
- {source_matchers: ['alertname="Down"'], target_matchers: ['kind="symptom"'], equal: [service]}
""")
MONDAY = datetime(2026, 3, 9, tzinfo=UTC)
X = {"alertname": "X", "severity": "high", "kind": "symptom", "service": "a"}
NIGHTLY = {"alertname": "N", "severity": "critical", "kind": "symptom", "service": "a"}
DOWN = {"alertname": "Down", "severity": "critical", "kind": "outage", "service": "a"}
STEP = timedelta(seconds=5)

Labels = dict[str, str]


@dataclass
class Story:
    """Looks at Alertmanager every five seconds, from a moment on; one look is continuous with the one before."""

    at: datetime
    incidents: tuple[Incident, ...] = ()
    closed: list[tuple[str, datetime]] = field(default_factory=list)
    continuous: bool = False

    def see(self, *firing: Labels, seconds: float = 5, silences: tuple[tuple[Matcher, ...], ...] = ()) -> "Story":
        """The same picture for so long. Whatever is due is closed, as the process does it."""
        end = self.at + timedelta(seconds=seconds)
        while self.at < end:
            seen = Observation(self.at, firing, silences, self.continuous)
            self.incidents = observe(self.incidents, seen, CONFIGURATION)
            over = due(self.incidents, self.at)
            self.closed += [(incident.group_key, self.at) for incident in over]
            self.incidents = tuple(incident for incident in self.incidents if incident not in over)
            self.at += STEP
            self.continuous = True
        return self

    def blind(self, seconds: float) -> "Story":
        """Nobody looks."""
        self.at += timedelta(seconds=seconds)
        self.continuous = False
        return self


def begun(hour: int, minute: int, second: int = 0) -> Story:
    """A story whose watcher has been looking for a while, at nothing."""
    return Story(MONDAY + timedelta(hours=hour, minutes=minute, seconds=second - 5)).see()


def at(hour: int, minute: int, second: int = 0) -> datetime:
    return MONDAY + timedelta(hours=hour, minutes=minute, seconds=second)


OPENED = '{}/{severity="high"}:{alertname="X"}'


def test_what_ends_after_hours_is_closed() -> None:
    """Fires at 16:55, is last seen at 17:04:55 and gone at 17:05:00; 60 s + 90 s later it is due."""
    story = begun(16, 55).see(X, seconds=600).see(seconds=600)
    assert story.closed == [(OPENED, at(17, 7, 30))]
    assert story.incidents == ()


def test_what_ends_in_time_is_alertmanagers_own() -> None:
    story = begun(16, 30).see(X, seconds=600).see(seconds=600)
    assert (story.closed, story.incidents) == ([], ())


def test_what_ends_in_time_but_is_flushed_too_late_is_closed() -> None:
    """Heals at 16:59:30; Alertmanager may look up to a minute later, when the hours are over."""
    story = begun(16, 50).see(X, seconds=570).see(seconds=600)
    assert story.closed == [(OPENED, at(17, 2))]


def test_what_was_never_paged_is_left_alone() -> None:
    story = begun(20, 0).see(X, seconds=600).see(seconds=600)
    assert (story.closed, story.incidents) == ([], ())


def test_what_still_fires_in_the_morning_is_paged_and_closed_by_alertmanager() -> None:
    story = begun(16, 55).see(X, seconds=18 * 3600).see(seconds=600)
    assert (story.closed, story.incidents) == ([], ())


def test_what_fires_is_never_closed() -> None:
    story = begun(16, 55).see(X, seconds=3600)
    assert story.closed == []
    assert [incident.gone_since for incident in story.incidents] == [None]


def test_what_comes_back_within_the_wait_stays_open() -> None:
    """Gone for 145 s of the 150; then it fires again, and the wait begins anew when it goes."""
    story = begun(16, 55).see(X, seconds=600).see(seconds=145).see(X, seconds=60)
    assert story.closed == []
    gone = story.at
    assert story.see(seconds=600).closed == [(OPENED, gone + timedelta(seconds=60) + SPARE)]


def test_a_group_is_open_while_any_of_it_fires() -> None:
    other = X | {"service": "b"}
    story = begun(16, 55).see(X, other, seconds=600).see(other, seconds=600)
    assert story.closed == []
    assert len(story.incidents) == 1
    assert len(story.see(seconds=600).closed) == 1


def test_what_heals_while_inhibited_is_closed() -> None:
    """Paged; then the service is down altogether, which silences the symptom; then the symptom heals."""
    story = begun(3, 0).see(NIGHTLY, seconds=300).see(NIGHTLY, DOWN, seconds=300).see(DOWN, seconds=300)
    # 30 s + 90 s after it was gone at 3:10
    assert story.closed == [('{}/{severity="critical"}:{alertname="N"}', at(3, 12))]


def test_what_is_inhibited_just_after_it_healed_is_closed() -> None:
    """Between its end and Alertmanager's next look another alert begins that would have silenced it."""
    story = begun(3, 0).see(NIGHTLY, seconds=300).see(seconds=10).see(DOWN, seconds=60).see(seconds=300)
    assert [key for key, _ in story.closed] == ['{}/{severity="critical"}:{alertname="N"}']


def test_what_heals_after_the_inhibition_is_alertmanagers_own() -> None:
    story = (
        begun(3, 0).see(NIGHTLY, seconds=300).see(NIGHTLY, DOWN, seconds=300).see(NIGHTLY, seconds=60).see(seconds=600)
    )
    assert (story.closed, story.incidents) == ([], ())


def test_what_was_inhibited_all_along_was_never_paged() -> None:
    story = begun(3, 0).see(DOWN, seconds=60).see(NIGHTLY, DOWN, seconds=300).see(DOWN, seconds=600)
    assert story.closed == []
    assert [incident.alerts for incident in story.incidents] == [(DOWN,)]


def test_what_heals_while_silenced_is_closed() -> None:
    silence = ((Matcher("alertname", "N|M", "=~"), Matcher("service", "b", "!=")),)
    story = (
        begun(3, 0)
        .see(NIGHTLY, seconds=300)
        .see(NIGHTLY, seconds=60, silences=silence)
        .see(seconds=300, silences=silence)
    )
    assert len(story.closed) == 1
    other = ((Matcher("alertname", "M", "="),),)
    story = begun(3, 0).see(NIGHTLY, seconds=360, silences=other).see(seconds=300, silences=other)
    assert story.closed == []


def test_after_a_gap_the_wait_begins_anew_and_doubt_closes() -> None:
    """Nobody looked for an hour: the end may have been skipped, and it may be back any moment."""
    story = begun(3, 0).see(NIGHTLY, seconds=300).blind(3600)
    back = story.at
    assert story.see(seconds=600).closed == [
        ('{}/{severity="critical"}:{alertname="N"}', back + timedelta(seconds=30) + SPARE)
    ]


def test_a_gap_while_it_was_gone_starts_the_wait_again() -> None:
    story = begun(16, 55).see(X, seconds=600).see(seconds=100).blind(60)
    back = story.at
    assert story.see(seconds=600).closed == [(OPENED, back + timedelta(seconds=60) + SPARE)]


def test_what_fires_at_the_first_look_may_have_been_paged_before() -> None:
    story = Story(at(20, 0)).see(X, seconds=60).see(seconds=600)
    assert len(story.closed) == 1


def test_what_is_not_closed_is_due_again() -> None:
    """The event could not be sent: at the next look it is due as before."""
    story = begun(16, 55).see(X, seconds=600).see(seconds=145)
    (incident,) = story.incidents
    late = Observation(story.at + timedelta(seconds=5), (), (), continuous=True)
    after = observe(story.incidents, late, CONFIGURATION)
    assert due(after, late.at) == after
    again = Observation(late.at + STEP, (), (), continuous=True)
    assert due(observe(after, again, CONFIGURATION), again.at) == after
    assert replace(after[0], gone_since=None) == replace(incident, gone_since=None)


def test_only_receivers_that_page_have_incidents() -> None:
    story = begun(12, 0).see(X, X | {"severity": "warning"}, seconds=5)
    assert [incident.receiver for incident in story.incidents] == ["pager"]


def test_an_incident_of_a_route_that_is_gone_is_closed() -> None:
    """The configuration changed while it was open: nobody else knows its key any more."""
    story = begun(12, 0).see(X, seconds=60)
    story.incidents = tuple(replace(each, group_key='{}/{old="1"}:{}') for each in story.incidents)
    assert [key for key, _ in story.see(seconds=600).closed] == ['{}/{old="1"}:{}']


@pytest.mark.parametrize("hour", [10, 20])
def test_looking_twice_at_the_same_changes_nothing(hour: int) -> None:
    story = begun(hour, 0).see(X, seconds=60)
    seen = Observation(story.at, (X,), (), continuous=True)
    once = observe(story.incidents, seen, CONFIGURATION)
    assert observe(once, seen, CONFIGURATION) == once
