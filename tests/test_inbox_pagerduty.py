"""PagerDuty's door: what is taken, what is refused, and in the words PagerDuty uses."""

import json
from pathlib import Path

import pytest

from watchkeeper.inbox.keyring import Keyring
from watchkeeper.inbox.message import Action, Kind, Rejection
from watchkeeper.inbox.pagerduty import EVENT_LIMIT, Event, receive, validate
from watchkeeper.inbox.rate import Rate

KEY = "0123456789abcdef0123456789abcdef"
Json = dict[str, object]


def event(**changes: object) -> Json:
    good: Json = {
        "routing_key": KEY,
        "event_action": "trigger",
        "dedup_key": "group-1",
        "payload": payload(),
    }
    return good | changes


def payload(**changes: object) -> Json:
    good: Json = {"summary": "[critical] ServiceOutage", "source": "alertmanager", "severity": "critical"}
    return good | changes


def body(document: object) -> bytes:
    return json.dumps(document).encode()


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    (tmp_path / "pagerduty-critical").write_text(KEY)
    (tmp_path / "pagerduty-high").write_text("f" * 32 + "\n")
    return Keyring(tmp_path)


def many() -> Rate:
    return Rate(1000, 60)


def test_a_trigger_is_processed_and_kept(keyring: Keyring) -> None:
    verdict = receive(body(event()), keyring, many())
    assert (verdict.reply.status, verdict.reply.media_type) == (202, "application/json")
    assert json.loads(verdict.reply.body) == {
        "status": "success",
        "message": "Event processed",
        "dedup_key": "group-1",
    }
    draft = verdict.draft
    assert (draft.kind, draft.receiver, draft.action) == (Kind.PAGERDUTY, "pagerduty-critical", Action.TRIGGER)
    assert (draft.dedup_key, draft.severity, draft.source) == ("group-1", "critical", "alertmanager")
    assert draft.summary == "[critical] ServiceOutage"


def test_the_routing_key_decides_the_receiver(keyring: Keyring) -> None:
    verdict = receive(body(event(routing_key="f" * 32)), keyring, many())
    assert verdict.draft.receiver == "pagerduty-high"


def test_an_unknown_routing_key_is_refused(keyring: Keyring) -> None:
    verdict = receive(body(event(routing_key="0" * 32)), keyring, many())
    assert verdict.reply.status == 400
    assert json.loads(verdict.reply.body) == {
        "status": "invalid event",
        "message": "Event object is invalid",
        "errors": ["Invalid routing key"],
    }


@pytest.mark.parametrize("action", ["acknowledge", "resolve"])
def test_later_actions_need_no_payload(keyring: Keyring, action: str) -> None:
    without = event(event_action=action)
    del without["payload"]
    verdict = receive(body(without), keyring, many())
    assert (verdict.reply.status, verdict.draft.action.value) == (202, action)


def test_a_trigger_without_a_key_gets_one_that_is_its_own(keyring: Keyring) -> None:
    keys = [
        json.loads(receive(body(event(dedup_key=None, payload=payload(source=source))), keyring, many()).reply.body)
        for source in ("a", "a", "b")
    ]
    first, again, other = (key["dedup_key"] for key in keys)
    assert first == again != other
    assert len(first) == 32


@pytest.mark.parametrize(
    ("document", "errors"),
    [
        (event(routing_key=None), ["'routing_key' is missing or blank"]),
        (event(routing_key=7), ["'routing_key' is missing or blank"]),
        (event(routing_key="short"), ["Length of 'routing_key' is incorrect (should be 32 characters)"]),
        (event(event_action=""), ["'event_action' is missing or blank"]),
        (
            event(event_action="close"),
            ["'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')"],
        ),
        (event(event_action="resolve", dedup_key=""), ["'dedup_key' is missing or blank"]),
        (event(dedup_key=["k"]), ["'dedup_key' is not a string"]),
        (event(dedup_key="k" * 256), ["'dedup_key' is too long (at most 255 characters)"]),
        (event(payload=None), ["'payload' is missing or blank"]),
        (event(payload="text"), ["'payload' is not an object"]),
        (event(payload=payload(summary=" ")), ["'payload.summary' is missing or blank"]),
        (
            event(payload=payload(summary="s" * 1025)),
            ["'payload.summary' is too long (at most 1024 characters)"],
        ),
        (event(payload=payload(source=None)), ["'payload.source' is missing or blank"]),
        (event(payload=payload(severity=None)), ["'payload.severity' is missing or blank"]),
        (
            event(payload=payload(severity="high")),
            ["'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')"],
        ),
        (event(payload=payload(custom_details=[1])), ["'payload.custom_details' is not an object"]),
        ([], ["Event object is not valid JSON"]),
    ],
)
def test_each_mistake_is_named(document: object, errors: list[str]) -> None:
    assert validate(body(document)) == tuple(errors)


def test_all_mistakes_are_named_at_once() -> None:
    errors = validate(body({"payload": {}}))
    assert isinstance(errors, tuple)
    assert [error.split("'")[1] for error in errors] == [
        "routing_key",
        "event_action",
        "payload.summary",
        "payload.source",
        "payload.severity",
    ]


def test_the_longest_summary_and_key_are_taken() -> None:
    longest = event(dedup_key="k" * 255, payload=payload(summary="ü" * 1024))
    assert isinstance(validate(body(longest)), Event)


@pytest.mark.parametrize(
    "hostile", [b"", b"null", b"{", b'"\xff"', b"[" * 100_000, b'{"a":' * 100_000, b'{"payload": NaN}', b'{"a": 1e999}']
)
def test_hostile_bodies_are_refused_quietly(keyring: Keyring, hostile: bytes) -> None:
    verdict = receive(hostile, keyring, many())
    assert verdict.reply.status == 400
    assert json.loads(verdict.reply.body)["errors"] == ["Event object is not valid JSON"]


def test_an_event_beyond_512_kb_is_refused_whatever_it_says(keyring: Keyring) -> None:
    padding = EVENT_LIMIT - len(body(event(payload=payload(custom_details={"x": ""}))))
    fits = body(event(payload=payload(custom_details={"x": "y" * padding})))
    assert (len(fits), receive(fits, keyring, many()).reply.status) == (524_288, 202)
    verdict = receive(fits + b" ", keyring, many())
    assert verdict.reply.status == 413
    assert "Event is 524289 bytes long (at most 524288)" in verdict.reply.body


def test_too_many_events_for_one_key_are_turned_away(keyring: Keyring) -> None:
    now = [0.0]
    rate = Rate(2, 60, lambda: now[0])
    statuses = [receive(body(event()), keyring, rate).reply.status for _ in range(3)]
    other = receive(body(event(routing_key="f" * 32)), keyring, rate).reply.status
    now[0] = 60.0
    later = receive(body(event()), keyring, rate).reply.status
    assert (statuses, other, later) == ([202, 202, 429], 202, 202)


def test_a_throttled_event_says_so_and_whose_it_was(keyring: Keyring) -> None:
    verdict = receive(body(event()), keyring, Rate(0, 60))
    assert json.loads(verdict.reply.body)["status"] == "throttle exceeded"
    assert (verdict.draft.kind, verdict.draft.receiver) == (Kind.REJECTED, "pagerduty-critical")


def test_a_refusal_keeps_reason_status_and_the_beginning(keyring: Keyring) -> None:
    sent = body(event(routing_key="short", payload=payload(custom_details={"x": "y" * 5000})))
    draft = receive(sent, keyring, many()).draft
    assert isinstance(draft.payload, Rejection)
    assert (draft.payload.door, draft.payload.status) == ("pagerduty", 400)
    assert draft.summary == draft.payload.reasons[0] == "Length of 'routing_key' is incorrect (should be 32 characters)"
    assert draft.payload.excerpt == sent[:2000].decode()


def test_details_of_alertmanager_before_0_30_are_texts() -> None:
    details = {"firing": "Labels:\n - alertname = Pay\n", "resolved": "", "num_firing": "1", "num_resolved": "0"}
    found = validate(body(event(payload=payload(custom_details=details))))
    assert isinstance(found, Event)
    assert {key: json.loads(bytes(value)) for key, value in found.details.custom_details.items()} == details


def test_details_of_alertmanager_from_0_30_are_lists_and_numbers() -> None:
    details = {"firing": [{"labels": {"alertname": "Pay"}}], "resolved": [], "num_firing": 1, "num_resolved": 0}
    found = validate(body(event(payload=payload(custom_details=details))))
    assert isinstance(found, Event)
    assert {key: json.loads(bytes(value)) for key, value in found.details.custom_details.items()} == details


def test_what_describes_the_event_is_kept() -> None:
    found = validate(
        body(
            event(
                client="Watchkeeper",
                client_url="http://127.0.0.1:8460",
                links=[{"href": "http://127.0.0.1/r", "text": "runbook"}, "no link"],
                payload=payload(
                    component="llm", group="agent demo", **{"class": "ServiceOutage"}, custom_details="words"
                ),
            )
        )
    )
    assert isinstance(found, Event)
    details = found.details
    assert (details.client, details.client_url) == ("Watchkeeper", "http://127.0.0.1:8460")
    assert (details.component, details.group, details.class_) == ("llm", "agent demo", "ServiceOutage")
    assert [(link.href, link.text) for link in details.links] == [("http://127.0.0.1/r", "runbook")]
    assert bytes(details.custom_details["details"]) == b'"words"'


def test_keys_are_read_at_every_use(keyring: Keyring, tmp_path: Path) -> None:
    new = "a" * 32
    assert keyring.pagerduty(new) == ""
    (tmp_path / "pagerduty-critical").write_text(new)
    assert keyring.pagerduty(new) == "pagerduty-critical"
    assert keyring.pagerduty(KEY) == ""


def test_an_empty_key_file_lets_nobody_in(tmp_path: Path) -> None:
    (tmp_path / "pagerduty-critical").write_text("")
    (tmp_path / "deadman").write_text("\n")
    keyring = Keyring(tmp_path)
    assert (keyring.pagerduty(""), keyring.deadman(""), keyring.webhook("")) == ("", "", "")


def test_secrets_are_masked_wherever_they_stand(tmp_path: Path) -> None:
    (tmp_path / "pagerduty-critical").write_text(KEY)
    (tmp_path / "slack-incidents").write_text("http://127.0.0.1:1/slack/services/T1/B1/very-secret")
    text = f"key {KEY}, address http://127.0.0.1:1/slack/services/T1/B1/very-secret or only very-secret"
    assert Keyring(tmp_path).mask(text) == "key ***, address *** or only ***"
