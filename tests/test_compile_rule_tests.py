"""Every alert fires when it must and stays silent when it must (promtool test rules), from the tests that ship.

Each test runs against the rules it needs: those of its alert, and those that record what they read.
"""

import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypedDict

import pytest
import yaml

from watchkeeper import compile as compiler
from watchkeeper import conventions, engines, promql, spec
from watchkeeper.compile.reference import reference
from watchkeeper.model import Catalog
from watchkeeper.promql.nodes import MatchOperator


class Rule(TypedDict, total=False):
    record: str
    alert: str
    expr: str
    labels: dict[str, str]


class Group(TypedDict):
    name: str
    rules: list[Rule]


@cache
def shipped() -> Catalog:
    loaded = spec.load()
    assert loaded.catalog is not None, loaded.problems
    return loaded.catalog


@cache
def documents() -> dict[str, str]:
    return {document.path: document.text for document in compiler.build(shipped(), reference(shipped()))}


@cache
def groups() -> tuple[Group, ...]:
    texts = (documents()[name] for name in (conventions.RECORDING_RULES_FILE, conventions.ALERT_RULES_FILE))
    return tuple(group for text in texts for group in yaml.safe_load(text)["groups"])


def alerts() -> list[str]:
    return sorted({rule["alert"] for group in groups() for rule in group["rules"] if "alert" in rule})


def needed(alert: str) -> Iterator[Group]:
    """Every rule of that name, and what those read, in the order of the files."""
    everything = [rule for group in groups() for rule in group["rules"]]
    wanted = [rule for rule in everything if rule.get("alert") == alert]
    for rule in wanted:  # grows while it is walked
        read = promql.selectors(promql.parse(rule["expr"]))
        wanted += [each for each in everything if each not in wanted and any(answers(each, one) for one in read)]
    for group in groups():
        rules = [rule for rule in group["rules"] if rule in wanted]
        if rules:
            yield {"name": group["name"], "rules": rules}


def answers(rule: Rule, selector: promql.Selector) -> bool:
    """Whether the rule records what is selected; labels that it adds itself tell objectives and windows apart."""
    added = rule.get("labels", {})
    return rule.get("record") == selector.name and all(
        added.get(matcher.label, matcher.value) == matcher.value
        for matcher in selector.matchers
        if matcher.operator is MatchOperator.EQUAL
    )


def test_every_alert_has_tests() -> None:
    tested = {test.alert for service in shipped().services for test in service.tests}
    assert tested == set(alerts())


@pytest.mark.engine
@pytest.mark.parametrize("alert", alerts())
def test_alert(promtool: engines.Engine, tmp_path: Path, alert: str) -> None:
    path = conventions.rule_test_file(shipped().services[0].name, alert)
    document = yaml.safe_load(documents()[path])
    rules = tmp_path / "rules.yaml"
    rules.write_text(yaml.safe_dump({"groups": list(needed(alert))}))
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump(document | {"rule_files": [str(rules)]}))
    done = subprocess.run([*promtool.command, "test", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.engine
def test_the_files_name_rule_files_that_exist(promtool: engines.Engine, tmp_path: Path) -> None:
    """As a user runs them: beside the compiled rules."""
    name = min(path for path in documents() if path.startswith("tests/"))
    for path in (name, conventions.RECORDING_RULES_FILE, conventions.ALERT_RULES_FILE):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(documents()[path])
    done = subprocess.run(
        [*promtool.command, "test", "rules", str(tmp_path / name)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr
