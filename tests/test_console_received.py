"""Stored messages as notifications people got."""

from datetime import UTC, datetime

import msgspec
import pytest

from watchkeeper.console.received import Received
from watchkeeper.live.inbox import Action, InboxMessage, Kind

AT = datetime(2026, 11, 23, 14, 3, 0, tzinfo=UTC)
TITLE = "[critical] ServiceOutage llm-copilot-agent demo"


def stored(kind: Kind, action: Action, summary: str = TITLE, number: int = 1) -> InboxMessage:
    return InboxMessage(number, AT, kind, "the-receiver", action, "key", "critical", summary, "", msgspec.Raw(b"{}"))


class Shelf:
    def __init__(self, *messages: InboxMessage) -> None:
        self._messages = messages

    def messages(self, *, limit: int) -> tuple[InboxMessage, ...]:
        return self._messages[-limit:]


@pytest.mark.parametrize(
    ("message", "channel", "firing", "page"),
    [
        (stored("pagerduty", "trigger"), "PagerDuty (the-receiver)", True, True),
        (stored("pagerduty", "resolve", "[resolved] ServiceOutage s demo"), "PagerDuty (the-receiver)", False, False),
        (stored("slack", "message"), "Slack (the-receiver)", True, False),
        (stored("slack", "message", "[resolved] ServiceOutage s demo"), "Slack (the-receiver)", False, False),
        (stored("mail", "message"), "e-mail (the-receiver)", True, False),
        (stored("mail", "message", "[resolved] ServiceOutage s demo"), "e-mail (the-receiver)", False, False),
        (stored("webhook", "message"), "webhook (the-receiver)", True, False),
    ],
)
def test_a_message_says_where_it_went_and_whether_it_paged(
    message: InboxMessage, channel: str, firing: bool, page: bool
) -> None:
    (told,) = Received(Shelf(message)).messages()
    assert (told.channel, told.firing, told.page, told.alert) == (channel, firing, page, "ServiceOutage")
    assert told.at == AT.timestamp()


def test_the_dead_mans_switch_pages_about_no_alert() -> None:
    (told,) = Received(Shelf(stored("deadman", "trigger", "No heartbeat for 60 s"))).messages()
    assert (told.channel, told.page, told.alert) == ("dead-man's switch", True, "")


def test_newest_first_and_refused_ones_left_out() -> None:
    first, refused, last = (
        stored("slack", "message", "a"),
        stored("rejected", "reject", "b"),
        stored("slack", "message", "c"),
    )
    assert [told.title for told in Received(Shelf(first, refused, last)).messages()] == ["c", "a"]
