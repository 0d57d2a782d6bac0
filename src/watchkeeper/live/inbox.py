"""The inbox's small API: what was paged and posted, and which incidents are open."""

from datetime import datetime
from typing import Literal

import msgspec

from watchkeeper.live.connection import Client, Connection, plain_text

Kind = Literal["pagerduty", "slack", "mail", "webhook", "deadman", "rejected"]
Action = Literal["trigger", "acknowledge", "resolve", "message", "reject"]


class InboxMessage(msgspec.Struct, frozen=True):
    id: int
    """Ascending from 1 in the order of arrival."""
    at: datetime
    kind: Kind
    receiver: str
    action: Action
    dedup_key: str
    severity: str
    summary: str
    source: str
    payload: msgspec.Raw
    """JSON, in a shape of its own for each kind."""


class Incident(msgspec.Struct, frozen=True):
    dedup_key: str
    state: Literal["open", "acknowledged", "resolved"]
    kind: Kind
    receiver: str
    severity: str
    summary: str
    source: str
    opened_at: datetime
    updated_at: datetime
    resolved_at: datetime | None
    events: int


class Heartbeat(msgspec.Struct, frozen=True):
    last_seen: datetime | None
    silent_seconds: float
    alarmed: bool


class Health(msgspec.Struct, frozen=True):
    started: datetime
    newest: int
    """Id of the newest message."""
    deadman: Heartbeat


class Inbox(Client):
    """One inbox process. Every call may raise `LiveError`."""

    def __init__(self, url: str, *, timeout_seconds: float = 10.0) -> None:
        super().__init__(Connection("the inbox", url, None, timeout_seconds))

    def messages(self, *, kind: Kind | None = None, since: int = 0, limit: int = 1000) -> tuple[InboxMessage, ...]:
        """Oldest first: after the id `since` the first `limit`, without it the newest `limit`."""
        query = {"since": str(since), "limit": str(limit)} | ({"kind": kind} if kind else {})
        body = self._connection.get("/api/messages", explain=plain_text, query=query)
        return self._connection.decode(body, tuple[InboxMessage, ...])

    def incidents(self) -> tuple[Incident, ...]:
        """In the order of their opening."""
        body = self._connection.get("/api/incidents", explain=plain_text)
        return self._connection.decode(body, tuple[Incident, ...])

    def health(self) -> Health:
        return self._connection.decode(self._connection.get("/health", explain=plain_text), Health)
