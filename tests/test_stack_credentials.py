"""Secrets: made once, readable by their owner alone, never in a document, leading nowhere but to the inbox."""

from dataclasses import replace
from pathlib import Path

import bcrypt
import pytest

from watchkeeper.model import Catalog, Mail, PagerDuty, Receiver, Slack, Webhook
from watchkeeper.stack import credentials
from watchkeeper.stack.layout import Layout
from watchkeeper.stack.ports import NAMES, Ports, choose


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout.of(tmp_path / "state")
    credentials.ensure(made)
    return made


PORTS = choose(NAMES, free=lambda _: True)


def _sends(receivers: tuple[Receiver, ...], name: str) -> PagerDuty | Slack | Mail | Webhook | None:
    return next(receiver.sends for receiver in receivers if receiver.name == name)


def test_secrets_are_made_once(layout: Layout) -> None:
    before = {path.name: path.read_text() for path in layout.secrets.iterdir()}
    assert set(before) == {"engine-password", "deadman", "probe", "smtp-password"}
    assert len(set(before.values())) == 4
    assert all(len(secret) == 64 and int(secret, 16) >= 0 for secret in before.values()), "256 bits, no newline"
    credentials.ensure(layout)
    assert {path.name: path.read_text() for path in layout.secrets.iterdir()} == before


def test_only_their_owner_can_read_them(catalog: Catalog, layout: Layout) -> None:
    credentials.addressed(catalog, layout, PORTS)
    assert layout.secrets.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in layout.secrets.iterdir()} == {0o600}


def test_every_receiver_leads_to_the_inbox(catalog: Catalog, layout: Layout) -> None:
    addresses = credentials.addressed(catalog, layout, PORTS)
    assert [receiver.name for receiver in addresses.receivers] == [receiver.name for receiver in catalog.receivers]
    pagerduty = _sends(addresses.receivers, "pagerduty-critical")
    assert pagerduty == PagerDuty(str(layout.secrets / "pagerduty-critical"))
    key = (layout.secrets / "pagerduty-critical").read_text()
    assert len(key) == 32
    assert int(key, 16) >= 0
    slack = _sends(addresses.receivers, "slack-incidents")
    assert slack == Slack("#incidents", str(layout.secrets / "slack-incidents"))
    url = (layout.secrets / "slack-incidents").read_text()
    assert url.startswith("http://127.0.0.1:8461/slack/services/T")
    assert len(url.removeprefix("http://127.0.0.1:8461/slack/services/").split("/")) == 3
    token = (layout.secrets / "deadman").read_text()
    assert addresses.webhooks == (("deadman", f"http://127.0.0.1:8461/deadman/{token}"),)


def test_a_projects_own_keys_are_never_used(catalog: Catalog, layout: Layout, tmp_path: Path) -> None:
    """Somebody who tries `up` on a laptop must not page the people who are on call for production."""
    (tmp_path / "real-key").write_text("0123456789abcdef0123456789abcdef")
    receivers = (
        Receiver("night-shift", PagerDuty(str(tmp_path / "real-key"))),
        Receiver("team", Slack("#team", str(tmp_path / "real-url"))),
        Receiver("slack-two", Slack("#two", str(tmp_path / "other-url"))),
        Receiver("bridge", Webhook("bridge")),
        Receiver("shown", None),
    )
    addresses = credentials.addressed(replace(catalog, receivers=receivers), layout, PORTS)
    assert _sends(addresses.receivers, "night-shift") == PagerDuty(str(layout.secrets / "pagerduty-night-shift"))
    assert _sends(addresses.receivers, "team") == Slack("#team", str(layout.secrets / "slack-team"))
    assert _sends(addresses.receivers, "slack-two") == Slack("#two", str(layout.secrets / "slack-two"))
    assert _sends(addresses.receivers, "shown") is None
    secret = (layout.secrets / "webhook-bridge").read_text()
    assert addresses.webhooks == (("bridge", f"http://127.0.0.1:8461/webhook/{secret}"),)
    assert (layout.secrets / "pagerduty-night-shift").read_text() != "0123456789abcdef0123456789abcdef"


def test_slack_addresses_follow_the_inbox_and_keep_their_secret(catalog: Catalog, layout: Layout) -> None:
    credentials.addressed(catalog, layout, PORTS)
    before = (layout.secrets / "slack-incidents").read_text()
    moved = Ports({**PORTS.by_name, "inbox": 50001}, ())
    credentials.addressed(catalog, layout, moved)
    assert (layout.secrets / "slack-incidents").read_text() == before.replace(":8461/", ":50001/")


def test_the_web_configuration_holds_a_hash_and_stays_the_same(layout: Layout) -> None:
    text = credentials.web_config(layout)
    password = layout.password.read_text()
    assert password not in text
    first, second = text.splitlines()
    assert first == "basic_auth_users:"
    name, _, quoted = second.strip().partition(": ")
    assert name == "watchkeeper"
    assert bcrypt.checkpw(password.encode(), quoted.strip('"').encode())
    layout.config.mkdir()
    (layout.config / "web.yml").write_text(text)
    assert credentials.web_config(layout) == text
    layout.password.write_text("another")
    assert credentials.web_config(layout) != text
