"""The inbox as a page: incidents, then every message, newest first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import assert_never

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from watchkeeper.inbox.deadman import State
from watchkeeper.inbox.incidents import Incident, IncidentState
from watchkeeper.inbox.message import (
    AlertmanagerWebhook,
    Mail,
    Message,
    MissedHeartbeat,
    PagerDutyEvent,
    Payload,
    Rejection,
    SlackMessage,
)

_TITLE = {
    "pagerduty": "PagerDuty",
    "slack": "Slack",
    "mail": "E-mail",
    "webhook": "Webhook",
    "deadman": "Dead man",
    "rejected": "Refused",
}


@dataclass(frozen=True, slots=True)
class Row:
    message: Message
    title: str
    parts: tuple[tuple[str, str], ...]
    """Name and text of what the message says beyond its first line."""


def render(messages: Sequence[Message], incidents: Sequence[Incident], heartbeat: State) -> str:
    """Both lists oldest first; the page turns them round."""
    return _template().render(
        rows=[Row(message, _TITLE[message.kind], tuple(parts(message.payload))) for message in reversed(messages)],
        incidents=list(reversed(incidents)),
        open=sum(incident.state is not IncidentState.RESOLVED for incident in incidents),
        heartbeat=heartbeat,
        newest=messages[-1].id if messages else 0,
    )


def parts(payload: Payload) -> Iterator[tuple[str, str]]:
    """What is worth reading in a payload; empty parts are left out."""
    return ((name, text) for name, text in _parts(payload) if text.strip())


def _parts(payload: Payload) -> Iterator[tuple[str, str]]:
    match payload:
        case PagerDutyEvent():
            yield from ((name, _text(value)) for name, value in payload.custom_details.items())
            yield "component", payload.component
            yield "group", payload.group
            yield "class", payload.class_
            yield "client", f"{payload.client} {payload.client_url}"
        case SlackMessage():
            yield "text", payload.text
            yield from (("block", text) for text in payload.blocks)
            yield from (("attachment", f"{one.title}\n{one.text}") for one in payload.attachments)
        case Mail():
            yield "from", payload.sender
            yield "to", ", ".join(payload.recipients)
            yield "text", payload.text
            # what a reader of mail sees is in the text; the page of a mail without one is its source
            yield "source", "" if payload.text else payload.html
        case AlertmanagerWebhook():
            yield "group", payload.group_key
            yield from (("alert", f"{one.status} {one.labels}\n{one.annotations}") for one in payload.alerts)
        case MissedHeartbeat():
            yield "last heartbeat", moment(payload.last_seen) if payload.last_seen else "never since the inbox started"
        case Rejection():
            yield "answered", str(payload.status)
            yield from (("reason", reason) for reason in payload.reasons)
            yield "beginning of the body", payload.excerpt
        case _:
            assert_never(payload)


def moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _text(value: msgspec.Raw) -> str:
    """A JSON string as its text, anything else as indented JSON."""
    decoded = msgspec.json.decode(value)
    return decoded if isinstance(decoded, str) else msgspec.json.format(bytes(value), indent=2).decode()


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("watchkeeper.inbox"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["moment"] = moment
    return environment.get_template("inbox.html")
