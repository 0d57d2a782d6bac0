"""Every bad definition under golden/problems gets exactly its recorded message."""

from pathlib import Path

import pytest

import record_problems
from watchkeeper import spec
from watchkeeper.problem import Severity

CASES = record_problems.cases()


@pytest.mark.parametrize("folder", CASES, ids=[folder.name for folder in CASES])
def test_message_is_as_recorded(folder: Path) -> None:
    expected = (folder / "expected.txt").read_text(encoding="utf-8")
    assert record_problems.rendered(folder) == expected, "read the difference, then: python tests/record_problems.py"


@pytest.mark.parametrize("folder", CASES, ids=[folder.name for folder in CASES])
def test_case_says_its_idea_in_a_line(folder: Path) -> None:
    idea = (folder / "README").read_text(encoding="utf-8")
    assert idea.count("\n") == 1
    assert idea.endswith(".\n")


@pytest.mark.parametrize("folder", CASES, ids=[folder.name for folder in CASES])
def test_each_problem_says_what_to_do_and_points_into_the_file(folder: Path) -> None:
    loaded = record_problems.load(folder)
    assert loaded.problems, "a case without a problem proves nothing"
    for problem in loaded.problems:
        assert problem.fix or problem.allowed, problem
        assert problem.span.file in loaded.sources or not problem.span.line, problem
        if problem.span.line:
            lines = loaded.sources[problem.span.file].splitlines()
            assert 1 <= problem.span.line <= len(lines) + 1, problem
            assert 1 <= problem.span.column < problem.span.end, problem


@pytest.mark.parametrize("folder", CASES, ids=[folder.name for folder in CASES])
def test_there_is_a_catalog_only_without_errors(folder: Path) -> None:
    loaded = record_problems.load(folder)
    failed = any(problem.severity is Severity.ERROR for problem in loaded.problems)
    assert (loaded.catalog is None) is failed


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 40


def test_the_pack_of_the_cases_is_clean() -> None:
    loaded = spec.load(pack=record_problems.PACK, today=record_problems.TODAY)
    assert loaded.problems == ()
    assert loaded.catalog is not None
