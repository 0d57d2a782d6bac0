"""Alertmanager's own webhook format (version 4), as a plain receiver and as the heartbeat of the dead-man's switch."""

import msgspec

from watchkeeper.inbox.keyring import Keyring
from watchkeeper.inbox.message import (
    Action,
    AlertmanagerWebhook,
    Draft,
    Kind,
    Reply,
    Verdict,
    WebhookAlert,
    rejected,
)

BODY_LIMIT = 4 * 1024 * 1024
_PLAIN = "text/plain"


class Notification(msgspec.Struct, rename="camel"):
    """Version 4; newer Alertmanagers add fields, which are let through unread."""

    version: str
    receiver: str
    status: str
    group_key: str
    alerts: tuple[WebhookAlert, ...]
    group_labels: dict[str, str]
    common_labels: dict[str, str]
    common_annotations: dict[str, str]
    external_url: str = msgspec.field(name="externalURL")
    truncated_alerts: int = 0


def validate(body: bytes) -> Notification | str:
    """The notification, or what is wrong with it."""
    if len(body) > BODY_LIMIT:
        return f"the body is longer than {BODY_LIMIT} bytes"
    try:
        notification = msgspec.json.decode(body, type=Notification)
    except (ValueError, RecursionError) as error:
        return str(error)
    if notification.version != "4":
        return f"version is {notification.version!r}, expected '4'"
    if notification.status not in {"firing", "resolved"}:
        return f"status is {notification.status!r}, expected 'firing' or 'resolved'"
    return notification


def receive(secret: str, body: bytes, keyring: Keyring) -> Verdict:
    receiver = keyring.webhook(secret)
    if not receiver:
        return refused("webhook", 404, "no webhook has this address", body)
    notification = validate(body)
    if isinstance(notification, str):
        return refused("webhook", 400, notification, body, receiver)
    labels = notification.common_labels
    draft = Draft(
        kind=Kind.WEBHOOK,
        receiver=receiver,
        action=Action.TRIGGER if notification.status == "firing" else Action.RESOLVE,
        summary=notification.common_annotations.get("summary") or labels.get("alertname", ""),
        payload=_payload(notification),
        dedup_key=notification.group_key,
        severity=labels.get("severity", ""),
        source=notification.external_url,
    )
    return Verdict(draft, Reply(200, "ok", _PLAIN))


def refused(door: str, status: int, reason: str, body: bytes, receiver: str = "") -> Verdict:
    return rejected(door, Reply(status, reason, _PLAIN), (reason,), body=body, receiver=receiver)


def _payload(notification: Notification) -> AlertmanagerWebhook:
    return AlertmanagerWebhook(
        receiver=notification.receiver,
        group_key=notification.group_key,
        external_url=notification.external_url,
        group_labels=notification.group_labels,
        common_labels=notification.common_labels,
        common_annotations=notification.common_annotations,
        alerts=notification.alerts,
        truncated_alerts=notification.truncated_alerts,
    )
