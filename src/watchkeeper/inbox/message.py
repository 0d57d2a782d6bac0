"""What the inbox keeps: every message that arrived, accepted or not, in one shape."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """Which door a message came through; `deadman` is the inbox's own, `rejected` what no real service would take."""

    PAGERDUTY = "pagerduty"
    SLACK = "slack"
    MAIL = "mail"
    WEBHOOK = "webhook"
    DEADMAN = "deadman"
    REJECTED = "rejected"


class Action(StrEnum):
    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    MESSAGE = "message"
    REJECT = "reject"


class Link(msgspec.Struct, frozen=True):
    href: str
    text: str = ""


class PagerDutyEvent(msgspec.Struct, frozen=True, tag="pagerduty"):
    """What an event says beyond the message's own fields. Alertmanager's details are texts before 0.30, lists after."""

    client: str = ""
    client_url: str = ""
    component: str = ""
    group: str = ""
    class_: str = msgspec.field(name="class", default="")
    timestamp: str = ""
    custom_details: dict[str, msgspec.Raw] = {}
    links: tuple[Link, ...] = ()


class SlackAttachment(msgspec.Struct, frozen=True):
    title: str = ""
    title_link: str = ""
    text: str = ""
    fallback: str = ""
    color: str = ""


class SlackMessage(msgspec.Struct, frozen=True, tag="slack"):
    text: str = ""
    attachments: tuple[SlackAttachment, ...] = ()
    blocks: tuple[str, ...] = ()
    """The text of each block that has one."""


class Mail(msgspec.Struct, frozen=True, tag="mail"):
    sender: str
    recipients: tuple[str, ...]
    text: str = ""
    html: str = ""
    """Source, never shown as a page."""


class WebhookAlert(msgspec.Struct, frozen=True, rename="camel"):
    status: str
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime
    ends_at: datetime
    fingerprint: str


class AlertmanagerWebhook(msgspec.Struct, frozen=True, tag="webhook", rename="camel"):
    receiver: str
    group_key: str
    external_url: str
    group_labels: dict[str, str]
    common_labels: dict[str, str]
    common_annotations: dict[str, str]
    alerts: tuple[WebhookAlert, ...]
    truncated_alerts: int


class MissedHeartbeat(msgspec.Struct, frozen=True, tag="deadman"):
    last_seen: datetime | None
    """None: never since the inbox started."""
    silent_seconds: float


class Rejection(msgspec.Struct, frozen=True, tag="rejected"):
    door: str
    status: int
    """What the sender was answered."""
    reasons: tuple[str, ...]
    excerpt: str
    """The beginning of what was sent, known secrets masked."""


Payload = PagerDutyEvent | SlackMessage | Mail | AlertmanagerWebhook | MissedHeartbeat | Rejection


class Message(msgspec.Struct, frozen=True):
    """One stored message. Ids ascend from 1 without gaps, in the order of arrival."""

    id: int
    at: datetime
    kind: Kind
    receiver: str
    """Name of the secret that was used; empty when none was recognised."""
    action: Action
    dedup_key: str
    severity: str
    summary: str
    source: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class Draft:
    """A message before the store gave it its id and time."""

    kind: Kind
    receiver: str
    action: Action
    summary: str
    payload: Payload
    dedup_key: str = ""
    severity: str = ""
    source: str = ""

    def stored(self, identifier: int, at: datetime) -> Message:
        return Message(
            id=identifier,
            at=at,
            kind=self.kind,
            receiver=self.receiver,
            action=self.action,
            dedup_key=self.dedup_key,
            severity=self.severity,
            summary=self.summary,
            source=self.source,
            payload=self.payload,
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """What the real service would answer."""

    status: int
    body: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to store, and what to answer once it is stored."""

    draft: Draft
    reply: Reply


EXCERPT_LIMIT = 2000


def rejected(door: str, reply: Reply, reasons: tuple[str, ...], *, body: bytes, receiver: str = "") -> Verdict:
    """A refusal that is kept, so that nobody wonders where a message went."""
    excerpt = body[:EXCERPT_LIMIT].decode("utf-8", "replace")
    payload = Rejection(door, reply.status, reasons, excerpt)
    return Verdict(Draft(Kind.REJECTED, receiver, Action.REJECT, "; ".join(reasons), payload, source=door), reply)
