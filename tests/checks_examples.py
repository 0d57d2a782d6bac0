"""Runs the examples of the checks' pages, and rules written in tests, through the same doors that users take."""

from datetime import date
from pathlib import Path

import yaml

from watchkeeper import checks, spec
from watchkeeper.checks import judging
from watchkeeper.checks.check import Check
from watchkeeper.checks.declared import read_inventory
from watchkeeper.checks.inventory import UNKNOWN, Inventory
from watchkeeper.compile import rules as compiled_rules
from watchkeeper.problem import Problem

TODAY = date(2026, 11, 26)
FILE = "rules.yaml"


def is_rule_file(example: str) -> bool:
    return bool({"groups", "rules"} & yaml.safe_load(example).keys())


def as_rule_file(example: str) -> str:
    """`rules:` alone are those of one group. `metrics:` beside them are the inventory, and no part of the file."""
    tree = {key: value for key, value in yaml.safe_load(example).items() if key != "metrics"}
    if "rules" in tree:
        tree = {"groups": [{"name": "example", **tree}]}
    return str(yaml.safe_dump(tree, sort_keys=False, width=10_000))


def inventory(example: str) -> Inventory:
    tree = yaml.safe_load(example)
    if "metrics" not in tree:
        return UNKNOWN
    read = read_inventory(yaml.safe_dump(tree), "metrics.yaml")
    assert read.inventory is not None, read.problems
    return read.inventory


def judge(example: str, check: Check, runbooks: frozenset[str] | None = None) -> tuple[Problem, ...]:
    """What one check says of rules, and why Prometheus would refuse them."""
    return judging.judge_rules(
        (check,), {FILE: as_rule_file(example)}, inventory(example), runbooks=runbooks, today=TODAY
    ).problems


def judge_project(example: str, folder: Path, check: Check) -> tuple[Problem, ...]:
    """What the door and one check say of a project file that extends the shipped pack; of that file alone."""
    return tuple(found for found in judge_all(example, folder, (check,)) if found.span.file.startswith(str(folder)))


def judge_all(example: str, folder: Path, asked: tuple[Check, ...]) -> tuple[Problem, ...]:
    """The same of the pack's files, too."""
    project = folder / "watchkeeper.yaml"
    named = {"service", "services"} & yaml.safe_load(example).keys()
    project.write_text(example if named else f"service: my-agent\n{example}")
    loaded = spec.load(project, today=TODAY)
    if loaded.catalog is None:
        return loaded.problems
    documents = compiled_rules.compiled(loaded.catalog).documents
    definitions = checks.of_sources(loaded.catalog, loaded.sources, project=loaded.project)
    judged = judging.judge_definitions(
        asked, definitions, {document.path: document.text for document in documents}, today=TODAY
    )
    return (*loaded.problems, *judged.problems)


def marked(example: str, check: Check) -> list[str]:
    """The words that one check marks in rules, in the order of the file."""
    lines = as_rule_file(example).split("\n")
    spans = [found.span for found in judge(example, check)]
    return [lines[span.line - 1][span.column - 1 : span.end - 1] for span in spans]


# --- rules of one group, written in Python -----------------------------------------------------------

BY_ID = {check.id: check for check in checks.CHECKS}
Rule = dict[str, str | dict[str, str]]


def alert(expr: str, **more: str | dict[str, str]) -> Rule:
    return {"alert": "A", "expr": expr, **more}


def record(expr: str, name: str = "a:b:c", **more: str | dict[str, str]) -> Rule:
    return {"record": name, "expr": expr, **more}


def found(check: str, *rules: Rule, metrics: str = "", interval: str = "") -> list[str]:
    group: dict[str, object] = {"name": "g", "rules": list(rules)}
    if interval:
        group["interval"] = interval
    tree: dict[str, object] = {"groups": [group]}
    if metrics:
        tree["metrics"] = yaml.safe_load(metrics)
    return marked(yaml.safe_dump(tree, width=10_000, sort_keys=False), BY_ID[check])
