"""Definitions as a subject: what compiled rules break is told where it is written, and may be ignored there."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from watchkeeper import checks, conventions, spec
from watchkeeper.checks import judging
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.definitions import Definitions
from watchkeeper.checks.rules import Rules
from watchkeeper.compile import rules as compiled_rules
from watchkeeper.console import questions
from watchkeeper.live import slo as live_slo
from watchkeeper.model import Catalog
from watchkeeper.problem import Severity

TODAY = date(2026, 11, 26)
PROJECT = """\
service: my-agent
slos:
  availability:
    target: 99.95
alerts:
  # a comment
  Slow:
    severity: warning
    kind: symptom
    component: agent
    team: copilot
    value: max(irate(http_requests_total[5m]))
    above: 5/s
    summary: x
    impact: x
    actions: [x]
    escalation: x
    runbook: latency.md
  HighEventLoopLag:
    for: 7m
"""


def loaded(text: str, folder: Path) -> spec.Loaded:
    project = folder / "watchkeeper.yaml"
    project.write_text(text)
    found = spec.load(project, today=TODAY)
    assert found.catalog is not None, found.problems
    return found


def definitions(text: str, folder: Path) -> Definitions:
    found = loaded(text, folder)
    assert found.catalog is not None
    return checks.of_sources(found.catalog, found.sources)


def compiled(catalog: Catalog) -> dict[str, str]:
    documents = compiled_rules.compiled(catalog).documents
    return {document.path: document.text for document in documents}


OF_PROMQL = tuple(check for check in checks.CHECKS if "L06" <= check.id <= "L23")
"""Who reads, tests and owns what is told elsewhere."""


def told(text: str, folder: Path) -> list[str]:
    subject = definitions(text, folder)
    judged = judging.judge_definitions(OF_PROMQL, subject, compiled(subject.catalog), today=TODAY)
    return [f"{Path(p.span.file).name}:{p.span.line}:{p.span.column} {p.code}" for p in judged.problems]


@pytest.fixture(scope="module")
def pack() -> Definitions:
    found = spec.load(today=TODAY)
    assert found.catalog is not None
    asked = {name for slo in found.catalog.services[0].slos for name in live_slo.asked(slo)}
    return checks.of_sources(found.catalog, found.sources, (questions.recorded(found.catalog), *sorted(asked)))


def test_nothing_is_found_in_the_shipped_pack(pack: Definitions) -> None:
    judged = judging.judge_definitions(checks.CHECKS, pack, compiled(pack.catalog), today=TODAY)
    assert [f"{problem.code} {problem.span} {problem.summary}" for problem in judged.problems] == []


@pytest.mark.parametrize(
    "services",
    [
        "{ours: {}, theirs: {}, third: {team: search}}",
        "{ours: {}, theirs: {dialect: opentelemetry}}",
    ],
)
def test_nothing_is_found_when_several_services_share_the_pack(services: str, tmp_path: Path) -> None:
    subject = definitions(f"extends: copilot\nteams: {{search: {{}}}}\nservices: {services}\n", tmp_path)
    judged = judging.judge_definitions(checks.CHECKS, subject, compiled(subject.catalog), today=TODAY)
    found = [f"{problem.code} {problem.span} {problem.summary}" for problem in judged.problems]
    assert [each for each in found if "unread-recording" not in each] == []


def test_an_alert_is_marked_where_it_is_defined(tmp_path: Path) -> None:
    assert told(PROJECT, tmp_path) == ["watchkeeper.yaml:7:3 irate"]


def test_what_was_found_is_told_in_the_words_of_the_check(tmp_path: Path) -> None:
    subject = definitions(PROJECT, tmp_path)
    (problem,) = judging.judge_definitions(OF_PROMQL, subject, compiled(subject.catalog), today=TODAY).problems
    assert problem.found.startswith("irate(http_requests_total{")


def test_a_comment_on_or_above_a_definition_ignores(tmp_path: Path) -> None:
    reason = "# watchkeeper: ignore L16 because it is a toy"
    assert told(PROJECT.replace("# a comment", reason), tmp_path) == []
    assert told(PROJECT.replace("  Slow:", f"  Slow: {reason}"), tmp_path) == []
    assert told(PROJECT.replace("    for: 7m", f"    for: 7m {reason}"), tmp_path) == [
        "watchkeeper.yaml:7:3 irate",
        "watchkeeper.yaml:20:28 ignore-unused",
    ]


@pytest.mark.parametrize(
    ("right", "wrong", "code"),
    [(" > 0)", ")", "division-by-zero"), ("rate(sli_events", "irate(sli_events", "irate")],
)
def test_rules_of_an_objective_are_marked_at_the_objective(right: str, wrong: str, code: str, tmp_path: Path) -> None:
    """Whoever breaks the compiler is told, and where to look for what it was compiled from."""
    subject = definitions(PROJECT.replace("irate(", "rate("), tmp_path)
    rules = compiled(subject.catalog)[conventions.RECORDING_RULES_FILE]
    assert right in rules
    broken = {conventions.RECORDING_RULES_FILE: rules.replace(right, wrong)}
    found = [p for p in checks.judge_definitions(subject, broken, today=TODAY).problems if p.code == code]
    mine = [p.span.line for p in found if Path(p.span.file).name == "watchkeeper.yaml"]
    assert set(mine) == {3}  # `availability:`
    assert any(p.span.file == "pack/slos/latency.yaml" for p in found)  # what the project leaves as it is


def test_what_many_services_share_is_told_once(tmp_path: Path) -> None:
    text = "services: {a: {}, b: {}}\n" + PROJECT.removeprefix("service: my-agent\n")
    assert told(text, tmp_path) == ["watchkeeper.yaml:7:3 irate"]


def test_a_check_may_ask_the_definitions_themselves(tmp_path: Path) -> None:
    """An objective's target is no rule; a comment on the objective ignores it all the same."""

    def find(subject: Definitions, _rules: Rules) -> Iterator[Finding]:
        yield Finding(subject.at("slos", "availability", "target"), "a target")

    check = Check("L99", "a-target", Severity.INFO, None, definitions=find)
    subject = definitions(PROJECT, tmp_path)
    (problem,) = judging.judge_definitions((check,), subject, {}, today=TODAY).problems
    assert (problem.code, problem.severity, problem.span.line) == ("a-target", Severity.INFO, 4)
    comment = PROJECT.replace("99.95", "99.95 # watchkeeper: ignore L99 because it is agreed")
    assert judging.judge_definitions((check,), definitions(comment, tmp_path), {}, today=TODAY).problems == ()


# --- places ---------------------------------------------------------------------------------------


def test_places_are_those_of_the_file_that_says_it_last(tmp_path: Path) -> None:
    subject = definitions(PROJECT, tmp_path)
    target, window = subject.at("slos", "availability", "target"), subject.at("slos", "availability", "window")
    assert (Path(target.file).name, target.line, target.column) == ("watchkeeper.yaml", 4, 13)
    assert window.file == "pack/slos/availability.yaml"
    assert Path(subject.key("alerts", "Slow").file).name == "watchkeeper.yaml"
    assert subject.key("metrics", "http_requests_total").file == "pack/metrics/requests.yaml"


def test_origins_reach_to_the_next_definition(tmp_path: Path) -> None:
    subject = definitions(PROJECT, tmp_path)
    own = {
        o.name: (o.section, o.first, o.last) for o in subject.origins() if Path(o.key.file).name == "watchkeeper.yaml"
    }
    assert own == {
        "availability": ("slos", 3, 4),
        "Slow": ("alerts", 7, 18),
        "HighEventLoopLag": ("alerts", 19, 21),
    }


def test_what_one_service_defines_for_itself_has_an_origin(tmp_path: Path) -> None:
    text = "services:\n  a:\n    slos:\n      availability: {target: 99.8}\n  b: {}\n"
    names = [
        (o.section, o.name) for o in definitions(text, tmp_path).origins() if o.key.file.endswith("watchkeeper.yaml")
    ]
    assert names == [("services", "a"), ("slos", "availability"), ("services", "b")]
