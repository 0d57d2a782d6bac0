"""Every check has a page, and both of its examples do what the page says."""

import re
from pathlib import Path

import pytest

from checks_examples import is_rule_file, judge, judge_project
from watchkeeper.checks import CHECKS, page
from watchkeeper.checks.check import Check

ROOM = Path(__file__).parents[1] / "src" / "watchkeeper" / "checks"
BY_ID = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)


def codes(example: str, check: Check, folder: Path) -> set[str]:
    found = judge(example, check) if is_rule_file(example) else judge_project(example, folder, check)
    return {problem.code for problem in found}


@BY_ID
def test_the_bad_example_is_found(check: Check, tmp_path: Path) -> None:
    expected = {check.slug, *check.door}
    found = codes(page.read(check.page).bad, check, tmp_path)
    assert found & expected, found
    assert found <= expected, "a bad example shows one mistake"


@BY_ID
def test_the_good_example_is_clean(check: Check, tmp_path: Path) -> None:
    assert codes(page.read(check.page).good, check, tmp_path) == set()


def test_one_file_a_check_named_like_it() -> None:
    named = {f"{check.id.lower()}_{check.slug.replace('-', '_')}" for check in CHECKS}
    assert {path.stem for path in ROOM.glob("l[0-9]*.py")} == named


def test_every_check_once_and_in_order() -> None:
    ids = [check.id for check in CHECKS]
    assert ids == sorted(set(ids))
    assert all(re.fullmatch(r"L\d\d", each) for each in ids)
    assert len({check.slug for check in CHECKS}) == len(CHECKS)


@BY_ID
def test_a_check_is_asked_something(check: Check) -> None:
    assert check.rules or check.definitions or check.door


def test_a_page_without_its_examples_is_refused() -> None:
    with pytest.raises(ValueError, match="docstring"):
        page.read("A title.\n\nWords.\n\nBad:\n\n```yaml\na: 1\n```\n")
