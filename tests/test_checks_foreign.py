"""Rule files of others: what is found in them is recorded, and in good ones it is nothing."""

from pathlib import Path

import pytest

import record_findings

FILES = record_findings.files()
BY_NAME = pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])


@BY_NAME
def test_findings_are_as_recorded(file: Path) -> None:
    recorded = record_findings.recorded(file).read_text(encoding="utf-8")
    assert record_findings.lines(file) == recorded, "read the difference, then: python tests/record_findings.py"


def test_nothing_is_found_in_good_rules() -> None:
    assert record_findings.findings(record_findings.FOREIGN / "good.yaml") == ()


@pytest.mark.parametrize("stem", ["home-grown", "kubernetes-mixin-like", "sloth-like"])
def test_something_is_found_in_the_others(stem: str) -> None:
    assert len(record_findings.findings(record_findings.FOREIGN / f"{stem}.yaml")) >= 10
