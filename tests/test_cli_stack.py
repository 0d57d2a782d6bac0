"""The verbs around the stack where none runs: clear words, right codes, nothing left behind."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from watchkeeper import cli
from watchkeeper.cli import doctor
from watchkeeper.engines import places
from watchkeeper.stack import preparation, record
from watchkeeper.stack.layout import Layout
from watchkeeper.stack.record import ChildRecord, ChildState, Phase, Record


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.application(), arguments)


def _pretend_to_run(state: Path) -> Layout:
    layout = Layout.of(state)
    layout.root.mkdir()
    me = preparation.own_identity()
    silent = "http://127.0.0.1:9"
    children = (
        ChildRecord("inbox", ChildState.READY, 4711, me.started, 8461, 0),
        ChildRecord("load", ChildState.FAILED, None, None, None, 7),
    )
    ports = {"console": 8460}
    written = Record(
        me.pid, me.started, True, "demo", Phase.FAILED, silent, silent, silent, silent, ports, children, "t"
    )
    record.write(layout, written)
    layout.secrets.mkdir()
    layout.password.write_text("x")
    return layout


def test_status_where_nothing_runs(here: Path) -> None:
    done = _run("status")
    assert done.exit_code == 1
    assert done.stdout.splitlines()[0] == f"nothing runs in {here}/.watchkeeper"
    assert done.stdout.splitlines()[1].startswith("start it with: ")
    assert done.stdout.splitlines()[1].endswith("watchkeeper up --demo")
    as_json = _run("status", "--json", "--state", "elsewhere")
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout)["running"] is False
    assert not list(here.iterdir()), "looking makes nothing"


def test_status_of_a_stack_that_is_not_well(here: Path) -> None:
    _pretend_to_run(here / ".watchkeeper")
    done = _run("status")
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith("failed (process ")
    assert "pages    the inbox does not answer" in lines
    assert any(line.split()[:4] == ["inbox", "ready", "4711", ":8461"] for line in lines)
    assert any(line.split() == ["load", "failed", "7", "restarts"] for line in lines)
    facts = json.loads(_run("status", "--json").stdout)
    assert (facts["running"], facts["healthy"], facts["phase"], facts["pages"]) == (True, False, "failed", None)
    assert facts["children"][1] == {
        "name": "load",
        "state": "failed",
        "pid": None,
        "port": None,
        "restarts": 7,
        "uptime_seconds": None,
    }


def test_up_where_one_runs(here: Path) -> None:
    _pretend_to_run(here / ".watchkeeper")
    (here / ".watchkeeper" / "lock").touch()
    done = _run("up")
    assert done.exit_code == 1
    assert "already running (process" in done.stderr
    assert "console at http://127.0.0.1:9" in done.stderr


def test_up_in_a_directory_of_others(here: Path) -> None:
    (here / "thesis.txt").touch()
    done = _run("up", "--state", ".")
    assert done.exit_code == 1
    assert done.stderr == f"watchkeeper: {here} holds other things: name a directory of its own with --state\n"
    assert [path.name for path in here.iterdir()] == ["thesis.txt"]


def test_up_with_a_bad_project_shows_the_problem_and_starts_nothing(here: Path) -> None:
    (here / "watchkeeper.yaml").write_text("service: mine\nextnds: copilot\n")
    done = _run("up")
    assert done.exit_code == 1
    assert "watchkeeper.yaml:2:1" in done.stderr
    assert "extends" in done.stderr
    assert "Traceback" not in done.output
    assert not (here / ".watchkeeper" / "config").exists()
    # and the directory is free for the next try
    assert _run("down").stdout.startswith("nothing runs in")


@pytest.mark.parametrize("option", [("--port-base", "80"), ("--port-base", "many"), ("--colour", "red")])
def test_up_misused(option: tuple[str, str]) -> None:
    assert _run("up", *option).exit_code == 2


def test_down_where_nothing_runs(here: Path) -> None:
    done = _run("down", "--purge")
    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, f"nothing runs in {here}/.watchkeeper")


def test_purge_of_a_foreign_directory_is_refused(here: Path) -> None:
    (here / "data").mkdir()
    done = _run("down", "--purge", "--state", ".")
    assert done.exit_code == 1
    assert "was not made by watchkeeper up: nothing is dropped" in done.stderr
    assert (here / "data").is_dir()


def test_logs_of_nothing_of_one_and_of_all(here: Path) -> None:
    nothing = _run("stack", "logs")
    assert nothing.exit_code == 1
    assert "nothing was started there" in nothing.stderr
    logs = here / ".watchkeeper" / "logs"
    logs.mkdir(parents=True)
    (logs / "agent.log").write_text("one\ntwo\nthree\n")
    (logs / "prometheus.log").write_text("ready\n")
    assert _run("stack", "logs", "agent", "-n", "2").stdout == "two\nthree\n"
    assert _run("stack", "logs", "-n", "1").stdout == "agent      | three\nprometheus | ready\n"
    wrong = _run("stack", "logs", "agnt")
    assert wrong.exit_code == 2
    assert wrong.stderr == "watchkeeper: there is no process `agnt`. Logs: agent, prometheus.\n"


def test_doctor_on_a_machine_without_engines(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(here))
    monkeypatch.setenv(places.VARIABLE, str(here / "engines"))
    done = _run("doctor")
    assert done.exit_code == 1
    assert f"! prometheus              missing: not on PATH, not in {here}/engines" in done.stdout
    assert "doctor --fetch" in done.stdout
    assert done.stdout.count("brew install") == 1
    facts = {finding["what"]: finding for finding in json.loads(_run("doctor", "--json").stdout)}
    assert facts["alertmanager"]["good"] is False
    assert "sudo apt-get install" in facts["alertmanager"]["remedy"]
    assert facts["python packages [ops]"]["found"] == "installed"
    fetched = _run("doctor", "--fetch")
    assert fetched.exit_code == 1
    assert "Getting them by itself failed: apt-get, apt-cache, dpkg not found" in fetched.stdout


def test_doctor_names_missing_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "EXTRAS", {"demo": ("json", "no_such_package")})
    done = _run("doctor")
    assert done.exit_code == 1
    assert "! python packages [demo]  missing: no_such_package" in done.stdout
    assert "pip install 'watchkeeper[ops,demo]'" in done.stdout


def test_doctor_says_what_runs(here: Path) -> None:
    _pretend_to_run(here / ".watchkeeper")
    done = _run("doctor")
    assert f"+ stack                   {here}/.watchkeeper: failed, console at http://127.0.0.1:9" in done.stdout
    assert "+ ports                   console 8460" in done.stdout
