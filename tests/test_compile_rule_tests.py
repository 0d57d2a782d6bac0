"""Every alert fires when it must and stays silent when it must (promtool test rules), from the tests that ship.

Each test runs against the rules it needs: those of its alert, and those that record what they read.
"""

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TypedDict, TypeGuard

import pytest
import yaml

import compile_bench
from watchkeeper import conventions, engines, promql, spec
from watchkeeper.compile import rule_tests
from watchkeeper.compile import rules as compiled_rules
from watchkeeper.compile.slo import Tempo
from watchkeeper.model import Catalog

Done = subprocess.CompletedProcess[str]


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
    return compile_bench.texts(shipped())


@cache
def groups() -> tuple[Group, ...]:
    texts = (documents()[name] for name in (conventions.RECORDING_RULES_FILE, conventions.ALERT_RULES_FILE))
    return tuple(group for text in texts for group in yaml.safe_load(text)["groups"])


def alerts() -> list[str]:
    return sorted({rule["alert"] for group in groups() for rule in group["rules"] if "alert" in rule})


@cache
def recorded_and_read() -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """Of each group, by name."""
    return {
        group["name"]: (
            frozenset(rule["record"] for rule in group["rules"] if "record" in rule),
            frozenset(name for rule in group["rules"] for name in promql.metrics(promql.parse(rule["expr"]))),
        )
        for group in groups()
    }


def needed(alert: str, objectives: set[str]) -> Iterator[Group]:
    """In the order of the files: what has the alert (of these objectives) and what that reads.

    Groups of an objective read what its own groups record.
    """
    facts = recorded_and_read()
    wanted = {
        group["name"]
        for group in groups()
        if any(
            rule.get("alert") == alert and rule["labels"].get("slo", "") in objectives | {""} for rule in group["rules"]
        )
    }
    while True:
        read = frozenset(name for group in wanted for name in facts[group][1])
        more = {name for name, (recorded, _) in facts.items() if recorded & read and _speaks_of(name, objectives)}
        if more <= wanted:
            break
        wanted |= more
    yield from (group for group in groups() if group["name"] in wanted)


def _speaks_of(group: str, objectives: set[str]) -> bool:
    """Groups of objectives are named after them."""
    prefix = f"slo-{shipped().services[0].name}-"
    own = {f"{prefix}{slo}-{tempo.value}" for slo in objectives for tempo in Tempo}
    return not group.startswith(prefix) or group in own


def objectives_of(alert: str) -> set[str]:
    """Those whose series its tests speak of; every objective where they do not say."""
    tests = [test for service in shipped().services for test in service.tests if test.alert == alert]
    named = {dict(test.labels).get("slo", "") for test in tests}
    counted = {name for name in ALL if any(f'slo="{name}"' in series for test in tests for series, _ in test.series)}
    return (named - {""}) | counted or set(ALL)


TWO_SERVICES = "extends: copilot\nservices: {a: {}, b: {}}\n"
ALL = tuple(slo.name for slo in shipped().services[0].slos)


def test_every_alert_has_tests() -> None:
    tested = {test.alert for service in shipped().services for test in service.tests}
    assert tested == set(alerts())


@pytest.fixture(scope="module")
def judged(
    promtool: engines.Engine, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Done]]]:
    """What promtool says of every alert that is asked for, found on all processors at once, the longest first."""
    named = [str(item.callspec.params["alert"]) for item in request.session.items if _is_of_an_alert(item)]
    asked = sorted(named, key=_steps, reverse=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {alert: pool.submit(_judge, promtool, tmp_path_factory.mktemp("rules"), alert) for alert in asked}


def _is_of_an_alert(item: pytest.Item) -> TypeGuard[pytest.Function]:
    return isinstance(item, pytest.Function) and item.function is test_alert


def _steps(alert: str) -> Decimal:
    """Evaluations that its tests take."""
    tests = (test for service in shipped().services for test in service.tests if test.alert == alert)
    return sum((test.at / shipped().intervals.rules_critical for test in tests), Decimal(0))


def _judge(promtool: engines.Engine, folder: Path, alert: str) -> Done:
    path = conventions.rule_test_file(shipped().services[0].name, alert)
    document = yaml.safe_load(documents()[path])
    rules = folder / "rules.yaml"
    rules.write_text(yaml.safe_dump({"groups": list(needed(alert, objectives_of(alert)))}))
    file = folder / "test.yaml"
    file.write_text(yaml.safe_dump(document | {"rule_files": [str(rules)]}))
    return subprocess.run([*promtool.command, "test", "rules", str(file)], capture_output=True, text=True, check=False)


@pytest.mark.engine
@pytest.mark.timeout(400)  # the first waits for the longest, and all of them for processors
@pytest.mark.parametrize("alert", alerts())
def test_alert(judged: dict[str, Future[Done]], alert: str) -> None:
    done = judged[alert].result()
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_is_tested_with_the_service_that_has_it() -> None:
    """The first may have switched it off."""
    ours = shipped().services[0]
    without = replace(ours, name="a", alerts=tuple(alert for alert in ours.alerts if alert.name != "Watchdog"))
    catalog = replace(shipped(), services=(without, replace(ours, name="b")))
    found = rule_tests.documents(catalog, compiled_rules.compiled(catalog))
    assert [document.path for document in found if "watchdog" in document.path] == ["tests/b-watchdog.yaml"]


OFF = "{enabled: false, because: x}"


@pytest.mark.parametrize(
    ("off", "left_out"),
    [
        (f"alerts: {{LowCacheHitRate: {OFF}}}", {"low-cache-hit-rate"}),
        (f"log_alerts: {{HighErrorLogRate: {OFF}}}", {"high-error-log-rate", "high-error-log-ratio"}),
        ("budget_policy: {orange: {consumed: 60%}}", {"error-budget-50-percent-consumed"}),
    ],
)
def test_what_is_switched_off_is_not_tested(off: str, left_out: set[str], tmp_path: Path) -> None:
    files = compile_bench.of_project(tmp_path, f"service: {shipped().services[0].name}\n{off}\n")
    gone = {f"tests/{shipped().services[0].name}-{name}.yaml" for name in left_out}
    assert {path for path in documents() if path.startswith("tests/")} - files.keys() == gone


def test_the_other_services_keep_their_tests(tmp_path: Path) -> None:
    text = f"extends: copilot\nservices: {{a: {{alerts: {{LowCacheHitRate: {OFF}}}}}, b: {{}}}}\n"
    files = compile_bench.of_project(tmp_path, text)
    assert [path for path in files if "low-cache-hit-rate" in path and "tests/" in path] == [
        "tests/b-low-cache-hit-rate.yaml"
    ]


def test_tests_of_all_services_are_for_those_that_have_the_alert() -> None:
    ours = shipped().services[0]
    without = replace(ours, name="a", alerts=tuple(a for a in ours.alerts if a.name != "LowCacheHitRate"))
    catalog = replace(shipped(), services=(without, replace(ours, name="b")))
    found = rule_tests.documents(catalog, compiled_rules.compiled(catalog))
    assert [each.path for each in found if "cache-hit" in each.path] == ["tests/b-low-cache-hit-rate.yaml"]


def test_cases_of_an_objective_that_is_switched_off_are_left_out(tmp_path: Path) -> None:
    """By the alert they ask for, or by the series they give to an alert on all requests."""
    off = f"slos: {{availability: {OFF}}}\nalerts: {{HighErrorRate: {OFF}}}"
    files = compile_bench.of_project(tmp_path, f"service: {shipped().services[0].name}\n{off}\n")
    tests = {path: text for path, text in files.items() if path.startswith("tests/")}
    assert not [path for path, text in tests.items() if 'slo="availability"' in text]
    outage = yaml.safe_load(tests[conventions.rule_test_file(shipped().services[0].name, "ServiceOutage")])
    assert {"probe" in str(test["input_series"]) for test in outage["tests"]} == {True}


def test_what_watches_the_monitoring_is_tested_once_for_all_services(tmp_path: Path) -> None:
    files = [path for path in compile_bench.of_project(tmp_path, TWO_SERVICES) if path.startswith("tests/")]
    assert {path for path in files if "watchdog" in path} == {"tests/a-watchdog.yaml"}
    assert {path for path in files if "database-down" in path} == {
        "tests/a-database-down.yaml",
        "tests/b-database-down.yaml",
    }


@pytest.mark.engine
@pytest.mark.parametrize("path", ["tests/a-watchdog.yaml", "tests/b-sli-missing.yaml"])
def test_a_service_is_tested_beside_another_that_is_silent(promtool: engines.Engine, tmp_path: Path, path: str) -> None:
    """Of the other there are no series: whatever fires at that must not be taken for an alert of this one."""
    files = compile_bench.of_project(tmp_path, TWO_SERVICES)
    wanted = (path, conventions.RECORDING_RULES_FILE, conventions.ALERT_RULES_FILE)
    compile_bench.write({name: files[name] for name in wanted}, tmp_path)
    command = [*promtool.command, "test", "rules", str(tmp_path / path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.engine
def test_the_files_name_rule_files_that_exist(promtool: engines.Engine, tmp_path: Path) -> None:
    """As a user runs them: beside the compiled rules."""
    name = min(path for path in documents() if path.startswith("tests/"))
    wanted = (name, conventions.RECORDING_RULES_FILE, conventions.ALERT_RULES_FILE)
    compile_bench.write({path: documents()[path] for path in wanted}, tmp_path)
    done = subprocess.run(
        [*promtool.command, "test", "rules", str(tmp_path / name)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr
