"""The Prometheus client against a real server whose samples were written at times of our choosing."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import bcrypt
import pytest

from ports import free_port
from watchkeeper.engines import Engine
from watchkeeper.engines.arguments import Server
from watchkeeper.engines.arguments import prometheus as arguments
from watchkeeper.engines.process import Login, run
from watchkeeper.live.errors import Refused, Rejected, Unreachable, Unreadable
from watchkeeper.live.labels import Labels
from watchkeeper.live.prometheus import AlertState, Health, Prometheus, Sample, Series, TargetHealth
from watchkeeper.live.remote_write import STALE, WrittenSeries, write
from watchkeeper.model.deployment import Credentials
from watchkeeper.quantity import Duration

pytestmark = pytest.mark.engine

CONFIGURATION = """
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [rules.yaml]
scrape_configs:
- {job_name: gone, static_configs: [{targets: ["127.0.0.1:9"]}]}
"""
RULES = """
groups:
- name: example
  rules:
  - {record: "two", expr: "vector(2)", labels: {kind: even}}
  - alert: Always
    expr: two > 1
    labels: {severity: critical}
    annotations: {summary: "two is {{ $value }}"}
  - alert: Soon
    expr: two > 1
    for: 1h
  - alert: Never
    expr: two > 3
"""


@dataclass(frozen=True)
class Running:
    client: Prometheus
    credentials: Credentials
    folder: Path
    written_at: float


def until(happened: Callable[[], bool], seconds: float = 20.0) -> None:
    """Poll a running engine: it offers no way to be told."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "did not happen in time"


@pytest.fixture(scope="module")
def running(prometheus: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "prometheus.yaml").write_text(CONFIGURATION)
    (folder / "rules.yaml").write_text(RULES)
    hashed = bcrypt.hashpw(b"word", bcrypt.gensalt(4)).decode()
    (folder / "web.yaml").write_text(f"basic_auth_users: {{watchkeeper: '{hashed}'}}\n")
    (folder / "password").write_text("word")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    server = Server(port, folder / "prometheus.yaml", folder / "data", folder / "web.yaml")
    credentials = Credentials("watchkeeper", str(folder / "password"))
    login = Login("watchkeeper", "word")
    with (
        run(prometheus, arguments(server, origin=url), url=url, log=folder / "log", login=login),
        Prometheus(url, credentials) as client,
    ):
        written_at = float(int(time.time()) - 600)
        samples = [(written_at, 1.0), (written_at + 15, 4.0), (written_at + 30, STALE)]
        assert write(url, [WrittenSeries({"__name__": "written", "slo": "availability"}, samples)], credentials) == 3
        until(lambda: all(group.evaluation_seconds > 0 for group in client.rules()))
        until(lambda: [one.health for one in client.targets()] == [TargetHealth.DOWN])
        yield Running(client, credentials, folder, written_at)


def test_instant_finds_the_sample_at_its_time(running: Running) -> None:
    found = running.client.instant("written", at=running.written_at + 16)
    labels = Labels({"__name__": "written", "slo": "availability"})
    assert found == (Sample(labels, running.written_at + 16, 4.0),)


def test_a_stale_series_is_gone_at_once(running: Running) -> None:
    assert running.client.instant("written", at=running.written_at + 31) == ()


def test_a_scalar_is_one_sample_without_labels(running: Running) -> None:
    (sample,) = running.client.instant("1 / 0", at=running.written_at)
    assert (dict(sample.labels), sample.value) == ({}, float("inf"))


def test_instant_without_a_time_means_now(running: Running) -> None:
    (sample,) = running.client.instant("vector(7)")
    assert abs(sample.timestamp - time.time()) < 60


def test_range_gives_each_series_its_points(running: Running) -> None:
    start = running.written_at
    (series,) = running.client.range("written", start, start + 45, 15)
    assert series == Series(Labels({"__name__": "written", "slo": "availability"}), ((start, 1.0), (start + 15, 4.0)))


def test_a_query_that_does_not_parse_is_rejected_with_the_position(running: Running) -> None:
    with pytest.raises(Rejected, match=r"rejected the request: .*1:5: parse error: unclosed left parenthesis"):
        running.client.instant("sum(")


def test_a_range_of_too_many_points_is_rejected(running: Running) -> None:
    with pytest.raises(Rejected, match="11,000 points"):
        running.client.range("up", 0, 20_000, 1)


def test_a_matrix_is_no_instant_value(running: Running) -> None:
    with pytest.raises(Unreadable, match="must yield a vector or a scalar"):
        running.client.instant("written[5m]", at=running.written_at + 20)


def test_pending_and_firing_alerts_are_told_apart(running: Running) -> None:
    alerts = {alert.name: alert for alert in running.client.alerts()}
    assert {name: alert.state for name, alert in alerts.items()} == {
        "Always": AlertState.FIRING,
        "Soon": AlertState.PENDING,
    }
    always = alerts["Always"]
    assert always.labels == {"alertname": "Always", "kind": "even", "severity": "critical"}
    assert always.annotations == {"summary": "two is 2"}
    assert always.value == 2.0
    assert abs(always.active_at.timestamp() - time.time()) < 120


def test_rules_say_kind_health_and_state(running: Running) -> None:
    (group,) = running.client.rules()
    assert (group.name, group.interval, Path(group.file).name) == ("example", 1.0, "rules.yaml")
    assert [(rule.name, rule.state) for rule in group.rules] == [
        ("two", None),
        ("Always", AlertState.FIRING),
        ("Soon", AlertState.PENDING),
        ("Never", AlertState.INACTIVE),
    ]
    assert {rule.health for rule in group.rules} == {Health.OK}
    assert group.rules[0].labels == {"kind": "even"}


def test_targets_say_what_is_wrong_with_them(running: Running) -> None:
    (target,) = running.client.targets()
    assert (target.job, target.url, target.health) == ("gone", "http://127.0.0.1:9/metrics", TargetHealth.DOWN)
    assert "connection refused" in target.last_error
    assert target.labels == {"instance": "127.0.0.1:9", "job": "gone"}


def test_it_is_ready(running: Running) -> None:
    assert running.client.ready()


def test_wrong_credentials_are_refused_everywhere(running: Running, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("guess")
    with Prometheus(running.client.url, Credentials("watchkeeper", str(tmp_path / "password"))) as stranger:
        for call in (stranger.ready, stranger.alerts, stranger.rules, lambda: stranger.instant("up")):
            with pytest.raises(Refused, match="does not accept our credentials"):
                call()
    with pytest.raises(Refused, match="does not accept our credentials"):
        write(running.client.url, [WrittenSeries({"__name__": "x"}, [(1.0, 1.0)])])


def test_nobody_there_is_unreachable(free_port: int) -> None:
    with Prometheus(f"http://127.0.0.1:{free_port}") as nobody, pytest.raises(Unreachable, match="cannot be reached"):
        nobody.ready()


def test_labels_are_frozen_hashable_and_sorted() -> None:
    labels = Labels({"b": "2", "a": "1"})
    assert list(labels) == ["a", "b"]
    assert labels == {"a": "1", "b": "2"} == labels
    assert hash(labels) == hash(Labels({"a": "1", "b": "2"}))
    assert repr(labels) == "Labels({'a': '1', 'b': '2'})"
    with pytest.raises(TypeError):
        labels["a"] = "3"  # type: ignore[index]


def test_names_labels_and_values(running: Running) -> None:
    assert {"written", "up", "two", "ALERTS"} <= running.client.names()
    assert running.client.label_names("written") == {"slo"}
    assert running.client.label_values("slo", "written") == ("availability",)
    assert running.client.label_values("slo", "up") == ()
    assert "job" in running.client.label_names("up")


def test_the_shortest_scrape(running: Running) -> None:
    assert running.client.shortest_scrape() == Duration.of(seconds=1)


def test_types_of_what_is_scraped(running: Running) -> None:
    """The one target of this server is down: nothing has told its type."""
    assert running.client.types() == {}
