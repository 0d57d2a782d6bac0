"""A project that cannot be read: every verb says the same of it, and ends the same."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from locked_folder import lock
from watchkeeper.cli import application
from watchkeeper.cli.definitions import exit_code, project_file
from watchkeeper.problem import Problem, Severity, Span

RUNNER = CliRunner()
VERBS = {
    "check": ("check", "PROJECT"),
    "build": ("build", "PROJECT", "--out", "out"),
    "explain": ("explain", "availability", "--project", "PROJECT"),
    "diff-old": ("diff", "PROJECT", "pack"),
    "diff-new": ("diff", "pack", "PROJECT"),
    "capacity": ("capacity", "--project", "PROJECT"),
    "slo": ("slo", "PROJECT"),
    "up": ("up", "--project", "PROJECT", "--state", "state"),
}
NO_FILE = "error: cannot be read [unreadable]\n  found    no such file or directory\n"
DENIED = "error: cannot be read [unreadable]\n  found    permission denied\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def locked(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (here / "locked").mkdir()
    (here / "locked" / "watchkeeper.yaml").write_text("service: x\nextends: copilot\n")
    lock(here / "locked", monkeypatch)
    return Path("locked")


def ended(verb: str, project: str) -> tuple[int, str]:
    """The exit code, and what was said on both streams."""
    words = [project if word == "PROJECT" else word for word in VERBS[verb]]
    done = RUNNER.invoke(application(), words)
    assert isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


@pytest.mark.parametrize("verb", VERBS)
def test_a_file_that_is_not_there(verb: str) -> None:
    code, said = ended(verb, "missing.yaml")
    assert code == 2
    assert said.startswith(f"missing.yaml: {NO_FILE}")


@pytest.mark.usefixtures("locked")
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("project", ["locked", "locked/watchkeeper.yaml"])
def test_a_directory_without_permission(verb: str, project: str) -> None:
    code, said = ended(verb, project)
    assert code == 2
    assert said.startswith(f"locked/watchkeeper.yaml: {DENIED}")


@pytest.mark.parametrize("verb", VERBS)
def test_a_file_in_another_encoding(verb: str, here: Path) -> None:
    (here / "latin.yaml").write_bytes("service: café\n".encode("latin-1"))
    code, said = ended(verb, "latin.yaml")
    assert code == 2
    # the text is not known, so none of it is shown
    assert said.startswith("latin.yaml:1:13: error: is not UTF-8 [not-utf8]\n  found    another encoding\n")


@pytest.mark.parametrize(
    ("project", "said"),
    [
        ("empty", f"empty/watchkeeper.yaml: {NO_FILE}"),
        ("pipe", "pipe: error: is no file [unreadable]\n"),
        ("large", "large: error: is larger than 4 MiB [too-large]\n"),
        ("pipe/x", "pipe/x: error: cannot be read [unreadable]\n  found    not a directory\n"),
    ],
)
def test_other_things_that_are_no_definitions(here: Path, project: str, said: str) -> None:
    (here / "empty").mkdir()
    os.mkfifo(here / "pipe")
    with (here / "large").open("wb") as stream:
        stream.truncate(5 * 1024 * 1024)
    for verb in ("check", "explain"):
        code, output = ended(verb, project)
        assert (code, output[: len(said)]) == (2, said)


def test_definitions_with_problems_are_no_misuse(here: Path) -> None:
    (here / "bad.yaml").write_text("service: a\nextends: copilot\nslos:\n  availability: {target: 0.999}\n")
    assert {ended(verb, "bad.yaml")[0] for verb in VERBS} == {1}


def test_without_a_name_the_file_here_is_meant(here: Path) -> None:
    assert project_file(None) is None
    assert project_file(Path("x")) == Path("x")
    (here / "watchkeeper.yaml").write_text("")
    assert project_file(None) == Path("watchkeeper.yaml")


def test_a_file_here_that_cannot_be_read_is_not_passed_over(
    here: Path, locked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the pack alone would be called sound."""
    link = here / "watchkeeper.yaml"
    link.symlink_to("nowhere")
    assert ended("check", "watchkeeper.yaml")[0] == 2
    assert project_file(None) == Path("watchkeeper.yaml")
    link.unlink()
    link.symlink_to(locked / "watchkeeper.yaml")
    assert project_file(None) == Path("watchkeeper.yaml")
    monkeypatch.setattr("watchkeeper.cli.definitions.PROJECT_FILE", locked / "watchkeeper.yaml")
    assert project_file(None) == locked / "watchkeeper.yaml"


def test_the_exit_code_is_that_of_the_worst() -> None:
    def problem(code: str, severity: Severity) -> Problem:
        return Problem(code, severity, Span("f", 1, 1, 2), "s")

    note, warning = problem("dialect", Severity.INFO), problem("expired", Severity.WARNING)
    assert exit_code([]) == 0
    assert exit_code([note]) == 0
    assert exit_code([note, warning]) == 1
    for code in ("unreadable", "too-large", "not-utf8"):
        assert exit_code([warning, problem(code, Severity.ERROR), note]) == 2
