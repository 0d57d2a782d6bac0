"""The inbox as a process: started as the stack starts it, fed by a real Alertmanager, killed and started again."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ports import free_port as another_port
from watchkeeper.engines import Engine
from watchkeeper.engines.arguments import Server
from watchkeeper.engines.arguments import alertmanager as arguments
from watchkeeper.engines.process import run
from watchkeeper.entry import Misuse, decoded
from watchkeeper.inbox.__main__ import Config
from watchkeeper.live.alertmanager import Alertmanager, NewAlert
from watchkeeper.live.errors import LiveError, Rejected, Unreachable
from watchkeeper.live.inbox import Inbox, InboxMessage

KEY = "0123456789abcdef0123456789abcdef"


def until(happened: Callable[[], bool], seconds: float = 20.0) -> None:
    """Poll another process: it offers no way to be told."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "did not happen in time"


@dataclass(frozen=True)
class Place:
    """Where one inbox lives, whether it runs or not."""

    port: int
    config: Path
    secrets: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        process = subprocess.Popen([sys.executable, "-m", "watchkeeper.inbox", "--config", str(self.config)])
        try:
            with Inbox(self.url) as inbox:
                until(lambda: process.poll() is not None or _answers(inbox))
            yield process
        finally:
            process.kill()
            process.wait()


def _answers(inbox: Inbox) -> bool:
    try:
        return inbox.health().newest >= 0
    except Unreachable:
        return False


@pytest.fixture
def place(tmp_path: Path, free_port: int) -> Place:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "pagerduty-critical").write_text(KEY)
    (secrets / "slack-incidents").write_text(f"http://127.0.0.1:{free_port}/slack/services/T1/B1/slack-secret")
    (secrets / "deadman").write_text("deadman-token")
    config = tmp_path / "inbox.json"
    (secrets / "smtp-password").write_text("mail-secret")
    settings = {
        "port": free_port,
        "smtp_port": another_port(),
        "data": str(tmp_path / "data"),
        "secrets": str(secrets),
    }
    config.write_text(json.dumps(settings))
    return Place(free_port, config, secrets)


CONFIGURATION = """
global: {{pagerduty_url: {url}/pagerduty/v2/enqueue}}
route:
  receiver: pager
  group_wait: 0s
  group_interval: 1s
  routes:
  - {{matchers: ['kind="watchdog"'], receiver: deadman}}
  - {{matchers: ['severity="critical"'], receiver: pager, continue: true}}
  - {{matchers: ['severity="critical"'], receiver: slack}}
receivers:
- name: pager
  pagerduty_configs: [{{routing_key_file: {secrets}/pagerduty-critical, severity: critical}}]
- name: slack
  slack_configs:
  - {{api_url_file: {secrets}/slack-incidents, send_resolved: true, title: "outage <&>", fallback: outage, text: down}}
- name: deadman
  webhook_configs: [{{url: '{url}/deadman/deadman-token', send_resolved: false}}]
"""


@pytest.mark.engine
def test_a_real_alertmanager_pages_resolves_and_beats(place: Place, alertmanager: Engine, tmp_path: Path) -> None:
    config = tmp_path / "alertmanager.yaml"
    config.write_text(CONFIGURATION.format(url=place.url, secrets=place.secrets))
    port = another_port()
    url = f"http://127.0.0.1:{port}"
    server = Server(port, config, tmp_path / "alertmanager")
    outage = {"alertname": "ServiceOutage", "severity": "critical"}
    with (
        place.running(),
        run(alertmanager, arguments(server), url=url, log=tmp_path / "log"),
        Alertmanager(url) as client,
        Inbox(place.url) as inbox,
    ):
        client.post([NewAlert(outage), NewAlert({"alertname": "Watchdog", "kind": "watchdog"})])
        until(lambda: len(inbox.messages()) >= 2 and inbox.health().deadman.last_seen is not None)
        client.post([NewAlert(outage, ends_at=datetime.now(UTC) - timedelta(seconds=1))])
        until(lambda: len(inbox.messages()) >= 4)
        pages = inbox.messages(kind="pagerduty")
        posts = inbox.messages(kind="slack")
        assert [(page.action, page.severity, page.receiver) for page in pages] == [
            ("trigger", "critical", "pagerduty-critical"),
            ("resolve", "critical", "pagerduty-critical"),
        ]
        assert pages[0].dedup_key == pages[1].dedup_key
        assert b"ServiceOutage" in bytes(pages[0].payload)
        assert [post.summary for post in posts] == ["outage <&>", "outage <&>"]
        (incident,) = inbox.incidents()
        assert (incident.state, incident.events) == ("resolved", 2)
        assert inbox.messages(kind="rejected") == ()


def test_after_kill_9_everything_answered_is_still_there(place: Place) -> None:
    import httpx2

    def page(key: str) -> int:
        event = {"routing_key": KEY, "event_action": "trigger", "dedup_key": key}
        event_payload = {"summary": key, "source": "test", "severity": "error"}
        answer = httpx2.post(
            f"{place.url}/pagerduty/v2/enqueue", json=event | {"payload": event_payload}, trust_env=False
        )
        return answer.status_code

    with place.running() as process:
        assert [page(f"k{number}") for number in range(5)] == [202] * 5
        process.send_signal(signal.SIGKILL)
        process.wait()
    with place.running(), Inbox(place.url) as inbox:
        assert page("k5") == 202
        found = inbox.messages(since=3)
        assert [(message.id, message.dedup_key) for message in found] == [(4, "k3"), (5, "k4"), (6, "k5")]
        assert isinstance(found[0], InboxMessage)
        assert len(inbox.incidents()) == 6


def test_sigterm_ends_it_within_two_seconds(place: Place) -> None:
    with place.running() as process:
        process.send_signal(signal.SIGTERM)
        process.wait(2)


def test_a_wrong_question_is_rejected_with_the_reason(place: Place) -> None:
    with (
        place.running(),
        Inbox(place.url) as inbox,
        pytest.raises(Rejected, match=r"the inbox rejected .* kind must be"),
    ):
        inbox.messages(kind="letter")  # type: ignore[arg-type]


def test_no_inbox_is_unreachable(place: Place) -> None:
    with Inbox(place.url) as inbox, pytest.raises(LiveError, match=rf"^the inbox at {place.url} cannot be reached"):
        inbox.incidents()


def test_a_second_inbox_on_the_same_data_refuses_in_one_line(place: Place, tmp_path: Path) -> None:
    second = tmp_path / "second.json"
    own = {"port": another_port(), "smtp_port": another_port()}
    second.write_text(json.dumps(json.loads(place.config.read_text()) | own))
    with place.running():
        code, errors = _run(second)
    assert (code, errors) == (2, f"inbox: another inbox uses {tmp_path / 'data'}\n")


def test_a_taken_port_is_said_in_one_line(place: Place) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", place.port))
        taken.listen()
        code, errors = _run(place.config)
    assert (code, errors) == (2, f"inbox: port {place.port} cannot be used: Address already in use\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Input data was truncated"),
        ('{"port": 1, "smtp_port": 2, "data": "d"}', "Object missing required field `secrets`"),
        (
            '{"port": 1, "smtp_port": 2, "data": "d", "secrets": "s", "colour": 1}',
            "Object contains unknown field `colour`",
        ),
    ],
)
def test_a_wrong_configuration_names_file_and_mistake(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "inbox.json"
    path.write_text(text)
    with pytest.raises(Misuse) as misuse:
        decoded(path, Config)
    assert str(misuse.value) == f"{path}: {message}"
    with pytest.raises(Misuse, match=r"gone cannot be read: No such file"):
        decoded(tmp_path / "gone", Config)


def _run(config: Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "watchkeeper.inbox", "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    return done.returncode, done.stderr
