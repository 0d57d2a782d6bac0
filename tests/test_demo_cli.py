"""`watchkeeper demo`, from the command line down."""

import os
from pathlib import Path

import msgspec
import psutil
import pytest
import typer
from typer.testing import CliRunner, Result

from watchkeeper.cli import demo as cli_demo
from watchkeeper.demo.faults import Fault, read
from watchkeeper.stack.layout import Layout
from watchkeeper.stack.record import Phase, Record, write


def record(*, demo: bool = True, started: float | None = None) -> Record:
    return Record(
        pid=os.getpid(),
        started=psutil.Process().create_time() if started is None else started,
        demo=demo,
        environment="demo",
        phase=Phase.READY,
        console="",
        inbox="",
        prometheus="",
        alertmanager="",
        ports={},
        children=(),
        token="",
    )


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "data" / "demo").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def running(state: Path) -> Path:
    write(Layout.of(state), record())
    return state


def run(*arguments: str | Path) -> Result:
    app = typer.Typer()
    cli_demo.register(app)
    app.command("other")(lambda: None)  # with one group alone typer would drop its name
    return CliRunner().invoke(app, ["demo", *map(str, arguments)])


def test_break_says_what_to_expect(running: Path) -> None:
    result = run("break", "module-down", "observatory", "--state", running)
    assert result.exit_code == 0, result.output
    assert result.output == (
        "module-down observatory: One module behind gRPC is stopped.\n"
        "People notice: Answers lack what the module does; without the orchestrator no workflow runs.\n"
        "Expect: ModuleIntegrationFailure, ModuleUnhealthy\n"
        "Undo it with: watchkeeper demo heal module-down\n"
    )
    assert read(running / "data" / "demo" / "faults.json").arguments(Fault.MODULE_DOWN) == ("observatory",)


def test_break_as_json(running: Path) -> None:
    result = run("break", "error-rate", "30%", "--state", running, "--json")
    broken = msgspec.json.decode(result.stdout)["broken"]
    assert (broken["fault"], broken["arguments"]) == ("error-rate", {"share": "0.3"})


def test_heal(running: Path) -> None:
    run("break", "latency", "--state", running)
    run("break", "redis-down", "--state", running)
    assert run("heal", "latency", "--state", running).output == "Healed: latency\n"
    assert run("heal", "--state", running).output == "Healed: redis-down\n"
    assert run("heal", "--state", running).output == "Nothing to heal.\n"


def test_heal_as_json(running: Path) -> None:
    run("break", "latency", "--state", running)
    healed = msgspec.json.decode(run("heal", "--state", running, "--json").stdout)["healed"]
    assert [item["fault"] for item in healed] == ["latency"]


@pytest.mark.parametrize("verb", [("break", "latency"), ("heal",)])
def test_refused_without_a_stack(state: Path, verb: tuple[str, ...]) -> None:
    result = run(*verb, "--state", state)
    assert result.exit_code == 2
    assert f"no stack runs in {state}. Start one with `watchkeeper up --demo`" in result.stderr
    assert not (state / "data" / "demo" / "faults.json").exists()


def test_refused_when_the_supervisor_is_gone(state: Path) -> None:
    write(Layout.of(state), record(started=1.0))
    result = run("break", "latency", "--state", state)
    assert result.exit_code == 2
    assert "no stack runs in" in result.stderr


def test_refused_without_the_demo(state: Path) -> None:
    write(Layout.of(state), record(demo=False))
    result = run("break", "latency", "--state", state)
    assert result.exit_code == 2
    assert "runs without the demo, and only the demo can be broken" in result.stderr


def test_a_misspelt_fault(running: Path) -> None:
    result = run("break", "latencie", "--state", running)
    assert result.exit_code == 2
    assert "there is no fault `latencie`. Did you mean `latency`?" in result.stderr


def test_a_misspelt_fault_to_heal(running: Path) -> None:
    result = run("heal", "latencie", "--state", running)
    assert result.exit_code == 2
    assert "Did you mean `latency`?" in result.stderr


def test_list(running: Path) -> None:
    run("break", "error-rate", "0.3", "--state", running)
    lines = run("faults", "--state", running).output.splitlines()
    assert "error-rate SHARE   (now: error-rate 0.3)" in lines
    assert "    SHARE: a share above 0 and up to 1, such as 0.3 or 30%" in lines
    assert "    Alerts: LLMCostSpike, LLMTokenAbuse" in lines


def test_list_needs_no_stack(state: Path) -> None:
    listed = msgspec.json.decode(run("faults", "--state", state, "--json").stdout)
    assert [item["fault"] for item in listed["faults"]] == list(Fault)
    assert listed["active"] == []
