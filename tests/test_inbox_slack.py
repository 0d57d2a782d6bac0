"""Slack's door: incoming webhooks as Slack takes and refuses them."""

import json
from pathlib import Path
from urllib.parse import urlencode

import pytest

from watchkeeper.inbox.keyring import Keyring, SlackAddress
from watchkeeper.inbox.message import Action, Kind, Rejection, SlackMessage
from watchkeeper.inbox.slack import BODY_LIMIT, receive, validate

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
INCIDENTS = SlackAddress("T01", "B01", "secret-of-incidents")


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    (tmp_path / "slack-incidents").write_text("http://127.0.0.1:8461/slack/services/T01/B01/secret-of-incidents")
    (tmp_path / "slack-reliability").write_text("http://127.0.0.1:8461/slack/services/T01/B02/other-secret\n")
    (tmp_path / "slack-broken").write_text("no address")
    return Keyring(tmp_path)


def body(document: object) -> bytes:
    return json.dumps(document).encode()


def test_a_message_of_alertmanager_is_kept(keyring: Keyring) -> None:
    attachment = {
        "title": "[critical] ServiceOutage",
        "title_link": "http://127.0.0.1:8460",
        "text": "People get errors.",
        "fallback": "[critical] ServiceOutage",
        "color": "danger",
        "mrkdwn_in": ["fallback", "pretext", "text"],
    }
    sent = body({"channel": "#incidents", "username": "Watchkeeper", "attachments": [attachment]})
    verdict = receive(INCIDENTS, JSON, sent, keyring)
    assert (verdict.reply.status, verdict.reply.body, verdict.reply.media_type) == (200, "ok", "text/plain")
    draft = verdict.draft
    assert (draft.kind, draft.receiver, draft.action) == (Kind.SLACK, "slack-incidents", Action.MESSAGE)
    assert (draft.summary, draft.severity) == ("[critical] ServiceOutage", "critical")
    assert isinstance(draft.payload, SlackMessage)
    assert draft.payload.attachments[0].text == "People get errors."


@pytest.mark.parametrize(
    ("address", "status", "word"),
    [
        (SlackAddress("T99", "B01", "secret-of-incidents"), 404, "no_team"),
        (SlackAddress("T01", "B99", "secret-of-incidents"), 404, "no_service"),
        (SlackAddress("T01", "B01", "guess"), 403, "invalid_token"),
        (SlackAddress("T01", "B02", "secret-of-incidents"), 403, "invalid_token"),
    ],
)
def test_a_wrong_address_tells_how_far_it_was_right(
    keyring: Keyring, address: SlackAddress, status: int, word: str
) -> None:
    verdict = receive(address, JSON, body({"text": "hello"}), keyring)
    assert (verdict.reply.status, verdict.reply.body, verdict.draft.kind) == (status, word, Kind.REJECTED)
    assert verdict.draft.receiver == ""


def test_each_channel_has_its_own_address(keyring: Keyring) -> None:
    verdict = receive(SlackAddress("T01", "B02", "other-secret"), JSON, body({"text": "hello"}), keyring)
    assert verdict.draft.receiver == "slack-reliability"


def test_a_refused_message_names_its_channel(keyring: Keyring) -> None:
    draft = receive(INCIDENTS, JSON, b"{}", keyring).draft
    assert isinstance(draft.payload, Rejection)
    assert (draft.receiver, draft.summary, draft.payload.status) == ("slack-incidents", "no_text", 400)


@pytest.mark.parametrize(
    ("document", "word"),
    [
        ({}, "no_text"),
        ({"text": " \n"}, "no_text"),
        ({"text": None, "attachments": [], "blocks": []}, "no_text"),
        ({"attachments": [{"color": "good"}]}, "no_text"),
        ({"text": 7}, "invalid_payload"),
        ({"attachments": {"text": "x"}}, "invalid_payload"),
        ({"attachments": ["x"]}, "invalid_payload"),
        ({"text": "x", "blocks": "x"}, "invalid_payload"),
        (["x"], "invalid_payload"),
        ({"attachments": [{"text": "x"}] * 101}, "too_many_attachments"),
        ({"text": "x", "blocks": [{}]}, "invalid_blocks"),
        ({"text": "x", "blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"blocks": [{"type": "section", "text": {"text": "x" * 3001}}]}, "invalid_blocks"),
        ({"blocks": [{"type": "header", "text": {"text": "x" * 151}}]}, "invalid_blocks"),
        ({"text": "x" * 40_001}, "msg_too_long"),
    ],
)
def test_each_mistake_has_slacks_word_for_it(document: object, word: str) -> None:
    assert validate(JSON, body(document)) == word


@pytest.mark.parametrize(
    "document",
    [
        {"text": "x" * 40_000},
        {"attachments": [{"fallback": "x"}] * 100},
        {"blocks": [{"type": "section", "text": {"text": "x" * 3000}}] * 50},
        {"blocks": [{"type": "header", "text": {"text": "x" * 150}}, {"type": "divider"}]},
    ],
)
def test_everything_up_to_the_limits_is_taken(document: object) -> None:
    assert isinstance(validate(JSON, body(document)), SlackMessage)


@pytest.mark.parametrize("hostile", [b"", b"null", b'"\xff"', b"[" * 100_000, b"text=hello"])
def test_hostile_bodies_are_invalid_payloads(hostile: bytes) -> None:
    assert validate(JSON, hostile) == "invalid_payload"
    assert validate(FORM, hostile) == "invalid_payload"


def test_a_body_that_is_too_long_is_invalid() -> None:
    assert validate(JSON, body({"text": "x"}) + b" " * BODY_LIMIT) == "invalid_payload"


def test_a_form_with_a_payload_is_the_same_as_json() -> None:
    form = urlencode({"payload": json.dumps({"text": "grüße & more"})}).encode()
    assert validate(f"{FORM}; charset=utf-8", form) == SlackMessage(text="grüße & more")


def test_a_form_of_too_many_fields_is_refused() -> None:
    assert validate(FORM, "&".join(f"a{number}=1" for number in range(20)).encode()) == "invalid_payload"


@pytest.mark.parametrize(
    ("document", "summary", "severity"),
    [
        ({"text": "first line\nsecond"}, "first line", ""),
        ({"blocks": [{"type": "divider"}, {"type": "header", "text": {"text": "head"}}]}, "head", ""),
        ({"attachments": [{"fallback": "short", "text": "long", "color": "warning"}]}, "short", "warning"),
        ({"attachments": [{"text": "long", "color": "good"}]}, "long", "info"),
        ({"attachments": [{"text": "long", "color": "#ff0000"}]}, "long", ""),
        ({"text": "x" * 2000}, "x" * 1024, ""),
    ],
)
def test_the_summary_is_the_first_thing_said(keyring: Keyring, document: object, summary: str, severity: str) -> None:
    draft = receive(INCIDENTS, JSON, body(document), keyring).draft
    assert (draft.summary, draft.severity) == (summary, severity)
