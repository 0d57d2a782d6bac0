"""`watchkeeper capacity`: words, JSON, multiples that are none, definitions with problems."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from watchkeeper.cli import application

RUNNER = CliRunner()


def test_the_reference_and_two_multiples_are_told() -> None:
    done = RUNNER.invoke(application(), ["capacity"])
    assert done.exit_code == 0
    assert done.stdout.startswith("capacity of llm-copilot-agent: 50,000,000 requests a month")
    assert done.stdout.splitlines()[2].split() == ["1x", "10x", "100x"]


def test_json_for_the_multiples_asked_for() -> None:
    done = RUNNER.invoke(application(), ["capacity", "--times", "2, 7", "--json"])
    assert done.exit_code == 0
    assert [plan["times"] for plan in json.loads(done.stdout)["plans"]] == [2, 7]


@pytest.mark.parametrize("times", ["", "0", "1,x", "-1", "1.5", "1000000", "1,,2"])
def test_multiples_that_are_none_are_misuse(times: str) -> None:
    done = RUNNER.invoke(application(), ["capacity", f"--times={times}"])
    assert done.exit_code == 2
    assert "whole numbers from 1" in done.stderr


def test_problems_of_the_definitions_are_told(tmp_path: Path) -> None:
    project = tmp_path / "watchkeeper.yaml"
    project.write_text("service: a\nextends: copilot\nslos:\n  availability: {target: 0.999}\n")
    done = RUNNER.invoke(application(), ["capacity", "--project", str(project)])
    assert done.exit_code == 1
    assert "target" in done.stderr
    assert done.stdout == ""
