"""The Alertmanager client against a real one: inhibition, silences, receivers, errors."""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from watchkeeper.engines import Engine
from watchkeeper.engines.arguments import Server
from watchkeeper.engines.arguments import alertmanager as arguments
from watchkeeper.engines.process import run
from watchkeeper.live.alertmanager import Alertmanager, AlertState, Matcher, NewAlert, SilenceState
from watchkeeper.live.errors import Rejected

pytestmark = pytest.mark.engine

CONFIGURATION = """
route:
  receiver: nobody
  group_wait: 1s
  routes: [{matchers: ['severity="critical"'], receiver: somebody}]
receivers: [{name: nobody}, {name: somebody}]
inhibit_rules:
- {source_matchers: ['severity="critical"'], target_matchers: ['severity="warning"'], equal: [service]}
"""


def until(happened: Callable[[], bool], seconds: float = 20.0) -> None:
    """Poll a running engine: it offers no way to be told."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "did not happen in time"


@pytest.fixture
def client(alertmanager: Engine, tmp_path: Path, free_port: int) -> Iterator[Alertmanager]:
    (tmp_path / "alertmanager.yaml").write_text(CONFIGURATION)
    url = f"http://127.0.0.1:{free_port}"
    server = Server(free_port, tmp_path / "alertmanager.yaml", tmp_path / "data")
    with (
        run(alertmanager, arguments(server), url=url, log=tmp_path / "log"),
        Alertmanager(url) as opened,
    ):
        yield opened


def alert(name: str, severity: str) -> NewAlert:
    labels = {"alertname": name, "severity": severity, "service": "agent"}
    return NewAlert(labels, {"summary": name.lower()}, starts_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))


def states(client: Alertmanager) -> dict[str, AlertState]:
    return {one.name: one.state for one in client.alerts()}


def test_alerts_say_who_is_told_and_what_inhibits_them(client: Alertmanager) -> None:
    assert client.alerts() == ()
    client.post([alert("Outage", "critical"), alert("Slow", "warning")])
    # an alert's state is decided when its group is first flushed
    until(lambda: states(client) == {"Outage": AlertState.ACTIVE, "Slow": AlertState.SUPPRESSED})
    outage, slow = sorted(client.alerts(), key=lambda one: one.name)
    assert outage.receivers == ("somebody",)
    assert outage.labels == {"alertname": "Outage", "service": "agent", "severity": "critical"}
    assert outage.annotations == {"summary": "outage"}
    assert outage.starts_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (slow.receivers, slow.inhibited_by, slow.silenced_by) == (("nobody",), (outage.fingerprint,), ())


def test_an_alert_with_an_end_in_the_past_is_over(client: Alertmanager) -> None:
    started = alert("Outage", "critical")
    client.post([started])
    until(lambda: "Outage" in states(client))
    client.post([NewAlert(started.labels, ends_at=datetime.now(UTC) - timedelta(seconds=1))])
    until(lambda: not client.alerts())


def test_silences_are_listed_and_silence(client: Alertmanager) -> None:
    client.post([alert("Outage", "critical")])
    now = datetime.now(UTC)
    silence = {
        "matchers": [{"name": "alertname", "value": "Out.*", "isRegex": True, "isEqual": True}],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(hours=1)).isoformat(),
        "createdBy": "someone",
        "comment": "deploying",
    }
    _post(f"{client.url}/api/v2/silences", silence)
    until(lambda: states(client) == {"Outage": AlertState.SUPPRESSED})
    (listed,) = client.silences()
    (silenced,) = client.alerts()
    assert silenced.silenced_by == (listed.id,)
    assert (listed.state, listed.created_by, listed.comment) == (SilenceState.ACTIVE, "someone", "deploying")
    assert [str(matcher) for matcher in listed.matchers] == ['alertname=~"Out.*"']


def test_a_matcher_reads_as_it_is_written_in_configuration() -> None:
    written = {
        str(Matcher("a", "b", is_regex=regex, is_equal=equal)) for regex in (False, True) for equal in (False, True)
    }
    assert written == {'a="b"', 'a!="b"', 'a=~"b"', 'a!~"b"'}


def test_status_says_version_and_configuration(client: Alertmanager) -> None:
    status = client.status()
    assert status.version.startswith("0.")
    assert status.cluster == "disabled"
    assert "somebody" in status.configuration
    assert abs((datetime.now(UTC) - status.started_at).total_seconds()) < 60
    assert client.ready()


def test_an_alert_without_labels_is_rejected_with_the_reason(client: Alertmanager) -> None:
    with pytest.raises(Rejected, match=r"Alertmanager rejected the request: .*label"):
        client.post([NewAlert({})])


def _post(url: str, document: Mapping[str, object]) -> None:
    assert httpx2.post(url, json=document, trust_env=False).status_code == 200
