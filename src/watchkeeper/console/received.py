"""Which notifications arrived, from the inbox's messages."""

import re
from typing import Protocol

from watchkeeper.console.facts import Message
from watchkeeper.live.inbox import InboxMessage

KEPT = 1000
_CHANNELS = {
    "pagerduty": "PagerDuty",
    "slack": "Slack",
    "mail": "e-mail",
    "webhook": "webhook",
    "deadman": "dead-man's switch",
}
_PAGING = frozenset({"pagerduty", "deadman"})
_TITLE = re.compile(r"\[(?P<state>[^\]]*)\] (?P<alert>\S+)")


class Stored(Protocol):
    """`live.inbox.Inbox`, as far as it is used here."""

    def messages(self, *, limit: int) -> tuple[InboxMessage, ...]: ...


class Received:
    """`sources.Inbox` of a running inbox. Every call may raise `LiveError`."""

    def __init__(self, inbox: Stored) -> None:
        self._inbox = inbox

    def messages(self) -> tuple[Message, ...]:
        """Newest first. Refused messages told nobody anything and are left out."""
        stored = self._inbox.messages(limit=KEPT)
        return tuple(_message(one) for one in reversed(stored) if one.kind in _CHANNELS)


def _message(stored: InboxMessage) -> Message:
    title = _TITLE.match(stored.summary)
    state = title["state"] if title else ""
    channel = _CHANNELS[stored.kind]
    return Message(
        at=stored.at.timestamp(),
        channel=channel if stored.kind == "deadman" else f"{channel} ({stored.receiver})",
        alert=title["alert"] if title else "",
        title=stored.summary,
        firing=stored.action != "resolve" and state != "resolved",
        page=stored.kind in _PAGING and stored.action == "trigger",
    )
