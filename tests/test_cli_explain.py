"""`watchkeeper explain`: words, JSON, and a name nobody has."""

import json

from typer.testing import CliRunner

from watchkeeper.cli import application

RUNNER = CliRunner()


def test_an_objective_is_told_in_words() -> None:
    done = RUNNER.invoke(application(), ["explain", "availability"])
    assert done.exit_code == 0
    assert done.stdout.startswith("slo llm-copilot-agent availability: 99.9 % of requests are answered well\n")
    assert "14.4x = 2 % of 30 d in 1 h" in done.stdout


def test_json_is_a_list_of_explanations() -> None:
    done = RUNNER.invoke(application(), ["explain", "SLIMissing", "--json"])
    assert done.exit_code == 0
    assert {one["kind"] for one in json.loads(done.stdout)} == {"alert"}


def test_a_name_nobody_has_gets_near_ones() -> None:
    done = RUNNER.invoke(application(), ["explain", "HighErorRate"])
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr.splitlines()[0] == "nothing is called `HighErorRate`"
    assert "HighErrorRate" in done.stderr.splitlines()[1]


def test_a_name_like_no_other_gets_no_advice() -> None:
    done = RUNNER.invoke(application(), ["explain", "zzzzzzzz"])
    assert (done.exit_code, done.stderr) == (1, "nothing is called `zzzzzzzz`\n")
