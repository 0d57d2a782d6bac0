"""`watchkeeper notify-test`: what it says and with which code it ends."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from notify_world import World, recorded, world
from watchkeeper import cli
from watchkeeper.cli.notify_test import TestSeverity
from watchkeeper.engines import Engine
from watchkeeper.live.notify_test import MARK
from watchkeeper.model import Severity
from watchkeeper.stack.layout import Layout


@pytest.fixture(scope="module")
def here(alertmanager: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(alertmanager, tmp_path_factory.mktemp("notify")) as made:
        yield made


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.application(), ["notify-test", *arguments])


def _send(here: World, *arguments: str) -> Result:
    return _run("--one", "--state", str(here.layout.root), *arguments)


@pytest.mark.engine
def test_a_page_that_arrives_and_ends(here: World) -> None:
    done = _send(here)
    assert done.exit_code == 0, done.output
    first, *arrivals, last = done.stdout.splitlines()
    assert re.fullmatch(r"Sending a test alert of severity critical \([0-9a-f]{8}\) through Alertmanager\.", first)
    assert last == f"2 of 2 receivers reached; read the messages at {here.inbox_url}"
    words = [re.sub(r" +after +\d+\.\d s +", " | ", line.strip()) for line in arrivals]
    assert sorted(words[:2]) == [
        "pagerduty-critical | [critical] WatchkeeperTest watchkeeper demo",
        "slack-incidents | [critical] WatchkeeperTest watchkeeper demo",
    ]
    assert sorted(words[2:]) == [
        "pagerduty-critical | [resolved] WatchkeeperTest watchkeeper demo",
        "slack-incidents | [resolved] WatchkeeperTest watchkeeper demo",
    ]


@pytest.mark.engine
def test_as_json_it_says_nothing_else(here: World) -> None:
    done = _send(here, "--severity", "warning", "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    assert set(said) == {
        "severity",
        "expected",
        "arrived",
        "resolved",
        "suppressed_by",
        "silent_at_end",
        "resting",
        "missing",
        "reached",
    }
    assert (said["severity"], said["expected"], said["missing"], said["reached"]) == (
        "warning",
        ["slack-reliability"],
        [],
        True,
    )
    (arrival,), (end,) = said["arrived"], said["resolved"]
    assert set(arrival) == set(end) == {"receiver", "summary", "seconds"}
    assert (arrival["receiver"], arrival["summary"]) == (
        "slack-reliability",
        "[warning] WatchkeeperTest watchkeeper demo",
    )
    assert end["summary"] == "[resolved] WatchkeeperTest watchkeeper demo"


@pytest.mark.engine
def test_a_receiver_that_refuses_is_named(here: World) -> None:
    with here.wrong_key("pagerduty-critical"):
        done = _send(here, "--timeout", "2")
    assert done.exit_code == 1
    *_, missing, last = done.stdout.splitlines()
    assert missing == "pagerduty-critical got nothing: look into Alertmanager's log (watchkeeper stack logs)"
    assert last.startswith("1 of 2 receivers reached; read the messages at ")


@pytest.mark.engine
def test_a_silenced_one_is_held_back(here: World) -> None:
    silence = here.silence(service="watchkeeper", severity="high")
    done = _send(here, "--severity", "high")
    assert done.exit_code == 1
    assert done.stdout.splitlines()[1:] == [f"Nobody was told: it is held back by {silence}."]
    with here.alertmanager() as alertmanager:
        assert not [one for one in alertmanager.alerts() if MARK in one.labels and one.labels["severity"] == "high"]


@pytest.mark.engine
def test_no_inbox_is_a_sentence(here: World, tmp_path: Path) -> None:
    recorded(Layout.of(tmp_path), alertmanager=here.alertmanager_url)
    done = _run("--one", "--state", str(tmp_path), "--json")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("watchkeeper: the inbox at http://127.0.0.1:9 cannot be reached")
    assert "Traceback" not in done.output


@pytest.mark.engine
@pytest.mark.parametrize(
    ("password", "sentence"), [("guess", "does not accept our credentials"), (None, "cannot be read: No such file")]
)
def test_a_wrong_password_is_a_sentence(here: World, tmp_path: Path, password: str | None, sentence: str) -> None:
    layout = Layout.of(tmp_path)
    recorded(layout, alertmanager=here.alertmanager_url, inbox=here.inbox_url)
    if password is None:
        layout.password.unlink()
    else:
        layout.password.write_text(password)
    done = _run("--one", "--state", str(tmp_path), "--timeout", "1")
    assert done.exit_code == 1
    assert sentence in done.stderr
    assert isinstance(done.exception, SystemExit)


def test_nobody_answers(tmp_path: Path) -> None:
    recorded(Layout.of(tmp_path))
    done = _run("--one", "--state", str(tmp_path))
    assert done.exit_code == 1
    assert done.stderr.startswith("watchkeeper: the inbox at http://127.0.0.1:9 cannot be reached")
    assert isinstance(done.exception, SystemExit)


def test_where_no_stack_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = _run("--one")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("watchkeeper: no stack runs in .watchkeeper; start one with: ")
    assert done.stderr.endswith("watchkeeper up --demo --detach\n")
    assert not list(tmp_path.iterdir()), "looking makes nothing"


def test_the_advice_names_the_directory_that_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    for state in ("my state", "file"):
        done = _run("--one", "--state", state)
        assert done.exit_code == 2
        assert done.stderr.startswith(f"watchkeeper: no stack runs in {state}; ")
    assert done.stderr.endswith("watchkeeper up --demo --detach --state file\n")


def test_a_stack_that_has_ended_does_not_run(tmp_path: Path) -> None:
    layout = Layout.of(tmp_path)
    recorded(layout)
    layout.record.write_text(layout.record.read_text().replace('"started": ', '"started": 1'))
    assert _run("--one", "--state", str(tmp_path)).exit_code == 2


@pytest.mark.parametrize(
    "misuse",
    [
        (),
        ("--one", "--severity", "info"),
        ("--one", "--timeout", "0"),
        ("--one", "--timeout", "inf"),
        ("--one", "--timeout", "nan"),
        ("--one", "--timeout", "soon"),
    ],
)
def test_misuse(tmp_path: Path, misuse: tuple[str, ...]) -> None:
    recorded(Layout.of(tmp_path))
    assert _run("--state", str(tmp_path), *misuse).exit_code == 2


def test_every_severity_that_is_sent_somewhere_can_be_tried() -> None:
    assert {one.value for one in TestSeverity} == {one.value for one in Severity} - {"info"}
