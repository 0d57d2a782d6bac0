"""The reconciler: against a made-up Alertmanager for what goes wrong, against a real one for what it is there for."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from http_bench import Handler, serving
from watchkeeper import routing
from watchkeeper.engines import Engine
from watchkeeper.engines.arguments import Server
from watchkeeper.engines.arguments import alertmanager as arguments
from watchkeeper.engines.process import run
from watchkeeper.entry import Misuse
from watchkeeper.formats.alertmanager_reading import read as read_configuration
from watchkeeper.live.alertmanager import Alertmanager, NewAlert
from watchkeeper.stack.reconciler import Config, Reconciler, read

KEY = "0123456789abcdef0123456789abcdef"
WATCHDOG = {"alertname": "Watchdog", "kind": "watchdog"}
OUTAGE = {"alertname": "Outage", "severity": "critical", "service": "agent", "environment": "demo"}
OTHER = OUTAGE | {"alertname": "Other"}

CONFIGURATION = """
global: {{pagerduty_url: '{sink}/enqueue'}}
route:
  receiver: nobody
  group_by: [alertname]
  routes:
  - {{matchers: ['severity="critical"'], receiver: pager, group_interval: 30s}}
receivers:
- {{name: nobody}}
- {{name: pager, pagerduty_configs: [{{routing_key_file: secrets/pager}}]}}
"""


@dataclass
class Town:
    """An Alertmanager and a PagerDuty that say what a test wants them to."""

    folder: Path
    url: str = ""
    firing: list[Mapping[str, str]] = field(default_factory=list)
    silences: list[dict[str, object]] = field(default_factory=list)
    started: str = "2026-03-09T00:00:00Z"
    pagerduty_status: int = 202
    broken: bool = False
    events: list[dict[str, object]] = field(default_factory=list)
    now: datetime = datetime(2026, 3, 9, 12, tzinfo=UTC)
    slow_seconds: float = 0
    """How far the clock has moved on at each glance after the first of a look."""
    glances: int = 0

    @property
    def state(self) -> Path:
        return self.folder / "state" / "incidents.json"

    def reconciler(self) -> Reconciler:
        config = Config(self.url, str(self.folder / "am.yaml"), str(self.state))
        document = read_configuration((self.folder / "am.yaml").read_text())
        return Reconciler(config, document, Alertmanager(self.url), clock=self._clock)

    def _clock(self) -> datetime:
        self.glances += 1
        return self.now + timedelta(seconds=self.slow_seconds * (self.glances - 1))

    def look(self, reconciler: Reconciler, times: int = 1, seconds: float = 5) -> None:
        for _ in range(times):
            self.now += timedelta(seconds=seconds)
            self.glances = 0
            reconciler.look()

    def silence(self) -> None:
        matcher = {"name": "alertname", "value": ".*", "isRegex": True, "isEqual": True}
        known: dict[str, object] = {
            "id": "1",
            "status": {"state": "active"},
            "matchers": [matcher],
            "createdBy": "a",
            "comment": "c",
        }
        self.silences = [known | {"startsAt": self.started, "endsAt": "2027-01-01T00:00:00Z"}]

    @property
    def closed(self) -> list[str]:
        keys = {self.key(labels): str(labels["alertname"]) for labels in (OUTAGE, OTHER)}
        return [keys[str(event["dedup_key"])] for event in self.events]

    def key(self, labels: Mapping[str, str]) -> str:
        root = read_configuration((self.folder / "am.yaml").read_text()).root
        return routing.deliveries(root, labels)[0].dedup_key


def _listed(labels: Mapping[str, str]) -> dict[str, object]:
    status = {"state": "active", "inhibitedBy": [], "silencedBy": []}
    moment = "2026-03-09T00:00:00Z"
    return {
        "fingerprint": "f",
        "labels": labels,
        "annotations": {},
        "receivers": [{"name": "pager"}],
        "status": status,
        "startsAt": moment,
        "endsAt": moment,
        "updatedAt": moment,
    }


@contextmanager
def _open(town: Town) -> Iterator[Town]:
    class Doors(Handler):
        def get(self) -> None:
            answers: dict[str, object] = {
                "/api/v2/status": {
                    "versionInfo": {"version": "0.25.0"},
                    "uptime": town.started,
                    "cluster": {"status": "disabled"},
                    "config": {"original": ""},
                },
                "/api/v2/silences": town.silences,
                "/api/v2/alerts": [_listed(labels) for labels in town.firing],
            }
            self.reply(json.dumps(answers[self.path]).encode(), 500 if town.broken else 200)

        def post(self) -> None:
            event = json.loads(self.body())
            if town.pagerduty_status == 202:
                town.events.append(event)
            self.reply(b'{"message": "no", "errors": ["too fast"]}', town.pagerduty_status)

    with serving(Doors) as url:
        town.url = url
        (town.folder / "secrets").mkdir()
        (town.folder / "secrets" / "pager").write_text(KEY)
        (town.folder / "am.yaml").write_text(CONFIGURATION.format(sink=url))
        yield town


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with _open(Town(tmp_path)) as opened:
        yield opened


ENOUGH = 25
"""Looks of 5 s: 30 s + 90 s of patience are 24, and the first of them begins the wait."""


def test_what_heals_while_silenced_is_resolved_once(town: Town) -> None:
    watcher = town.reconciler()
    town.firing = [WATCHDOG, OUTAGE, OTHER]
    town.look(watcher, 3)
    town.silence()
    town.firing = [WATCHDOG, OTHER]
    town.look(watcher, ENOUGH - 1)
    assert town.events == []
    town.look(watcher, 1)
    assert town.closed == ["Outage"], "the other one still fires"
    assert town.events[0] == {
        "routing_key": KEY,
        "event_action": "resolve",
        "dedup_key": town.key(OUTAGE),
        "payload": {
            "summary": "[resolved] Outage agent demo (Alertmanager did not send it)",
            "source": "watchkeeper",
            "severity": "info",
        },
    }
    town.look(watcher, ENOUGH * 2)
    assert town.closed == ["Outage"]


def test_what_alertmanager_closes_itself_is_left_to_it(town: Town) -> None:
    watcher = town.reconciler()
    town.firing = [WATCHDOG]
    town.look(watcher)
    town.firing = [WATCHDOG, OUTAGE]
    town.look(watcher, 3)
    town.firing = [WATCHDOG]
    town.look(watcher, ENOUGH * 2)
    assert (town.events, watcher.incidents) == ([], ())


def test_without_the_watchdog_nothing_is_believed(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    """Prometheus is gone, and with it all that fired: that is no recovery."""
    watcher = town.reconciler()
    town.firing = [WATCHDOG, OUTAGE]
    town.look(watcher, 3)
    town.firing = []
    town.look(watcher, ENOUGH * 2)
    assert town.events == []
    assert [incident.gone_since for incident in watcher.incidents] == [None]
    said = "the watchdog alert does not reach Alertmanager: nobody knows what has ended\n"
    assert capsys.readouterr().out == said, "once, not at every look"
    town.firing = [WATCHDOG, OUTAGE]
    town.look(watcher)
    assert capsys.readouterr().out == "watching again\n"
    town.look(watcher, ENOUGH * 2)
    assert town.events == []


def test_a_restarted_alertmanager_is_given_time_to_hear_of_everything(town: Town) -> None:
    watcher = town.reconciler()
    town.firing = [WATCHDOG, OUTAGE, OTHER]
    town.look(watcher, 3)
    town.firing = [WATCHDOG]
    town.look(watcher, ENOUGH - 2)
    town.started = "2026-03-09T11:00:00Z"
    town.look(watcher, ENOUGH - 2)
    town.firing = [WATCHDOG, OTHER]
    town.look(watcher, 1)
    assert town.events == []
    town.look(watcher, 2)
    assert town.closed == ["Outage"], "its end may have been lost with Alertmanager's memory"


def test_an_alertmanager_that_does_not_answer_closes_nothing(town: Town) -> None:
    watcher = town.reconciler()
    town.firing = [WATCHDOG, OUTAGE]
    town.look(watcher, 3)
    town.firing, town.broken = [WATCHDOG], True
    town.look(watcher, ENOUGH * 2)
    assert town.events == []
    town.broken = False
    town.look(watcher, ENOUGH - 1)
    assert town.events == []
    town.look(watcher)
    assert town.closed == ["Outage"]


def test_what_it_knows_outlives_it(town: Town) -> None:
    watcher = town.reconciler()
    town.firing = [WATCHDOG, OUTAGE]
    town.look(watcher, 3)
    assert town.state.stat().st_mode & 0o777 == 0o600
    town.firing = [WATCHDOG]
    heir = town.reconciler()
    assert heir.incidents == watcher.incidents
    town.look(heir, ENOUGH - 1)
    assert town.events == []
    town.look(heir, 1)
    assert town.closed == ["Outage"]
    assert town.reconciler().incidents == ()


def test_an_event_that_is_refused_is_sent_again(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    watcher = town.reconciler()
    town.firing = [WATCHDOG, OUTAGE]
    town.look(watcher)
    town.silence()
    town.firing, town.pagerduty_status = [WATCHDOG], 429
    town.look(watcher, ENOUGH + 3)
    assert "PagerDuty rejected the request: too fast" in capsys.readouterr().out
    assert town.events == []
    town.pagerduty_status = 202
    town.look(watcher)
    assert town.closed == ["Outage"]


def test_a_missing_key_file_is_said_and_keeps_the_incident(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    watcher = town.reconciler()
    town.firing = [WATCHDOG, OUTAGE]
    town.look(watcher)
    town.silence()
    town.firing = [WATCHDOG]
    key = town.folder / "secrets" / "pager"
    key.unlink()
    town.look(watcher, ENOUGH + 1)
    assert f"routing key file {key} cannot be read: No such file" in capsys.readouterr().out
    key.write_text(KEY)
    town.look(watcher)
    assert town.closed == ["Outage"]


@pytest.mark.parametrize(("seconds", "closed"), [(0.4, 2), (0.6, 1)])
def test_what_was_seen_more_than_a_second_ago_closes_nothing(town: Town, seconds: float, closed: int) -> None:
    """Two are due; closing one takes so long that after 2 x 0.6 s the other may be firing again."""
    watcher = town.reconciler()
    town.firing = [WATCHDOG, OUTAGE, OTHER]
    town.look(watcher)
    town.silence()
    town.firing = [WATCHDOG]
    town.look(watcher, ENOUGH - 1)
    town.slow_seconds = seconds
    town.look(watcher)
    assert len(town.events) == closed
    town.slow_seconds = 0
    town.look(watcher)
    assert sorted(town.closed) == ["Other", "Outage"]


def test_a_state_that_cannot_be_read_is_a_beginning(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    town.state.parent.mkdir()
    town.state.write_text('[{"receiver": 7}]')
    assert town.reconciler().incidents == ()
    assert f"{town.state} cannot be read, beginning anew" in capsys.readouterr().out


def test_what_cannot_be_written_down_is_not_acted_on(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    town.state.parent.write_text("a file where the folder should be")
    watcher = town.reconciler()
    town.firing = [WATCHDOG, OUTAGE]
    town.look(watcher)
    assert watcher.incidents == ()
    assert "Not a directory" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("config", "document", "reason"),
    [
        ("{", None, "Input data was truncated"),
        ('{"alertmanager": "u", "configuration": "C", "state": "s", "colour": 1}', None, "unknown field `colour`"),
        ('{"alertmanager": "u", "configuration": "C", "state": "s"}', None, "am.yaml cannot be read: No such file"),
        ('{"alertmanager": "u", "configuration": "C", "state": "s"}', "route: [", "am.yaml: "),
        ('{"alertmanager": "u", "configuration": "C", "state": "s"}', "{}", "missing required field `route`"),
    ],
)
def test_a_wrong_configuration_says_which_file_and_why(
    tmp_path: Path, config: str, document: str | None, reason: str
) -> None:
    path, other = tmp_path / "reconciler.json", tmp_path / "am.yaml"
    path.write_text(config.replace('"C"', json.dumps(str(other))))
    if document is not None:
        other.write_text(document)
    with pytest.raises(Misuse, match=r"am\.yaml|reconciler\.json") as misuse:
        read(path)
    assert reason in str(misuse.value)


def test_the_process_ends_when_asked_and_refuses_in_one_line(town: Town) -> None:
    path = town.folder / "reconciler.json"
    path.write_bytes(msgspec.json.encode(Config(town.url, str(town.folder / "am.yaml"), str(town.state))))
    command = [sys.executable, "-m", "watchkeeper.stack.reconciler", "--config"]
    town.firing = [WATCHDOG, OUTAGE]
    process = subprocess.Popen([*command, str(path)])
    try:
        until(town.state.exists)
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
    finally:
        process.kill()
        process.wait()
    done = subprocess.run([*command, "gone.json"], capture_output=True, text=True, check=False, timeout=20)
    assert (done.returncode, done.stderr) == (2, "reconciler: gone.json cannot be read: No such file or directory\n")


# --- a real Alertmanager ---------------------------------------------------------------------------

REAL = r"""
global: {{pagerduty_url: '{sink}/pagerduty'}}
route:
  receiver: nobody
  group_by: [alertname, odd]
  group_wait: 0s
  group_interval: 1s
  routes:
  - matchers: ['odd!=""', 'severity=~"high|h\\.gh"']
    receiver: pager
    active_time_intervals: [until]
    continue: true
  - {{matchers: ['severity=~"high|h\\.gh"', 'odd!=""'], receiver: hook}}
  - {{matchers: ['severity="critical"'], receiver: pager}}
receivers:
- {{name: nobody}}
- {{name: pager, pagerduty_configs: [{{routing_key_file: '{folder}/key', severity: critical}}]}}
- {{name: hook, webhook_configs: [{{url: '{sink}/hook'}}]}}
time_intervals:
- name: until
  time_intervals: [{{weekdays: [{day}], times: [{{start_time: '00:00', end_time: '{end}'}}]}}]
inhibit_rules:
- {{source_matchers: ['alertname="Down"'], target_matchers: ['kind="symptom"'], equal: [service]}}
"""


def until(happened: Callable[[], bool], seconds: float = 20.0) -> None:
    """Poll another process: it offers no way to be told."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


@dataclass
class Sink:
    pages: list[dict[str, str]] = field(default_factory=list)
    hooks: list[dict[str, str]] = field(default_factory=list)

    def keys(self, action: str) -> list[str]:
        return [page["dedup_key"] for page in self.pages if page["event_action"] == action]


@contextmanager
def _sink() -> Iterator[tuple[Sink, str]]:
    sink = Sink()

    class Doors(Handler):
        def post(self) -> None:
            (sink.pages if self.path == "/pagerduty" else sink.hooks).append(json.loads(self.body()))
            self.reply(b"{}", 202)

    with serving(Doors) as url:
        yield sink, url


def _end_of_hours() -> datetime:
    """The next full minute that leaves enough time to page before it. Alertmanager counts in minutes."""
    return (datetime.now(UTC) + timedelta(seconds=70)).replace(second=0, microsecond=0)


HIGH = {"alertname": "High", "severity": "high", "odd": 'C:\\dir "x"\n\x07grüße\u202e', "service": "a"}
SICK = {"alertname": "Sick", "severity": "critical", "kind": "symptom", "service": "a"}
ALIVE = {"alertname": "Alive", "severity": "critical", "kind": "symptom", "service": "b"}
DOWN = {"alertname": "Down", "severity": "info", "service": "a"}


@pytest.mark.engine
def test_a_real_alertmanager_leaves_incidents_open_and_they_are_closed(
    alertmanager: Engine, tmp_path: Path, free_port: int
) -> None:
    """One heals after its hours, one under an inhibition, one never: two resolves, by the keys of their pages."""
    (tmp_path / "key").write_text(KEY)
    end = _end_of_hours()
    config, url = tmp_path / "am.yaml", f"http://127.0.0.1:{free_port}"
    ahead = timedelta()
    with _sink() as (sink, at_sink):
        last = end - timedelta(minutes=1)
        at_end = f"{end:%H:%M}" if end.date() == last.date() else "24:00"
        config.write_text(REAL.format(sink=at_sink, folder=tmp_path, day=f"{last:%A}".lower(), end=at_end))
        document = read_configuration(config.read_text())
        with (
            run(alertmanager, arguments(Server(free_port, config, tmp_path / "data")), url=url, log=tmp_path / "log"),
            Alertmanager(url) as client,
        ):
            settings = Config(url, str(config), str(tmp_path / "state.json"))
            watcher = Reconciler(settings, document, client, clock=lambda: datetime.now(UTC) + ahead)
            client.post([NewAlert(labels) for labels in (WATCHDOG, HIGH, SICK, ALIVE)])
            until(lambda: len(sink.keys("trigger")) == 3 and len(sink.hooks) == 1)
            # our key of a group is Alertmanager's own, whatever stands in the labels
            ours = {name: routing.deliveries(document.root, labels) for name, labels in _NAMED.items()}
            assert sink.hooks[0]["groupKey"] == ours["high"][1].group_key
            assert set(sink.keys("trigger")) == {each[0].dedup_key for each in ours.values()}
            watcher.look()
            client.post([NewAlert(DOWN)])
            until(lambda: "Down" in {one.name for one in client.alerts()})
            _over(client, SICK)
            until(lambda: datetime.now(UTC) > end, seconds=100)
            watcher.look()
            _over(client, HIGH)
            until(lambda: any(hook["status"] == "resolved" for hook in sink.hooks))
            _flushes(sink, client)
            assert sink.keys("resolve") == [], "Alertmanager has closed it after all"
            for _ in range(20):
                ahead += timedelta(seconds=10)
                watcher.look()
            open_ones = {ours["high"][0].dedup_key, ours["sick"][0].dedup_key}
            assert sorted(sink.keys("resolve")) == sorted(open_ones)
            assert [incident.dedup_key for incident in watcher.incidents] == [ours["alive"][0].dedup_key]


_NAMED = {"high": HIGH, "sick": SICK, "alive": ALIVE}


def _over(client: Alertmanager, labels: Mapping[str, str]) -> None:
    client.post([NewAlert(labels, ends_at=datetime.now(UTC) - timedelta(seconds=1))])


def _flushes(sink: Sink, client: Alertmanager) -> None:
    """Another alert begins and ends meanwhile: every group with a tick of a second has been looked at twice."""
    before = len(sink.keys("trigger"))
    later = ALIVE | {"alertname": "Later"}
    client.post([NewAlert(later)])
    until(lambda: len(sink.keys("trigger")) == before + 1)
    _over(client, later)
    until(lambda: len(sink.keys("resolve")) == 1)
    sink.pages = [page for page in sink.pages if page["event_action"] == "trigger"]
