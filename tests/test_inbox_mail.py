"""Mail: what a message says, who may send one, and a real Alertmanager's on the compiled templates."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from smtplib import SMTP, SMTPAuthenticationError, SMTPDataError, SMTPException, SMTPSenderRefused

import msgspec
import pytest
from starlette.testclient import TestClient

from notify_world import World, world
from test_inbox_process import until
from watchkeeper.engines import Engine
from watchkeeper.inbox.app import create
from watchkeeper.inbox.mail import BODY_LIMIT, receive
from watchkeeper.inbox.message import Action, Kind, Mail, Message, Rejection
from watchkeeper.inbox.reception import Reception
from watchkeeper.inbox.store import Store
from watchkeeper.live.alertmanager import NewAlert

PASSWORD = "d" * 64
TO = ("team@example.com", "lead@example.com")


def written(
    subject: str = "[critical] Outage agent demo", text: str = "Down.\n", html: str = "", **headers: str
) -> bytes:
    message = EmailMessage()
    message["Subject"] = subject
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message.as_bytes()


# --- one message -----------------------------------------------------------------------------------


def test_a_mail_is_read_and_belongs_to_the_receiver_it_names() -> None:
    body = written(html="<p>Down.</p>", X_Watchkeeper_Receiver="mail-copilot")
    verdict = receive("watchkeeper@localhost", TO, body)
    draft = verdict.draft
    assert (verdict.reply.status, draft.kind, draft.action) == (250, Kind.MAIL, Action.MESSAGE)
    assert (draft.receiver, draft.summary) == ("mail-copilot", "[critical] Outage agent demo")
    assert draft.payload == Mail("watchkeeper@localhost", TO, "Down.", "<p>Down.</p>")


def test_a_mail_that_names_no_receiver_belongs_to_its_recipients() -> None:
    assert receive("a@b.example", TO, written()).draft.receiver == "team@example.com, lead@example.com"


def test_encoded_words_and_bodies_are_decoded() -> None:
    body = written(subject="Größe überschritten", text="Die Größe: 3 €\n")
    draft = receive("a@b.example", TO, body).draft
    assert draft.summary == "Größe überschritten"
    assert isinstance(draft.payload, Mail)
    assert draft.payload.text == "Die Größe: 3 €"


@pytest.mark.parametrize(
    "body",
    [written(subject=""), written(text=" \n"), b"", b"\xff\xfe\x00", b"Subject: only this\r\n\r\n"],
)
def test_a_mail_that_says_nothing_is_refused_and_kept(body: bytes) -> None:
    verdict = receive("a@b.example", TO, body)
    assert verdict.reply.status == 554
    assert isinstance(verdict.draft.payload, Rejection)
    assert verdict.draft.payload.reasons == ("a mail needs a subject and a text",)


def test_a_character_set_nobody_knows_is_no_reason_to_fall_over() -> None:
    body = b'Subject: s\r\nContent-Type: text/plain; charset="no-such"\r\n\r\nplain words\r\n'
    draft = receive("a@b.example", TO, body).draft
    assert isinstance(draft.payload, Mail)
    assert "plain words" in draft.payload.text


# --- over the wire ---------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "data")
    opened.open()
    yield opened
    opened.close()


@contextmanager
def _inbox(store: Store, secrets: Path) -> Iterator[tuple[TestClient, int]]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    (secrets / "smtp-password").write_text(PASSWORD)
    with TestClient(create(Reception(store, secrets), listener), base_url="http://127.0.0.1") as client:
        yield client, listener.getsockname()[1]


@pytest.fixture
def door(store: Store, tmp_path: Path) -> Iterator[tuple[TestClient, int]]:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    with _inbox(store, secrets) as opened:
        yield opened


def _send(port: int, body: bytes, password: str = PASSWORD) -> None:
    with SMTP("127.0.0.1", port, timeout=10) as client:
        client.login("watchkeeper", password)
        client.sendmail("watchkeeper@localhost", TO, body)


def _kept(store: Store) -> list[Message]:
    return list(store.messages())


def test_who_knows_the_password_is_taken_at_their_word(door: tuple[TestClient, int], store: Store) -> None:
    _send(door[1], written(X_Watchkeeper_Receiver="mail-copilot"))
    (message,) = _kept(store)
    assert (message.id, message.kind, message.receiver) == (1, Kind.MAIL, "mail-copilot")
    assert message.payload == Mail("watchkeeper@localhost", TO, "Down.")
    (told,) = door[0].get("/api/messages?kind=mail").json()
    assert told["payload"]["recipients"] == list(TO)


@pytest.mark.parametrize("password", ["guess", PASSWORD + "\n", ""])
def test_a_wrong_password_is_refused_and_seen(door: tuple[TestClient, int], store: Store, password: str) -> None:
    """A newline at the end of the secret file counts, as it does for real servers and Alertmanager 0.25."""
    with pytest.raises(SMTPAuthenticationError):
        _send(door[1], written(), password)
    until(lambda: len(_kept(store)) > 0)
    assert {message.kind for message in _kept(store)} == {Kind.REJECTED}
    payload = _kept(store)[0].payload
    assert isinstance(payload, Rejection)
    assert (payload.door, payload.status) == ("mail", 535)
    assert payload.reasons == ("wrong password (AUTH PLAIN)",)


def test_without_a_password_nothing_is_taken(door: tuple[TestClient, int], store: Store) -> None:
    with SMTP("127.0.0.1", door[1], timeout=10) as client, pytest.raises(SMTPSenderRefused, match="530"):
        client.sendmail("watchkeeper@localhost", TO, written())
    assert _kept(store) == []


def test_login_is_not_offered(door: tuple[TestClient, int]) -> None:
    """Alertmanager takes the first mechanism it knows, and stumbles over this one."""
    with SMTP("127.0.0.1", door[1], timeout=10) as client:
        client.ehlo()
        assert client.esmtp_features["auth"].split() == ["PLAIN"]


def test_a_mail_too_large_is_refused(door: tuple[TestClient, int], store: Store) -> None:
    with pytest.raises(SMTPException):
        _send(door[1], written(text="x" * 70 + "\n") + b"x\r\n" * (BODY_LIMIT // 3))
    assert _kept(store) == []


def test_an_empty_mail_gets_its_refusal(door: tuple[TestClient, int], store: Store) -> None:
    with pytest.raises(SMTPDataError, match="554"):
        _send(door[1], written(subject=""))
    assert [message.kind for message in _kept(store)] == [Kind.REJECTED]


def test_a_full_disk_asks_for_another_try(
    door: tuple[TestClient, int], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(store, "append", full)
    with pytest.raises(SMTPDataError, match="451"):
        _send(door[1], written())


def test_the_page_shows_mail_as_text_and_nothing_of_it_comes_alive(door: tuple[TestClient, int]) -> None:
    hostile = "<script>alert(1)</script><b>bold</b>"
    _send(door[1], written(subject=f"Outage {hostile}", text=f"Down {hostile}\n", html=f"<p>{hostile}</p>"))
    _send(door[1], written(subject="Only a page", text="\n", html=f"<p>{hostile}</p>"))
    page = door[0].get("/").text
    assert "<script>alert" not in page
    assert "<b>bold" not in page
    assert "E-mail" in page
    assert "Outage &lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "Down &lt;script&gt;" in page
    assert "team@example.com, lead@example.com" in page
    # without words for readers, its source is shown
    assert "&lt;p&gt;&lt;script&gt;" in page
    assert page.count("&lt;p&gt;") == 1


# --- a real Alertmanager ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def here(alertmanager: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(alertmanager, tmp_path_factory.mktemp("mail")) as made:
        yield made


@pytest.mark.engine
def test_a_real_alertmanager_mails_the_team_and_finance(here: World) -> None:
    """On the compiled configuration: the team's list hears of what is critical, finance of costs."""
    annotations = {
        "summary": "The bill has doubled & <b>more</b>.",
        "impact": "Money.",
        "actions": "1. Look.\n2. Stop.",
        "value": "2",
        "threshold": "above 1",
        "runbook": "llm-cost-spike.md",
        "dashboard": "https://grafana.example/d/business?viewPanel=3&x=1",
    }
    common = {"service": "agent", "environment": "demo", "component": "api"}
    critical = common | {"alertname": "Outage", "severity": "critical", "kind": "outage", "team": "copilot"}
    costly = common | {"alertname": "CostSpike", "severity": "warning", "kind": "cost", "team": "copilot"}
    with here.alertmanager() as client, here.inbox() as inbox:
        client.post([NewAlert(critical, annotations), NewAlert(costly, annotations)])
        until(lambda: len(inbox.messages(kind="mail")) == 2)
        mails = {mail.receiver: mail for mail in inbox.messages(kind="mail")}
        assert inbox.messages(kind="rejected") == ()
    assert {name: mail.summary for name, mail in mails.items()} == {
        "mail-copilot": "[critical] Outage agent demo",
        "mail-finance": "[warning] CostSpike agent demo",
    }
    payload = msgspec.json.decode(mails["mail-copilot"].payload, type=dict[str, str | list[str]])
    assert payload["recipients"] == ["copilot-team@example.com"]
    text, html = str(payload["text"]), str(payload["html"])
    assert "The bill has doubled & <b>more</b>." in text
    assert "First:\n1. Look.\n2. Stop." in text
    assert "/alerts/Outage" in text
    assert "The bill has doubled &amp; &lt;b&gt;more&lt;/b&gt;." in html
    assert 'href="https://grafana.example/d/business?viewPanel=3&amp;x=1"' in html
    assert "/alerts/Outage" in html
