"""The inbox over HTTP: senders' doors, readers' views, and what web pages may not do."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from watchkeeper.inbox import app as app_module
from watchkeeper.inbox.app import create
from watchkeeper.inbox.guard import is_loopback
from watchkeeper.inbox.reception import REJECTIONS_PER_MINUTE, Reception
from watchkeeper.inbox.store import Store

KEY = "0123456789abcdef0123456789abcdef"
SLACK = "/slack/services/T01/B01/secret-of-incidents"
TRIGGER = {
    "routing_key": KEY,
    "event_action": "trigger",
    "dedup_key": "k",
    "payload": {"summary": "bad", "source": "am", "severity": "critical", "custom_details": {"runbook": "r.md"}},
}
RESOLVE = {"routing_key": KEY, "event_action": "resolve", "dedup_key": "k"}


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "pagerduty-critical").write_text(KEY)
    (folder / "slack-incidents").write_text(f"http://127.0.0.1:1{SLACK}")
    (folder / "deadman").write_text("token-of-deadman")
    (folder / "webhook").write_text("secret-of-webhook")
    return folder


@pytest.fixture
def reception(tmp_path: Path, secrets: Path) -> Iterator[Reception]:
    store = Store(tmp_path / "data")
    store.open()
    yield Reception(store, secrets)
    store.close()


@pytest.fixture
def client(reception: Reception) -> Iterator[TestClient]:
    with TestClient(create(reception), base_url="http://127.0.0.1:8461") as opened:
        yield opened


def kinds(client: TestClient) -> list[tuple[str, str]]:
    return [(message["kind"], message["summary"]) for message in client.get("/api/messages").json()]


def test_a_page_arrives_and_is_listed(client: TestClient) -> None:
    answer = client.post("/pagerduty/v2/enqueue", json=TRIGGER)
    assert (answer.status_code, answer.json()["dedup_key"]) == (202, "k")
    (message,) = client.get("/api/messages").json()
    assert (message["id"], message["kind"], message["action"], message["receiver"]) == (
        1,
        "pagerduty",
        "trigger",
        "pagerduty-critical",
    )
    assert message["payload"]["custom_details"] == {"runbook": "r.md"}
    assert KEY not in client.get("/api/messages").text


def test_an_incident_opens_and_closes(client: TestClient) -> None:
    client.post("/pagerduty/v2/enqueue", json=TRIGGER)
    assert [one["state"] for one in client.get("/api/incidents").json()] == ["open"]
    client.post("/pagerduty/v2/enqueue", json=RESOLVE)
    (incident,) = client.get("/api/incidents").json()
    assert (incident["state"], incident["events"], incident["summary"]) == ("resolved", 2, "bad")


def test_slack_answers_ok_in_plain_text(client: TestClient) -> None:
    answer = client.post(SLACK, json={"text": "hello"})
    assert (answer.status_code, answer.text) == (200, "ok")
    assert answer.headers["content-type"].startswith("text/plain")
    assert kinds(client) == [("slack", "hello")]


def test_a_refused_message_is_kept_without_the_secret(client: TestClient) -> None:
    answer = client.post(SLACK, json={"words": "of secret-of-incidents"})
    assert (answer.status_code, answer.text) == (400, "no_text")
    (message,) = client.get("/api/messages", params={"kind": "rejected"}).json()
    assert message["payload"]["excerpt"] == '{"words":"of ***"}'
    assert message["payload"]["status"] == 400


def test_webhooks_have_a_door(client: TestClient) -> None:
    assert client.post("/webhook/guess", content=b"{}").status_code == 404
    answer = client.post("/webhook/secret-of-webhook", content=b"{}")
    assert (answer.status_code, answer.text) == (400, "Object missing required field `version`")


def test_a_heartbeat_is_seen_but_not_listed(client: TestClient) -> None:
    assert client.get("/health").json()["deadman"]["last_seen"] is None
    assert client.post("/deadman/token-of-deadman", content=b"").text == "ok"
    health = client.get("/health").json()
    assert health["deadman"]["last_seen"] is not None
    assert (health["status"], health["newest"], health["deadman"]["alarmed"]) == ("ok", 0, False)


def test_a_wrong_heartbeat_is_none(client: TestClient) -> None:
    ended = {
        "version": "4",
        "receiver": "deadman",
        "status": "resolved",
        "groupKey": "{}",
        "alerts": [],
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "",
    }
    assert client.post("/deadman/guess", content=b"").status_code == 404
    assert client.post("/deadman/token-of-deadman", json=ended).status_code == 400
    assert client.get("/health").json()["deadman"]["last_seen"] is None
    assert kinds(client) == [
        ("rejected", "no heartbeat has this address"),
        ("rejected", "the watchdog alert has ended: this is no heartbeat"),
    ]


def test_a_heartbeat_ends_the_alarm_of_a_process_before(reception: Reception) -> None:
    reception.deadman = type(reception.deadman)(alarmed=True)
    with TestClient(create(reception), base_url="http://127.0.0.1") as client:
        client.post("/deadman/token-of-deadman")
        assert kinds(client) == [("deadman", "The monitoring is heard from again")]


def test_the_watch_raises_the_alarm_by_itself(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watchkeeper.inbox.deadman.FIRST_SECONDS", -1.0)
    monkeypatch.setattr("watchkeeper.inbox.reception.WATCH_SECONDS", 0.01)
    reception.deadman = type(reception.deadman)()
    with TestClient(create(reception), base_url="http://127.0.0.1") as client:
        deadline = time.monotonic() + 10
        while not (found := client.get("/api/incidents").json()):
            assert time.monotonic() < deadline
    assert (found[0]["kind"], found[0]["severity"], found[0]["state"]) == ("deadman", "critical", "open")


def test_an_open_alarm_is_remembered_over_a_restart(reception: Reception, secrets: Path) -> None:
    reception.deadman = type(reception.deadman)(clock=iter([0.0, 1000.0]).__next__)
    alarm = reception.deadman.check()
    assert alarm is not None
    reception.store.append(alarm)
    assert Reception(reception.store, secrets).deadman.state.alarmed


@pytest.mark.parametrize(
    "path", ["/pagerduty/v2/enqueue", SLACK, "/webhook/secret-of-webhook", "/deadman/token-of-deadman"]
)
def test_no_web_page_can_forge_a_message(client: TestClient, path: str) -> None:
    answer = client.post(path, json=TRIGGER | {"text": "x"}, headers={"Origin": "http://127.0.0.1:8460"})
    assert (answer.status_code, answer.text) == (403, "sent by a web page (http://127.0.0.1:8460)")
    assert "access-control-allow-origin" not in answer.headers
    assert kinds(client) == [("rejected", "sent by a web page (http://127.0.0.1:8460)")]
    assert client.get("/health").json()["deadman"]["last_seen"] is None


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8461", "127.0.0.1.evil.example", "", "[::2]", "10.0.0.1"]
)
@pytest.mark.parametrize("path", ["/", "/health", "/api/messages", "/pagerduty/v2/enqueue"])
def test_a_foreign_host_gets_nothing(client: TestClient, host: str, path: str) -> None:
    answer = client.request("POST" if "enqueue" in path else "GET", path, headers={"Host": host}, json=TRIGGER)
    assert answer.status_code == 421
    assert client.get("/health").json()["newest"] == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8461", "localhost", "LOCALHOST:1", "[::1]", "[::1]:8461"])
def test_this_machine_has_three_names(host: str) -> None:
    assert is_loopback(host)


def test_noise_cannot_push_pages_out(client: TestClient) -> None:
    client.post("/pagerduty/v2/enqueue", json=TRIGGER)
    for _ in range(REJECTIONS_PER_MINUTE + 5):
        assert client.post("/webhook/guess", content=b"noise").status_code == 404
    assert client.get("/health").json()["newest"] == 1 + REJECTIONS_PER_MINUTE


def test_what_cannot_be_stored_is_not_confirmed(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        answer = client.post("/pagerduty/v2/enqueue", json=TRIGGER)
    assert (answer.status_code, answer.text) == (503, "the message could not be stored")
    assert "could not be stored: [Errno 28] No space left on device" in capsys.readouterr().err
    assert client.post("/pagerduty/v2/enqueue", json=TRIGGER).status_code == 202
    assert client.get("/health").json()["newest"] == 1


def test_a_body_beyond_every_limit_is_refused(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_module, "KEPT_BYTES", 600_000)
    answer = client.post("/pagerduty/v2/enqueue", content=b"x" * 700_000)
    assert answer.status_code == 413
    assert "Event is 600001 bytes long" in answer.text


def test_messages_are_selected_by_kind_and_position(client: TestClient) -> None:
    client.post(SLACK, json={"text": "one"})
    client.post("/pagerduty/v2/enqueue", json=TRIGGER)
    client.post(SLACK, json={"text": "two"})

    def ids(**query: str) -> list[int]:
        return [message["id"] for message in client.get("/api/messages", params=query).json()]

    assert ids(kind="slack") == [1, 3]
    assert ids(since="1", limit="1") == [2]
    assert ids(limit="1") == [3]
    assert ids(limit="-5") == [3]


@pytest.mark.parametrize("query", ["kind=letter", "since=x", "limit=1.5"])
def test_a_wrong_selection_is_explained(client: TestClient, query: str) -> None:
    answer = client.get(f"/api/messages?{query}")
    assert answer.status_code == 400
    assert "kind must be one of pagerduty, slack, mail, webhook, deadman, rejected" in answer.text


def test_an_empty_page_says_what_will_appear(client: TestClient) -> None:
    page = client.get("/").text
    assert "Nothing has arrived yet." in page
    assert "No incident yet." in page
    assert "watchkeeper notify-test --one" in page
    assert "No heartbeat of the monitoring since this inbox started." in page


def test_the_page_shows_newest_first_and_escapes(client: TestClient) -> None:
    client.post(SLACK, json={"text": "<script>alert(1)</script>"})
    client.post("/pagerduty/v2/enqueue", json=TRIGGER)
    client.post("/webhook/guess", content=b"<img src=x>")
    client.post("/deadman/token-of-deadman")
    page = client.get("/").text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert page.index("no webhook has this address") < page.index("bad</strong>", page.index('id="messages"'))
    assert page.index('id="messages"') < page.index("&lt;script&gt;alert(1)&lt;/script&gt;")
    assert "PagerDuty incidents: 1 open of 1" in page
    assert '<body data-newest="3">' in page
    assert "Last heartbeat of the monitoring: 2" in page


def test_nothing_foreign_is_loaded_or_run(client: TestClient) -> None:
    answer = client.get("/")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "http://" not in answer.text.replace("http://127.0.0.1", "")
    assert "https://" not in answer.text
    for name, kind in (("inbox.css", "text/css"), ("inbox.js", "text/javascript")):
        assert client.get(f"/static/{name}").headers["content-type"].startswith(kind)
    assert client.get("/static/../app.py").status_code == 404
    assert client.get("/static/inbox.html").status_code == 404


def test_doors_take_posts_only(client: TestClient) -> None:
    assert client.get("/pagerduty/v2/enqueue").status_code == 405
    assert client.post("/api/messages").status_code == 405
    assert client.get("/nothing").status_code == 404
