"""Every runbook page: there when an alert names it, in one frame, with queries that the stack can answer."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypedDict

import promql_parser
import pytest
import yaml

from watchkeeper import conventions, promql
from watchkeeper.promql.nodes import Aggregation, MatchOperator
from watchkeeper.promql.rewrite import walk
from watchkeeper.quantity import Duration

ROOT = Path(__file__).parents[1]
PACK = ROOT / "src" / "watchkeeper" / "pack"
PAGES = sorted((PACK / "runbooks").glob("*.md"))
FRAME = (
    "Meaning",
    "Impact",
    "First three minutes",
    "Diagnosis",
    "Mitigation",
    "Escalation",
    "Verify recovery",
    "Avoid a repeat",
)
SCRAPED = frozenset({"service", "environment", "instance", "job", "role"})
RECORDED_LABELS = SCRAPED | {"slo"}
ALERT_LABELS = RECORDED_LABELS | {"alertname", "alertstate", "severity", "component", "team", "kind", "tier"}
GENERATED = (
    conventions.OUTAGE,
    conventions.SLI_MISSING,
    conventions.TRAFFIC_COLLAPSE,
    conventions.AVAILABILITY_BREACH,
)


@dataclass(frozen=True)
class Known:
    """A series and its labels; an empty domain takes any value."""

    labels: dict[str, frozenset[str]]


def definitions(kind: str) -> Iterator[tuple[str, dict[str, object]]]:
    for path in sorted((PACK / kind).glob("*.yaml")):
        yield from yaml.safe_load(path.read_text(encoding="utf-8"))[kind].items()


def _domains(labels: dict[str, object]) -> dict[str, frozenset[str]]:
    return {name: frozenset(domain) if isinstance(domain, list) else frozenset() for name, domain in labels.items()}


@cache
def series() -> dict[str, Known]:
    known: dict[str, Known] = {}
    for name, definition in definitions("metrics"):
        labels = definition["labels"]
        assert isinstance(labels, dict)
        own = {label: frozenset[str]() for label in SCRAPED} | _domains(labels)
        if definition["type"] == "histogram":
            known[f"{name}_bucket"] = Known(own | {"le": frozenset()})
            known[f"{name}_count"] = known[f"{name}_sum"] = Known(own)
        else:
            known[name] = Known(own)
    objectives = frozenset(name for name, _ in definitions("slos"))
    recorded = {label: frozenset[str]() for label in RECORDED_LABELS} | {"slo": objectives}
    for name in recordings():
        known[name] = Known(_recorded_labels(name) | recorded)
    known["ALERTS"] = Known({label: frozenset[str]() for label in ALERT_LABELS})
    return known


class Rule(TypedDict, total=False):
    record: str
    expr: str
    labels: dict[str, str]


@cache
def recordings() -> dict[str, list[Rule]]:
    """Every series that the committed rules record."""
    groups = yaml.safe_load((ROOT / "monitoring" / conventions.RECORDING_RULES_FILE).read_text(encoding="utf-8"))
    found: dict[str, list[Rule]] = {}
    for rule in (rule for group in groups["groups"] for rule in group["rules"] if "record" in rule):
        found.setdefault(rule["record"], []).append(rule)
    return found


@cache
def _recorded_labels(series: str) -> dict[str, frozenset[str]]:
    """What its rules group by, and what they add, such as a window; a rule that reads another has its labels."""
    grouped: dict[str, frozenset[str]] = {}
    added: dict[str, set[str]] = {}
    for rule in recordings()[series]:
        expr = promql.parse(rule["expr"])
        for node in walk(expr):
            if isinstance(node, Aggregation) and not node.grouping.without:
                grouped |= dict.fromkeys(node.grouping.labels, frozenset())
        for name in set(promql.metrics(expr)) & recordings().keys():
            grouped |= _recorded_labels(name)
        for label, value in rule.get("labels", {}).items():
            added.setdefault(label, set()).add(value)
    return grouped | {label: frozenset(values) for label, values in added.items()}


@cache
def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def sections(page: Path) -> dict[str, str]:
    parts = re.split(r"^## (.+)$", text(page), flags=re.MULTILINE)
    return {heading: body.strip() for heading, body in zip(parts[1::2], parts[2::2], strict=True)}


def blocks(body: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", body, flags=re.MULTILINE | re.DOTALL)


QUERIES = [pytest.param(query.strip(), id=page.stem) for page in PAGES for query in blocks(text(page), "promql")]


def log_alerts() -> dict[str, dict[str, object]]:
    loaded = yaml.safe_load((PACK / "log-alerts.yaml").read_text(encoding="utf-8"))
    return dict(loaded["log_alerts"])


def named_pages() -> set[str]:
    logged = {str(definition["runbook"]) for definition in log_alerts().values()}
    written = logged | {
        str(definition["runbook"]) for kind in ("alerts", "slos") for _, definition in definitions(kind)
    }
    return written | {conventions.runbook_for(alert) for alert in GENERATED} | {"error-budget.md"}


def test_every_page_that_an_alert_names_exists_and_no_other() -> None:
    assert {page.name for page in PAGES} == named_pages()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_has_the_frame(page: Path) -> None:
    assert text(page).startswith("# ")
    assert tuple(sections(page)) == FRAME
    assert all(sections(page).values())
    assert 40 <= len(text(page).splitlines()) <= 90


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_first_three_minutes_are_three_or_four_numbered_steps(page: Path) -> None:
    steps = re.findall(r"^(\d)\. ", sections(page)["First three minutes"], flags=re.MULTILINE)
    assert steps in (["1", "2", "3"], ["1", "2", "3", "4"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_query_has_a_rule_how_to_read_it(page: Path) -> None:
    for heading, word in (("Diagnosis", "Verdict"), ("Verify recovery", "Expect")):
        body = sections(page)[heading]
        assert blocks(body, "promql"), f"{heading}: nothing to look at"
        after = re.findall(r"^```promql\n.*?^```\n\n(\S+)", body, flags=re.MULTILINE | re.DOTALL)
        assert after == [f"**{word}:**"] * len(blocks(body, "promql"))


@pytest.mark.parametrize("query", QUERIES)
def test_query_is_promql(query: str) -> None:
    promql_parser.parse(query)
    assert promql.unportable(promql.parse(query)) == ()


@pytest.mark.parametrize("query", QUERIES)
def test_query_reads_only_what_is_there(query: str) -> None:
    for selector in promql.selectors(promql.parse(query)):
        if not selector.name:
            assert {matcher.label for matcher in selector.matchers} <= SCRAPED
            continue
        assert selector.name in series(), f"{selector.name} is neither in the catalog nor recorded"
        domains = series()[selector.name].labels
        for matcher in selector.matchers:
            assert matcher.label in domains, f"{selector.name} has no label {matcher.label}"
            domain = domains[matcher.label]
            assert not domain or any(_matches(matcher, value) for value in domain), f"{matcher} can never match"


def _matches(matcher: promql.Matcher, value: str) -> bool:
    match matcher.operator:
        case MatchOperator.EQUAL:
            return matcher.value == value
        case MatchOperator.NOT_EQUAL:
            return matcher.value != value
        case MatchOperator.REGEX:
            return re.fullmatch(matcher.value, value) is not None
        case MatchOperator.NOT_REGEX:
            return re.fullmatch(matcher.value, value) is None


@pytest.mark.parametrize("query", QUERIES)
def test_query_groups_by_labels_that_its_series_have(query: str) -> None:
    for node in walk(promql.parse(query)):
        if isinstance(node, Aggregation):
            available = {"__name__"}
            for name in promql.metrics(node.expr):
                available |= series()[name].labels.keys()
            assert set(node.grouping.labels) <= available


def test_a_wrong_query_would_be_seen() -> None:
    with pytest.raises(AssertionError, match="neither in the catalog"):
        test_query_reads_only_what_is_there("rate(http_request_total[5m])")
    with pytest.raises(AssertionError, match="has no label code"):
        test_query_reads_only_what_is_there('http_requests_total{code="500"}')
    with pytest.raises(AssertionError, match="can never match"):
        test_query_reads_only_what_is_there('sli_events_total{outcome="error"}')
    with pytest.raises(AssertionError, match="has no label provider"):
        test_query_reads_only_what_is_there('module:latency:p95_5m{provider="anthropic"}')
    with pytest.raises(AssertionError, match="can never match"):
        test_query_reads_only_what_is_there('sli:availability:ratio{window="2h"}')
    with pytest.raises(AssertionError):
        test_query_groups_by_labels_that_its_series_have("sum by (code) (http_requests_total)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_to_pages(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", text(page)):
        assert (page.parent / target).is_file(), target


@pytest.mark.parametrize(("alert", "definition"), list(definitions("alerts")), ids=lambda value: str(value)[:30])
def test_meaning_states_the_limits_of_the_definition(alert: str, definition: dict[str, object]) -> None:
    """A changed threshold or window leaves no page behind that still tells the old one."""
    page = PACK / "runbooks" / str(definition["runbook"])
    assert text(page).startswith(f"# {alert}\n")
    meaning = sections(page)["Meaning"]
    limit = str(definition.get("above", definition.get("below")))
    if limit not in ("0", "1"):
        assert limit in meaning
    if "within" in definition:
        assert f"`{definition['within']}`" in meaning


@pytest.mark.parametrize(("alert", "definition"), list(log_alerts().items()), ids=lambda value: str(value)[:30])
def test_meaning_states_rate_and_ratio_of_a_log_alert(alert: str, definition: dict[str, object]) -> None:
    page = PACK / "runbooks" / str(definition["runbook"])
    assert text(page).startswith(f"# {alert}\n")
    meaning = sections(page)["Meaning"]
    assert "five minutes" in meaning
    assert definition["over"] == "5m"
    for limit in (definition.get("above"), definition.get("for")):
        assert limit is None or f"`{limit}`" in meaning
    ratio = definition.get("ratio")
    if isinstance(ratio, dict):
        assert {ratio["name"]} <= set(re.findall(r"\w+", meaning))
        assert f"`{ratio['above']}`" in meaning
        assert f"`{ratio['at_least']}`" in meaning


def test_objective_pages_state_their_targets() -> None:
    for name, definition in definitions("slos"):
        meaning = sections(PACK / "runbooks" / str(definition["runbook"]))["Meaning"]
        assert f"`{name}`" in meaning
        assert f"{definition['target']} %" in meaning


def test_outage_page_states_the_rule() -> None:
    rule = yaml.safe_load((PACK / "service.yaml").read_text(encoding="utf-8"))["outage"]
    meaning = sections(PACK / "runbooks" / "service-outage.md")["Meaning"]
    assert Duration.parse(rule["window"]) == Duration.of(minutes=1)
    assert "last minute" in meaning
    assert str(rule["bad_share"]).replace("%", " %") in meaning
    assert f"more than {rule['min_bad_events']} of them" in meaning
    assert Duration.parse(rule["probe_failing_for"]).words in meaning


def test_budget_page_states_the_policy() -> None:
    policy = yaml.safe_load((PACK / "service.yaml").read_text(encoding="utf-8"))["budget_policy"]
    body = text(PACK / "runbooks" / "error-budget.md")
    for name, state in policy.items():
        if "severity" in state:
            consumed = str(state["consumed"]).replace("%", " %")
            assert f"| {consumed} | {name} | {state['action']} |" in body
