"""The inbox, asked over HTTP: which notifications arrived."""

import re
from datetime import datetime

import msgspec

from watchkeeper.console.facts import Message
from watchkeeper.live.connection import Connection, plain_text

KEPT = 1000


class _Message(msgspec.Struct):
    """What is read of a stored message; everything else it holds is the inbox's own."""

    at: datetime
    kind: str
    receiver: str
    action: str
    summary: str


_CHANNELS = {"pagerduty": "PagerDuty", "slack": "Slack", "webhook": "webhook"}
_TITLE = re.compile(r"\[(?P<state>[^\]]*)\] (?P<alert>\S+)")


class Received:
    """`sources.Inbox` of a running inbox. Every call may raise `LiveError`."""

    def __init__(self, url: str, *, timeout_seconds: float = 3.0) -> None:
        self._connection = Connection("the inbox", url, None, timeout_seconds)

    def messages(self) -> tuple[Message, ...]:
        """Newest first; heartbeats and refused messages told nobody anything and are left out."""
        body = self._connection.get("/api/messages", explain=plain_text, query={"limit": str(KEPT)})
        stored = self._connection.decode(body, list[_Message])
        return tuple(_message(message) for message in reversed(stored) if message.kind in _CHANNELS)


def _message(stored: _Message) -> Message:
    title = _TITLE.match(stored.summary)
    state = title["state"] if title else ""
    return Message(
        at=stored.at.timestamp(),
        channel=f"{_CHANNELS[stored.kind]} ({stored.receiver})",
        alert=title["alert"] if title else "",
        title=stored.summary,
        firing=stored.action != "resolve" and state != "resolved",
        page=stored.kind == "pagerduty" and stored.action == "trigger",
    )
