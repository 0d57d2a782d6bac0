"""Comments that ignore a check: with a reason, for a while, where they stand, and not for nothing."""

from datetime import date

import pytest

from watchkeeper import checks
from watchkeeper.checks import judging
from watchkeeper.checks.inventory import of_families

TODAY = date(2026, 11, 26)
RULES = """\
groups:
- name: first{group}
  rules:
  {above}
  - alert: A{name}
    expr: |
      irate(x[5m]) > 1{inside}
  - alert: B
    expr: irate(y[5m]) > 1
  {below}
"""
IGNORE = "# watchkeeper: ignore"


def rules(group: str = "", above: str = "", name: str = "", inside: str = "", below: str = "") -> str:
    return RULES.format(group=group, above=above, name=name, inside=inside, below=below)


OF_PROMQL = tuple(check for check in checks.CHECKS if "L06" <= check.id <= "L23")
"""What else is wrong with such alerts is none of these tests."""


def told(text: str, today: date = TODAY) -> list[str]:
    judged = judging.judge_rules(OF_PROMQL, {"r.yaml": text}, checks.UNKNOWN, runbooks=None, today=today)
    return [f"{p.span.line} {p.code}" for p in judged.problems]


BOTH, SECOND = ["7 irate", "9 irate"], ["9 irate"]


def test_without_a_comment_both_are_told() -> None:
    assert told(rules()) == BOTH


@pytest.mark.parametrize(
    "text",
    [
        rules(above=f"{IGNORE} L16 because it is a toy"),
        rules(above=f"{IGNORE} irate because it is a toy"),
        rules(above=f"{IGNORE} l16 because it is a toy"),
        rules(above=f"{IGNORE} L16 because it is a toy until 2027-01-01"),
        rules(name=f"  {IGNORE} L16 because it is a toy"),
        rules(inside=f"  {IGNORE} L16 because PromQL has comments, too"),
        rules(above=f"{IGNORE}   L16   because   of   that").replace("# watchkeeper", "#watchkeeper"),
    ],
)
def test_on_or_above_a_rule(text: str) -> None:
    assert told(text) == SECOND


def test_more_comments_may_stand_between() -> None:
    assert told(rules(above=f"{IGNORE} L16 because it is a toy\n  # and nobody looks at it")) == ["10 irate"]
    assert told(rules(above=f"{IGNORE} L16 because it is a toy\n")) == ["4 ignore-unused", "8 irate", "10 irate"]


def test_a_comment_counts_for_its_rule_and_its_check_alone() -> None:
    reason = "because it is a toy"
    assert told(rules(above=f"{IGNORE} L22 {reason}")) == ["4 ignore-unused", *BOTH]
    assert told(rules(group=f" {IGNORE} L16 {reason}")) == ["2 ignore-unused", *BOTH]
    assert told(rules(below=f"{IGNORE} L16 {reason}")) == ["7 irate", "9 irate", "10 ignore-unused"]


def test_several_checks_in_one_comment() -> None:
    assert told(rules(above=f"{IGNORE} L16, L22 because it is a toy")) == ["4 ignore-unused", *SECOND]


@pytest.mark.parametrize(
    ("comment", "code"),
    [
        ("ignore L16", "ignore-without-reason"),
        ("ignore L16 until 2027-01-01", "ignore-without-reason"),
        ("ignore L99 because of that", "ignore-unknown"),
        ("ignore", "ignore-unreadable"),
        ("ignroe L16 because of that", "ignore-unreadable"),
        ("ignore L16 because of that until tomorrow", "ignore-unreadable"),
        ("ignore L16 because of that until 2027-13-01", "ignore-unreadable"),
    ],
)
def test_a_comment_that_ignores_nothing_is_a_problem(comment: str, code: str) -> None:
    assert told(rules(above=f"# watchkeeper: {comment}")) == [f"4 {code}", *BOTH]


def test_the_nearest_check_is_offered() -> None:
    text = rules(above=f"{IGNORE} no-trafic-guard because of that")
    found = checks.judge_rules({"r.yaml": text}, today=TODAY).problems[0]
    assert (found.fix, found.span.column) == ("write `no-traffic-guard`", 18)


def test_after_its_day_the_check_counts_again() -> None:
    text = rules(above=f"{IGNORE} L16 because it is a toy until 2026-11-27")
    assert told(text, date(2026, 11, 26)) == SECOND
    assert told(text, date(2026, 11, 27)) == ["4 ignore-expired", *BOTH]


def test_what_an_unknown_inventory_hides_is_not_called_unused() -> None:
    text = rules(above=f"{IGNORE} L18 because the buckets come next week")
    assert told(text) == BOTH
    judged = checks.judge_rules({"r.yaml": text}, of_families([]), today=TODAY)
    assert "ignore-unused" in {each.code for each in judged.problems}


def test_other_comments_are_none_of_ours() -> None:
    assert told(rules(above="# watchkeeper is a tool; ignore L16 because")) == BOTH
