"""Definitions over the smallest pack: one alert, and the codes of its problems."""

from datetime import date
from pathlib import Path

from watchkeeper import spec
from watchkeeper.problem import Problem

PACK = Path(__file__).parent / "golden" / "pack"
TODAY = date(2027, 1, 15)
ALERT = """\
    severity: high
    kind: cause
    component: api
    summary: Something is wrong.
    impact: People wait.
    actions: [Look.]
    escalation: Chat on-call.
    runbook: high-latency.md
"""


def problems(folder: Path, text: str) -> tuple[Problem, ...]:
    project = folder / "watchkeeper.yaml"
    project.write_text("service: x\n" + text, encoding="utf-8")
    return spec.load(project, pack=PACK, today=TODAY).problems


def of_value(folder: Path, value: str, threshold: str = "above: 0", more: str = "") -> list[str]:
    text = f"alerts:\n  Odd:\n{ALERT}    value: >-\n      {value}\n    {threshold}\n{more}"
    return [problem.code for problem in problems(folder, text)]
