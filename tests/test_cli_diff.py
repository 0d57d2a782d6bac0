"""`watchkeeper diff`: two files, a directory, the pack, JSON, problems of either side, and what is not there."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from watchkeeper.cli import application

RUNNER = CliRunner()
HEAD = "service: my-copilot\nextends: copilot\n"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return written(tmp_path / "old", "")


def written(folder: Path, text: str) -> Path:
    folder.mkdir()
    project = folder / "watchkeeper.yaml"
    project.write_text(HEAD + text)
    return project


def test_a_file_against_a_directory(old: Path, tmp_path: Path) -> None:
    new = written(tmp_path / "new", "slos:\n  availability: {target: 99.95}\n")
    done = RUNNER.invoke(application(), ["diff", str(old), str(new.parent)])
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "louder: more are told, of more, or more often"
    assert lines[1].startswith("  availability: 99.9 % over 30 d (43 min 12 s of outage) -> 99.95 %")
    assert "earlier: somebody is told earlier" in lines


def test_the_pack_has_a_word_of_its_own(old: Path) -> None:
    done = RUNNER.invoke(application(), ["diff", "pack", str(old)])
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "other: neither",
        "  service: llm-copilot-agent -> my-copilot; the label of every series",
    ]


def test_json_names_everything(old: Path, tmp_path: Path) -> None:
    off = "alerts:\n  RedisDown: {enabled: false, because: no cache in this deployment}\n"
    done = RUNNER.invoke(application(), ["diff", str(old), str(written(tmp_path / "new", off)), "--json"])
    assert done.exit_code == 0
    (gone, *_) = json.loads(done.stdout)
    assert (gone["meaning"], gone["subjects"], gone["after"]) == ("blind", ["RedisDown"], "")


def test_nothing_is_no_failure(old: Path) -> None:
    done = RUNNER.invoke(application(), ["diff", str(old), str(old)])
    assert (done.exit_code, done.stdout) == (0, "nothing that anybody would notice\n")


def test_problems_of_both_sides_are_told(tmp_path: Path) -> None:
    one = written(tmp_path / "one", "slos:\n  availability: {target: 0.999}\n")
    two = written(tmp_path / "two", "alerts:\n  RedisDown: {above: 3 bananas}\n")
    done = RUNNER.invoke(application(), ["diff", str(one), str(two)])
    assert (done.exit_code, done.stdout) == (1, "")
    assert "0.999" in done.stderr
    assert "bananas" in done.stderr


def test_what_is_not_there_is_misuse(old: Path, tmp_path: Path) -> None:
    done = RUNNER.invoke(application(), ["diff", str(old), str(tmp_path / "nowhere")])
    assert done.exit_code == 2
    assert done.stderr.startswith(f"{tmp_path / 'nowhere'}: error: cannot be read [unreadable]\n")


def test_a_file_that_cannot_be_read_hides_no_problem_of_the_other_side(tmp_path: Path) -> None:
    one = written(tmp_path / "one", "slos:\n  availability: {target: 0.999}\n")
    done = RUNNER.invoke(application(), ["diff", str(tmp_path / "nowhere"), str(one)])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "[unreadable]" in done.stderr
    assert "0.999" in done.stderr


def test_a_directory_without_definitions_cannot_be_read(old: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = RUNNER.invoke(application(), ["diff", str(old), str(tmp_path / "empty")])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "cannot be read" in done.stderr
