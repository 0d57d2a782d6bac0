"""`watchkeeper check`: what it prints, in which format, and with which exit code."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from watchkeeper.cli import check

runner = CliRunner()


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    app = typer.Typer()

    @app.callback()
    def root() -> None:
        """A second command makes `check` a word of its own."""

    check.register(app)
    return app


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_shipped_pack_is_checked_where_no_project_is(app: typer.Typer) -> None:
    result = runner.invoke(app, ["check"])
    assert result.exit_code == 0, result.output
    assert result.output.startswith("the shipped pack: no problems\n")
    assert "for llm-copilot-agent" in result.output


def test_a_project_here_is_found(app: typer.Typer, here: Path) -> None:
    (here / "watchkeeper.yaml").write_text("service: my-agent\n")
    result = runner.invoke(app, ["check"])
    assert result.exit_code == 0, result.output
    assert result.output.startswith("watchkeeper.yaml and the shipped pack: no problems\n")
    assert "for my-agent" in result.output


def test_an_alert_of_the_pack_is_switched_off(app: typer.Typer, here: Path) -> None:
    (here / "watchkeeper.yaml").write_text(
        "service: llm-copilot-agent\nextends: copilot\nteam: x\nteams: {x: {}}\n"
        "alerts:\n  LowCacheHitRate: {enabled: false, because: no cache here}\n"
    )
    result = runner.invoke(app, ["check"])
    assert result.exit_code == 0, result.output


def test_problems_are_shown_and_counted(app: typer.Typer, here: Path) -> None:
    (here / "mine.yaml").write_text("service: my-agent\nslos:\n  availability: {target: 0.999}\n")
    result = runner.invoke(app, ["check", "mine.yaml"])
    assert result.exit_code == 1
    assert "mine.yaml:3:26: error:" in result.output
    assert "write 99.9" in result.output
    assert result.output.endswith("1 error in mine.yaml and the shipped pack\n")
    assert "\x1b" not in result.output


def test_a_warning_is_a_problem(app: typer.Typer, here: Path) -> None:
    (here / "watchkeeper.yaml").write_text(
        "service: my-agent\nalerts:\n  DatabaseDown: {enabled: false, because: moved, until: 2020-01-01}\n"
    )
    result = runner.invoke(app, ["check"])
    assert result.exit_code == 1
    assert "1 warning in" in result.output


def test_json(app: typer.Typer, here: Path) -> None:
    (here / "watchkeeper.yaml").write_text("service: my-agent\ntimezone: EST\n")
    result = runner.invoke(app, ["check", "--format", "json"])
    assert result.exit_code == 1
    (problem,) = json.loads(result.output)
    assert (problem["code"], problem["line"], problem["fix"]) == ("bad-timezone", 2, "write America/New_York")


def test_sarif(app: typer.Typer, here: Path) -> None:
    (here / "watchkeeper.yaml").write_text("service: my-agent\ntimezone: EST\n")
    result = runner.invoke(app, ["check", "--format", "sarif"])
    assert result.exit_code == 1
    (run,) = json.loads(result.output)["runs"]
    assert [found["ruleId"] for found in run["results"]] == ["bad-timezone"]


def test_clean_definitions_are_an_empty_list(app: typer.Typer) -> None:
    result = runner.invoke(app, ["check", "--format", "json"])
    assert (result.exit_code, json.loads(result.output)) == (0, [])


@pytest.mark.parametrize("path", ["missing.yaml", "/dev/zero", "empty-directory"])
def test_what_cannot_be_read_is_misuse(app: typer.Typer, here: Path, path: str) -> None:
    (here / "empty-directory").mkdir()
    result = runner.invoke(app, ["check", path])
    assert result.exit_code == 2
    assert "[unreadable]" in result.output
    assert "Traceback" not in result.output


def test_an_unknown_format_is_misuse(app: typer.Typer) -> None:
    assert runner.invoke(app, ["check", "--format", "xml"]).exit_code == 2
