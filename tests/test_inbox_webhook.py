"""Alertmanager's webhook format, as a door of its own."""

import json
from pathlib import Path

import pytest

from watchkeeper.inbox.keyring import Keyring
from watchkeeper.inbox.message import Action, AlertmanagerWebhook, Kind
from watchkeeper.inbox.webhook import BODY_LIMIT, Notification, receive, validate

Json = dict[str, object]


def notification(**changes: object) -> Json:
    alert = {
        "status": "firing",
        "labels": {"alertname": "Watchdog"},
        "annotations": {"summary": "Alerts can leave."},
        "startsAt": "2026-01-02T03:04:05.678901234Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://127.0.0.1:8462/graph",
        "fingerprint": "c4f1",
    }
    good: Json = {
        "version": "4",
        "receiver": "deadman",
        "status": "firing",
        "groupKey": '{}:{alertname="Watchdog"}',
        "alerts": [alert],
        "groupLabels": {"alertname": "Watchdog"},
        "commonLabels": {"alertname": "Watchdog", "severity": "info"},
        "commonAnnotations": {"summary": "Alerts can leave."},
        "externalURL": "http://127.0.0.1:8463",
        "truncatedAlerts": 0,
    }
    return good | changes


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    (tmp_path / "webhook-team").write_text("secret-of-team")
    return Keyring(tmp_path)


def body(document: object) -> bytes:
    return json.dumps(document).encode()


def test_a_notification_is_kept(keyring: Keyring) -> None:
    verdict = receive("secret-of-team", body(notification()), keyring)
    draft = verdict.draft
    assert verdict.reply.status == 200
    assert (draft.kind, draft.receiver, draft.action) == (Kind.WEBHOOK, "webhook-team", Action.TRIGGER)
    assert (draft.summary, draft.severity) == ("Alerts can leave.", "info")
    assert (draft.dedup_key, draft.source) == ('{}:{alertname="Watchdog"}', "http://127.0.0.1:8463")
    assert isinstance(draft.payload, AlertmanagerWebhook)
    assert draft.payload.alerts[0].labels == {"alertname": "Watchdog"}


def test_the_end_of_alerts_is_a_resolve_named_by_the_alert(keyring: Keyring) -> None:
    ended = notification(status="resolved", commonAnnotations={})
    draft = receive("secret-of-team", body(ended), keyring).draft
    assert (draft.action, draft.summary) == (Action.RESOLVE, "Watchdog")


def test_a_field_of_a_newer_alertmanager_is_let_through() -> None:
    assert isinstance(validate(body(notification(notification_reason="first notification"))), Notification)


def test_a_wrong_address_is_not_found(keyring: Keyring) -> None:
    verdict = receive("guess", body(notification()), keyring)
    assert (verdict.reply.status, verdict.draft.summary) == (404, "no webhook has this address")


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (notification(version="5"), "version is '5', expected '4'"),
        (notification(status="on"), "status is 'on', expected 'firing' or 'resolved'"),
        ({"version": "4"}, "Object missing required field `receiver`"),
        (notification(alerts=[{}]), "Object missing required field `status` - at `$.alerts[0]`"),
        (notification(commonLabels={"a": 1}), "Expected `str`, got `int` - at `$.commonLabels[...]`"),
    ],
)
def test_each_mistake_is_named(keyring: Keyring, document: object, reason: str) -> None:
    verdict = receive("secret-of-team", body(document), keyring)
    assert (verdict.reply.status, verdict.reply.body, verdict.draft.receiver) == (400, reason, "webhook-team")


@pytest.mark.parametrize("hostile", [b"", b"[" * 100_000, b'"\xff"'])
def test_hostile_bodies_are_refused(hostile: bytes) -> None:
    assert isinstance(validate(hostile), str)


def test_a_body_that_is_too_long_is_refused() -> None:
    assert validate(b" " * (BODY_LIMIT + 1)) == "the body is longer than 4194304 bytes"
