"""Incidents as PagerDuty would show them, read aloud from the messages."""

from datetime import UTC, datetime, timedelta

from watchkeeper.inbox.incidents import Incident, IncidentState, incidents
from watchkeeper.inbox.message import Action, Kind, Message, PagerDutyEvent

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def at(
    second: int,
    action: str,
    key: str = "k",
    *,
    receiver: str = "pagerduty-critical",
    summary: str = "",
    kind: Kind = Kind.PAGERDUTY,
) -> Message:
    return Message(
        id=second,
        at=START + timedelta(seconds=second),
        kind=kind,
        receiver=receiver,
        action=Action(action),
        dedup_key=key,
        severity="critical",
        summary=summary,
        source="alertmanager",
        payload=PagerDutyEvent(),
    )


def seconds(incident: Incident) -> tuple[int, int, int | None]:
    resolved = incident.resolved_at
    return (
        (incident.opened_at - START).seconds,
        (incident.updated_at - START).seconds,
        (resolved - START).seconds if resolved else None,
    )


def test_a_trigger_opens_and_a_resolve_closes() -> None:
    (incident,) = incidents([at(1, "trigger", summary="bad"), at(9, "resolve", summary="good again")])
    assert (incident.state, incident.summary, incident.events) == (IncidentState.RESOLVED, "bad", 2)
    assert seconds(incident) == (1, 9, 9)


def test_a_repeated_trigger_stays_one_incident_with_the_newest_words() -> None:
    (incident,) = incidents([at(1, "trigger", summary="one"), at(5, "trigger", summary="two")])
    assert (incident.state, incident.summary, incident.events) == (IncidentState.OPEN, "two", 2)
    assert seconds(incident) == (1, 5, None)


def test_an_acknowledged_incident_can_be_resolved() -> None:
    first = [at(1, "trigger"), at(2, "acknowledge")]
    assert incidents(first)[0].state is IncidentState.ACKNOWLEDGED
    assert incidents([*first, at(3, "trigger")])[0].state is IncidentState.ACKNOWLEDGED
    assert incidents([*first, at(3, "resolve")])[0].state is IncidentState.RESOLVED


def test_a_trigger_after_the_resolve_is_a_new_incident() -> None:
    found = incidents([at(1, "trigger"), at(2, "resolve"), at(3, "trigger")])
    assert [(one.state, seconds(one)) for one in found] == [
        (IncidentState.RESOLVED, (1, 2, 2)),
        (IncidentState.OPEN, (3, 3, None)),
    ]


def test_a_late_word_does_not_open_a_closed_incident() -> None:
    (incident,) = incidents([at(1, "trigger"), at(2, "resolve"), at(3, "acknowledge"), at(4, "resolve")])
    assert (incident.state, incident.events) == (IncidentState.RESOLVED, 4)
    assert seconds(incident) == (1, 4, 2)


def test_a_resolve_of_nothing_is_nothing() -> None:
    assert incidents([at(1, "resolve"), at(2, "acknowledge", "other")]) == ()


def test_keys_and_receivers_keep_incidents_apart_in_order_of_opening() -> None:
    found = incidents([at(1, "trigger", "a"), at(2, "trigger", "b"), at(3, "trigger", "a", receiver="pagerduty-high")])
    assert [(one.dedup_key, one.receiver) for one in found] == [
        ("a", "pagerduty-critical"),
        ("b", "pagerduty-critical"),
        ("a", "pagerduty-high"),
    ]


def test_the_dead_mans_alarm_is_an_incident_and_slack_messages_are_none() -> None:
    found = incidents([at(1, "trigger", kind=Kind.DEADMAN), at(2, "message", kind=Kind.SLACK)])
    assert [one.kind for one in found] == [Kind.DEADMAN]
