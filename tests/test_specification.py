"""The specification against the result: every statement has a row, and nothing that a row names is missing."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
DATA = ROOT / "docs" / "specification.yaml"
KEYS = {"says", "where", "find", "shown_by", "decision", "later"}

# Counted by hand in the specification: list items, figures and leaves of trees, without headings that end in a colon.
# Chapter 7 has the 16 fields of the example line, chapter 9 the three code examples as one statement each.
STATEMENTS = {
    "Head": 4,
    "Executive Summary": 2,
    "1. Metrics Catalog": 30,  # 3 + 6 + 5 + 5 + 4 + 3 metrics, the total, and three figures
    "2. SLI/SLO Definitions": 22,  # 6 + 3 + 4 + 4 + 5
    "3. Prometheus Recording Rules": 11,  # the number, eight families, interval, purpose
    "4. Alert Definitions": 36,  # the number, 10 + 7 + 8 + 4 alerts, six parts of each
    "5. Alertmanager Configuration": 15,  # the whole, 4 + 3 + 4 + 3
    "6. Grafana Dashboards": 46,  # the number; 9 + 10 + 9 + 9 panels, audience and refresh of four
    "7. Log Aggregation Config": 44,  # 16 + 5 + 4 + 8 + 6 + 5
    "8. Distributed Tracing Config": 34,  # 4 + 7 + 4 + 11 + 4 + 4
    "9. Implementation Example": 12,  # the whole, three examples, eight things
    "10. Comprehensive Documentation": 11,  # the whole and ten parts
    "Deployment Architecture": 21,
    "Key Features": 26,  # 4 + 4 + 5 + 4 + 4 + 5
    "Success Metrics": 14,  # 5 + 5 + 4
    "Next Steps": 19,  # 5 + 5 + 5 + 4
    "Files Delivered": 13,  # where, eleven files, the sum
    "Conclusion": 14,  # the claim, eight points, the use, four lines of the foot
}


@cache
def chapters() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(DATA.read_text(encoding="utf-8"))["chapters"]
    return found


def rows() -> list[dict[str, Any]]:
    return [row for chapter in chapters() for section in chapter["sections"] for row in section["rows"]]


def each(row: dict[str, Any], key: str) -> list[str]:
    found = row.get(key, [])
    return [found] if isinstance(found, str) else found


def sought(row: dict[str, Any]) -> list[str]:
    """What must stand in the file: what the row says, or the names in the statement itself."""
    return each(row, "find") or re.findall(r"`([^`]+)`", row["says"])


@cache
def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def functions(path: str) -> frozenset[str]:
    tree = ast.parse(text(path))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


every_row = pytest.mark.parametrize("row", [pytest.param(row, id=row["says"][:60]) for row in rows()])


def test_every_statement_has_a_row() -> None:
    counted = {
        re.sub(r" \(.*\)", "", chapter["chapter"]): sum(len(section["rows"]) for section in chapter["sections"])
        for chapter in chapters()
    }
    assert counted == STATEMENTS


def test_no_statement_stands_twice_in_a_section() -> None:
    for chapter in chapters():
        for section in chapter["sections"]:
            said = [row["says"] for row in section["rows"]]
            assert len(set(said)) == len(said), section["section"]


@every_row
def test_a_row_says_where_and_what_shows_it(row: dict[str, Any]) -> None:
    assert set(row) <= KEYS
    assert each(row, "where")
    assert each(row, "shown_by") or each(row, "decision") or each(row, "later")


@every_row
def test_what_a_row_names_stands_in_its_file(row: dict[str, Any]) -> None:
    for path in each(row, "where"):
        assert (ROOT / path).is_file(), path
        for words in sought(row):
            assert words in text(path), f"{path} does not hold {words}"


@every_row
def test_the_tests_and_decisions_of_a_row_exist(row: dict[str, Any]) -> None:
    for test in each(row, "shown_by"):
        path, _, name = test.partition("::")
        assert (ROOT / path).is_file(), path
        assert name.startswith("test_"), test
        assert name in functions(path), test
    for decision in each(row, "decision"):
        assert (ROOT / "docs" / "decisions" / f"{decision}.md").is_file(), decision


@every_row
def test_what_is_lacking_is_said_in_a_sentence(row: dict[str, Any]) -> None:
    for reason in each(row, "later"):
        assert reason.endswith(".")
        assert len(reason.split()) >= 6
