"""The process: quick to answer, honest while it starts, gone when asked; and against a real Prometheus."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from watchkeeper import conventions, spec
from watchkeeper.compile import rules
from watchkeeper.console.__main__ import Config
from watchkeeper.console.alert import AlertFacts, alert
from watchkeeper.console.compiled import definitions
from watchkeeper.console.facts import Level, Presence
from watchkeeper.console.reader import Reader
from watchkeeper.console.situation import situation
from watchkeeper.console.verdict import verdict
from watchkeeper.engines import Engine
from watchkeeper.engines.arguments import Server
from watchkeeper.engines.arguments import prometheus as arguments
from watchkeeper.engines.process import run
from watchkeeper.entry import Misuse, decoded
from watchkeeper.live.prometheus import Prometheus
from watchkeeper.live.remote_write import WrittenSeries, write
from watchkeeper.quantity import Duration

SERVICE = "llm-copilot-agent"


def until(happened: Callable[[], bool], seconds: float = 30.0) -> None:
    """Poll another process: it offers no way to be told."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "did not happen in time"


def configuration(folder: Path, port: int, **changed: object) -> Path:
    settings: dict[str, object] = {
        "port": port,
        "project": "",
        "prometheus": "http://127.0.0.1:9",
        "alertmanager": "http://127.0.0.1:9",
        "username": "",
        "password_file": "",
        "inbox": "http://127.0.0.1:9",
        "environment": "demo",
        "state": str(folder),
    }
    path = folder / "console.json"
    path.write_text(json.dumps(settings | changed))
    return path


def got(url: str) -> tuple[int, str]:
    """Status and text; 0 while nobody listens."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own loopback address
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError:
        return 0, ""


@pytest.fixture
def console(tmp_path: Path, free_port: int) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    config = configuration(tmp_path, free_port)
    process = subprocess.Popen([sys.executable, "-m", "watchkeeper.console", "--config", str(config)])
    try:
        yield process, f"http://127.0.0.1:{free_port}"
    finally:
        process.kill()
        process.wait()


def test_it_answers_soon_and_says_what_is_starting(console: tuple[subprocess.Popen[bytes], str]) -> None:
    _, url = console
    # the bound is for a busy machine; bench/console.py prints what it takes
    until(lambda: got(f"{url}/health") == (200, "ok\n"), seconds=10)
    status, text = got(f"{url}/?format=json")
    assert status == 200
    assert json.loads(text)["verdict"]["level"] == "starting"


def test_it_reads_the_definitions_while_it_answers(console: tuple[subprocess.Popen[bytes], str]) -> None:
    _, url = console
    until(lambda: "DatabaseDown" in got(f"{url}/alerts")[1])


def test_it_ends_when_asked(console: tuple[subprocess.Popen[bytes], str]) -> None:
    process, url = console
    until(lambda: got(f"{url}/health")[0] == 200)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=5) in {0, -signal.SIGTERM}
    assert got(f"{url}/health")[0] == 0


def test_its_times_are_those_of_the_machine(tmp_path: Path, free_port: int) -> None:
    config = configuration(tmp_path, free_port)
    environment = os.environ | {"TZ": "Asia/Kolkata"}
    command = [sys.executable, "-m", "watchkeeper.console", "--config", str(config)]
    process = subprocess.Popen(command, env=environment)
    try:
        until(lambda: " IST" in got(f"http://127.0.0.1:{free_port}/")[1])
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "console.json"),
        ('{"port": "x"}', "Expected `int`"),
        ('{"port": 1, "colour": 2}', "unknown field `colour`"),
    ],
)
def test_a_wrong_configuration_is_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "console.json"
    path.write_text(text)
    with pytest.raises(Misuse, match=said):
        decoded(path, Config)


def test_a_missing_configuration_and_a_taken_port_end_with_two(tmp_path: Path) -> None:
    import socket

    command = [sys.executable, "-m", "watchkeeper.console", "--config"]
    missing = subprocess.run([*command, str(tmp_path / "no.json")], capture_output=True, text=True, check=False)
    assert missing.returncode == 2
    assert missing.stderr.startswith("console: ")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        config = configuration(tmp_path, int(taken.getsockname()[1]))
        refused = subprocess.run([*command, str(config)], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "Address already in use" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_definitions_with_problems_are_told_with_their_place(tmp_path: Path) -> None:
    project = tmp_path / "watchkeeper.yaml"
    project.write_text("service: x\nextends: copilot\nslos:\n  availability: {target: 0.999}\n")
    reader = Reader(project)
    assert reader() is None
    reader.read()
    found = reader()
    assert found is not None
    assert found.catalog is None
    assert "watchkeeper.yaml:4:" in found.problems[0]


def test_the_shipped_definitions_are_read() -> None:
    reader = Reader(None)
    reader.start().join(timeout=60)
    found = reader()
    assert found is not None
    assert found.catalog is not None
    assert found.problems == ()
    assert found.find("DatabaseDown", {}) is not None


def test_a_bug_in_reading_is_told_and_not_taken_for_starting(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_: Path | None) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(spec, "load", broken)
    reader = Reader(None)
    reader.start().join(timeout=60)
    found = reader()
    assert found is not None
    assert found.problems == ("reading them failed inside Watchkeeper (boom); see the console's log",)
    assert "RuntimeError: boom" in capsys.readouterr().err


# --- a real Prometheus with the compiled rules -----------------------------------------------------

CONFIGURATION = """
global: {scrape_interval: 1s, evaluation_interval: 1s, external_labels: {environment: demo}}
rule_files: [prometheus-recording-rules.yaml, prometheus-alert-rules.yaml]
scrape_configs:
- {job_name: self, static_configs: [{targets: ["127.0.0.1:PORT"], labels: {service: prometheus, role: engine}}]}
"""


def counters(now: float) -> Iterator[WrittenSeries]:
    """Twenty requests a second for ten minutes; half of them fail in the last two."""
    times = [now - 600 + 5 * index for index in range(121)]
    for slo in ("availability", "latency-simple", "latency-complex"):
        bad = [max(0.0, at - (now - 120)) * 10 if slo == "availability" else 0.0 for at in times]
        good = [20 * (at - times[0]) - fell for at, fell in zip(times, bad, strict=True)]
        for outcome, values in (("good", good), ("bad", bad)):
            labels = {
                "__name__": conventions.SLI_EVENTS,
                "service": SERVICE,
                "environment": "demo",
                "slo": slo,
                "class": "simple",
                "outcome": outcome,
            }
            yield WrittenSeries(labels, list(zip(times, values, strict=True)))
    probe = {"__name__": conventions.PROBE_SUCCESS, "service": SERVICE, "environment": "demo"}
    yield WrittenSeries(probe, [(at, 1.0) for at in times])


@pytest.mark.engine
def test_every_question_is_one_a_real_prometheus_answers(prometheus: Engine, tmp_path: Path, free_port: int) -> None:
    from dataclasses import replace

    from console_world import World, pages

    catalog = spec.load(None).catalog
    assert catalog is not None
    second = Duration.of(seconds=1)
    quick = replace(catalog.intervals, rules_critical=second, rules_standard=second, rules_slow=second)
    catalog = replace(catalog, intervals=quick)
    for document in rules.compiled(catalog).documents:
        (tmp_path / document.path).write_text(document.text)
    (tmp_path / "prometheus.yaml").write_text(CONFIGURATION.replace("PORT", str(free_port)))
    url = f"http://127.0.0.1:{free_port}"
    server = Server(free_port, tmp_path / "prometheus.yaml", tmp_path / "data")
    with (
        run(prometheus, arguments(server, origin=url), url=url, log=tmp_path / "log"),
        Prometheus(url) as client,
    ):
        write(url, counters(time.time()))
        world = World(definitions=definitions(catalog))
        sources = replace(world.sources(), metrics=client, clock=time.time, started=time.time() - 3600)
        until(lambda: any(one.name == "ServiceOutage" for one in situation(sources).firing))
        until(lambda: situation(sources).slos[0].budget_left.presence is Presence.PRESENT)
        until(lambda: situation(sources).freshness.presence is Presence.PRESENT)
        seen = situation(sources)
        availability = seen.slos[0]
        assert availability.failing.current == pytest.approx(0.5, abs=0.1)
        assert availability.good.presence is Presence.PRESENT
        assert availability.young
        assert seen.probe.current == 1
        assert seen.changes.presence is Presence.PRESENT
        judged = verdict(seen, world.zone)
        assert judged.level is Level.CRITICAL
        assert judged.headline.startswith("People cannot work with the copilot since")
        for one in world.definitions.alerts if world.definitions else ():
            facts = alert(sources, pages(), one.name, one.identity).facts
            assert isinstance(facts, AlertFacts)
            for drawing in facts.drawings:
                assert drawing.lines.presence is not Presence.BACKEND_DOWN, (one.name, drawing.lines.why)
