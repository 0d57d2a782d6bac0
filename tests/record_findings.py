"""Findings in rule files that others could have written. To record them again: `python tests/record_findings.py`.

The three files with mistakes are written from memory of what generators, mixins and teams write; `good.yaml` has none.
Read the diff: each line is a promise that a mistake is found, and each new one may be a false alarm.
"""

from pathlib import Path

from checks_examples import TODAY
from watchkeeper import checks, problem
from watchkeeper.problem import Problem

FOREIGN = Path(__file__).parent / "foreign"


def files() -> list[Path]:
    return sorted(FOREIGN.glob("*.yaml"))


def findings(file: Path) -> tuple[Problem, ...]:
    """Without an inventory."""
    return checks.judge_rules({file.name: file.read_text(encoding="utf-8")}, today=TODAY).problems


def lines(file: Path) -> str:
    found = findings(file)
    told = [f"{each.span.line}:{each.span.column} {each.severity} {each.code}: {each.summary}" for each in found]
    return "\n".join([*told, problem.count(found)]) + "\n"


def recorded(file: Path) -> Path:
    return file.with_suffix(".txt")


if __name__ == "__main__":
    for each in files():
        recorded(each).write_text(lines(each), encoding="utf-8")
