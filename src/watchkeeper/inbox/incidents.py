"""PagerDuty's view of the messages: one incident per deduplication key, open until it is resolved."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from watchkeeper.inbox.message import Action, Kind, Message

_INCIDENTS = frozenset({Kind.PAGERDUTY, Kind.DEADMAN})


class IncidentState(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Incident(msgspec.Struct, frozen=True):
    dedup_key: str
    state: IncidentState
    kind: Kind
    receiver: str
    severity: str
    summary: str
    source: str
    opened_at: datetime
    updated_at: datetime
    resolved_at: datetime | None
    events: int
    """How many messages belong to it."""


def incidents(messages: Iterable[Message]) -> tuple[Incident, ...]:
    """Incidents in the order of their opening. A trigger after a resolve opens a new one, as at PagerDuty."""
    past: list[Incident] = []
    current: dict[tuple[str, str], Incident] = {}
    for message in messages:
        if message.kind not in _INCIDENTS:
            continue
        key = (message.receiver, message.dedup_key)
        known = current.get(key)
        if message.action is Action.TRIGGER and (known is None or known.state is IncidentState.RESOLVED):
            past += [known] if known else []
            current[key] = _opened(message)
        elif known is not None:
            current[key] = _continued(known, message)
    return tuple(sorted((*past, *current.values()), key=lambda incident: incident.opened_at))


def _opened(message: Message) -> Incident:
    return Incident(
        dedup_key=message.dedup_key,
        state=IncidentState.OPEN,
        kind=message.kind,
        receiver=message.receiver,
        severity=message.severity,
        summary=message.summary,
        source=message.source,
        opened_at=message.at,
        updated_at=message.at,
        resolved_at=None,
        events=1,
    )


def _continued(incident: Incident, message: Message) -> Incident:
    counted = msgspec.structs.replace(incident, events=incident.events + 1, updated_at=message.at)
    if incident.state is IncidentState.RESOLVED:
        return counted
    if message.action is Action.RESOLVE:
        return msgspec.structs.replace(counted, state=IncidentState.RESOLVED, resolved_at=message.at)
    if message.action is Action.ACKNOWLEDGE:
        return msgspec.structs.replace(counted, state=IncidentState.ACKNOWLEDGED)
    return msgspec.structs.replace(counted, severity=message.severity, summary=message.summary)
