"""From files to the catalog: what is written, what is filled in, and what a project changes of its pack."""

import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from watchkeeper import model, spec
from watchkeeper.model import Comparison, Kind, Severity, Tier, Unit
from watchkeeper.quantity import Duration, Ratio
from watchkeeper.spec import schema, wording

PACK = Path(__file__).parent / "golden" / "pack"
TODAY = date(2027, 1, 15)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tmp_path / "watchkeeper.yaml"


def loaded(project: Path, text: str) -> spec.Loaded:
    project.write_text(text, encoding="utf-8")
    return spec.load(project, pack=PACK, today=TODAY)


def catalog(project: Path, text: str = "service: chat-agent\n") -> model.Catalog:
    result = loaded(project, text)
    assert result.problems == ()
    assert result.catalog is not None
    return result.catalog


def service(project: Path, text: str) -> model.Service:
    (only,) = catalog(project, text).services
    return only


def alert(services: model.Service, name: str) -> model.Alert:
    return next(alert for alert in services.alerts if alert.name == name)


def slo(services: model.Service, name: str) -> model.Slo:
    return next(slo for slo in services.slos if slo.name == name)


# --- the pack alone --------------------------------------------------------------------------------


def test_the_pack_alone_is_about_the_reference_service() -> None:
    result = spec.load(pack=PACK)
    assert result.catalog is not None
    assert [service.name for service in result.catalog.services] == ["llm-copilot-agent"]


def test_the_shipped_pack_is_clean() -> None:
    result = spec.load()
    assert result.problems == ()
    assert result.catalog is not None


def test_everything_written_arrives(project: Path) -> None:
    result = catalog(project)
    assert result.timezone == "America/New_York"
    assert result.intervals == model.Intervals(
        Duration.of(seconds=5),
        Duration.of(seconds=15),
        Duration.of(seconds=15),
        Duration.of(seconds=30),
        Duration.of(minutes=2),
    )
    assert result.runbooks == ("availability.md", "database-down.md", "high-latency.md")
    assert [metric.name for metric in result.metrics] == [
        "sli_events_total",
        "http_request_duration_seconds",
        "dependency_up",
        "memory_bytes",
    ]
    histogram = result.metric("http_request_duration_seconds")
    assert histogram == model.Metric(
        name="http_request_duration_seconds",
        type=model.MetricType.HISTOGRAM,
        help="Time to the last byte of the answer.",
        labels=(model.Label("endpoint", cap=60),),
        buckets=(Decimal("0.1"), Decimal("0.5"), Decimal(1), Decimal(2), Decimal(5)),
        scrape=model.Scrape.STANDARD,
        retention=Duration.of(days=30),
        emitter=model.Emitter.SDK,
        category="request",
    )
    assert result.metric("memory_bytes").emitter is model.Emitter.ENGINE
    assert result.metric("memory_bytes").replaces == "process_memory"
    assert result.receivers == (
        model.Receiver("pager", model.PagerDuty("secrets/pager")),
        model.Receiver("chat", model.Slack("#incidents", "secrets/chat")),
        model.Receiver("post", model.Mail(("chat@example.com", "lead@example.com"))),
        model.Receiver("deadman", model.Webhook("deadman")),
        model.Receiver("silent", None),
    )


def test_a_service_arrives_whole(project: Path) -> None:
    (only,) = catalog(project).services
    assert (only.name, only.team) == ("chat-agent", "chat")
    assert only.classes == (
        model.RequestClass("simple", "asks no model", Duration.of(seconds=30)),
        model.RequestClass("complex", "waits for a model", Duration.of(seconds=30)),
    )
    assert [dependency.name for dependency in only.dependencies] == ["database", "cache"]
    assert only.outage == model.Outage(Ratio.of(percent=25), Duration.of(minutes=1), 5, Duration.of(seconds=30))
    assert only.budget_policy == (
        model.BudgetState("green", Ratio.of(percent=0), None, "Develop as usual."),
        model.BudgetState("red", Ratio.of(percent=75), Severity.WARNING, "Reliability work only."),
    )
    assert slo(only, "availability").events == model.Requests()
    assert slo(only, "availability").min_bad_events == 5
    assert slo(only, "latency").events == model.Requests("simple", Duration.of(seconds=1))


def test_alerts_arrive_with_defaults_filled_in(project: Path) -> None:
    (only,) = catalog(project).services
    assert alert(only, "DatabaseDown") == model.Alert(
        name="DatabaseDown",
        severity=Severity.CRITICAL,
        kind=Kind.CAUSE,
        component="database",
        team="chat",
        value='dependency_up{dependency="database"}',
        threshold=model.Threshold(Comparison.BELOW, Decimal(1), Unit.NUMBER),
        within=Duration.of(minutes=1),
        for_=Duration.of(),
        guard="",
        summary="The database does not answer.",
        impact="Nothing works.",
        actions=("Start the database.",),
        escalation="Chat on-call.",
        runbook="database-down.md",
        priority=None,
        panel="",
    )
    latency = alert(only, "HighLatency")
    assert latency.team == "platform"
    assert latency.threshold == model.Threshold(Comparison.ABOVE, Decimal(2), Unit.SECONDS)
    assert (latency.within, latency.for_) == (None, Duration.of(minutes=5))
    assert latency.guard


def test_routes_take_what_they_do_not_say_from_above(project: Path) -> None:
    routing = catalog(project).routing
    assert routing.fallback == "chat"
    assert routing.group_by == ("alertname", "service")
    *_, route = routing.routes
    assert route.match == (("severity", ("critical",)),)
    assert route.receivers == ("pager", "chat")
    assert route.timing == model.Timing(Duration.of(seconds=10), Duration.of(minutes=5), Duration.of(hours=4))
    (rule,) = routing.inhibitions
    assert rule == model.Inhibition((("tier", ("critical",)),), (("tier", ("high",)),), ("slo", "service"))


# --- burn alerts -----------------------------------------------------------------------------------

WORKBOOK = (
    Tier(Severity.CRITICAL, Ratio.of(percent=1), Duration.of(minutes=15)),
    Tier(Severity.CRITICAL, Ratio.of(percent=2), Duration.of(hours=1)),
    Tier(Severity.HIGH, Ratio.of(percent=5), Duration.of(hours=6)),
    Tier(Severity.WARNING, Ratio.of(percent=10), Duration.of(days=3)),
)
WORKBOOK_LOW = (
    Tier(Severity.HIGH, Ratio.of(percent=5), Duration.of(hours=6)),
    Tier(Severity.WARNING, Ratio.of(percent=10), Duration.of(days=1)),
)


@pytest.mark.parametrize(
    ("target", "tiers"),
    [("99.9", WORKBOOK), ("97.1", WORKBOOK), ("97", WORKBOOK_LOW), ("95", WORKBOOK_LOW), ("90", WORKBOOK_LOW)],
)
def test_the_default_burn_alerts_fit_the_target(project: Path, target: str, tiers: tuple[Tier, ...]) -> None:
    only = service(project, f"service: x\nslos: {{latency: {{target: {target}}}}}\n")
    assert slo(only, "latency").tiers == tiers
    assert slo(only, "latency").target == Ratio.of(percent=Decimal(target))


def test_burn_alerts_can_be_named_and_written(project: Path) -> None:
    only = service(
        project,
        "service: x\n"
        "slos:\n"
        "  latency: {target: 99, burn_alerts: workbook-low}\n"
        "  availability: {tiers: [{severity: high, budget_share: 3%, long_window: 2h}]}\n",
    )
    assert slo(only, "latency").tiers == WORKBOOK_LOW
    # the pack's profile gave way to the project's tiers
    assert slo(only, "availability").tiers == (Tier(Severity.HIGH, Ratio.of(percent=3), Duration.of(hours=2)),)


def test_reachability_is_computed_not_looked_up(project: Path) -> None:
    """At 90 % over 30 d a budget share of 5 % in 6 h is 6 x 10 % = 60 % of requests; over 60 d it is 120 %."""
    assert loaded(project, "service: x\nslos: {latency: {target: 90, window: 30d}}\n").problems == ()
    (problem,) = loaded(project, "service: x\nslos: {latency: {target: 90, window: 60d}}\n").problems
    assert problem.code == "unreachable"
    assert "12 x 10% = 120%" in problem.summary


def test_foreign_counters(project: Path) -> None:
    only = service(
        project,
        "service: x\n"
        "slos:\n"
        "  availability: {total: 'requests_total{job=\"x\"}', bad: 'requests_total{code=~\"5..\"}'}\n",
    )
    assert slo(only, "availability").events == model.Queries(
        'requests_total{job="x"}', 'requests_total{code=~"5.."}', model.Outcome.BAD
    )


# --- overrides -------------------------------------------------------------------------------------


def test_maps_merge_and_lists_replace(project: Path) -> None:
    text = """
service: x
slos: {availability: {target: 99.95}}
alerts:
  HighLatency: {above: 85ms, actions: [Only this.]}
metrics:
  dependency_up: {labels: {dependency: [database, cache, queue]}}
  http_request_duration_seconds: {buckets: [1, 2, 3]}
routing: {timing: {group_wait: 5s}}
"""
    result = catalog(project, text)
    (only,) = result.services
    assert slo(only, "availability").target == Ratio.parse("99.95%")
    assert slo(only, "availability").title == "99.9 % of requests are answered well"
    assert alert(only, "HighLatency").actions == ("Only this.",)
    assert alert(only, "HighLatency").threshold.value == Decimal("0.085")
    assert alert(only, "HighLatency").for_ == Duration.of(minutes=5)
    assert result.metric("dependency_up").labels[0].values == ("database", "cache", "queue")
    assert result.metric("http_request_duration_seconds").buckets == (Decimal(1), Decimal(2), Decimal(3))
    assert result.routing.timing.group_wait == Duration.of(seconds=5)
    assert result.routing.timing.group_interval == Duration.of(minutes=5)


def test_a_key_takes_its_opposite_away(project: Path) -> None:
    only = service(
        project,
        "service: x\nalerts:\n  DatabaseDown: {for: 2m, above: 3}\nreceivers: {pager: {webhook: {address: pager}}}\n",
    )
    down = alert(only, "DatabaseDown")
    assert (down.within, down.for_) == (None, Duration.of(minutes=2))
    assert down.threshold.comparison is Comparison.ABOVE


def test_a_section_with_everything_commented_out_changes_nothing(project: Path) -> None:
    assert catalog(project, "service: x\nalerts:\n  # HighLatency: {above: 3s}\n").services[0].alerts


def test_order_is_that_of_the_pack_then_of_the_project(project: Path) -> None:
    text = "service: x\nclasses:\n  batch: {description: nobody waits, stall: 5m}\n  simple: {stall: 10s}\n"
    assert [each.name for each in service(project, text).classes] == ["simple", "complex", "batch"]


def test_a_problem_points_at_the_file_that_says_it(project: Path) -> None:
    result = loaded(project, "service: x\nalerts:\n  DatabaseDown: {within: 5}\n")
    (problem,) = result.problems
    assert problem.span.file == str(project)
    assert result.sources[str(project)].splitlines()[problem.span.line - 1].endswith("{within: 5}")


def test_what_is_switched_off_is_gone(project: Path) -> None:
    text = """
service: x
dependencies: {cache: {enabled: false, because: none here}}
alerts: {HighLatency: {enabled: false, because: the load test does it, until: 2027-03-01}}
slos: {latency: {enabled: false, because: streams only}}
"""
    only = service(project, text)
    assert [each.name for each in only.dependencies] == ["database"]
    assert [each.name for each in only.alerts] == ["DatabaseDown"]
    assert [each.name for each in only.slos] == ["availability"]


@pytest.mark.parametrize(("today", "off"), [(date(2027, 2, 28), True), (date(2027, 3, 1), False)])
def test_until_ends_on_its_day(project: Path, today: date, off: bool) -> None:
    project.write_text("service: x\nalerts: {HighLatency: {enabled: false, because: moving, until: 2027-03-01}}\n")
    result = spec.load(project, pack=PACK, today=today)
    assert result.catalog is not None
    names = [each.name for each in result.catalog.services[0].alerts]
    assert ("HighLatency" not in names) is off
    assert [problem.code for problem in result.problems] == ([] if off else ["expired"])


def test_a_runbook_may_stand_beside_the_project(project: Path) -> None:
    (project.parent / "runbooks").mkdir()
    (project.parent / "runbooks" / "our-database.md").write_text("# Ours\n")
    result = catalog(project, "service: x\nalerts: {DatabaseDown: {runbook: our-database.md}}\n")
    assert "our-database.md" in result.runbooks


def test_labels_about_definitions_follow_them(project: Path) -> None:
    text = """
service: x
classes: {batch: {description: nobody waits, stall: 5m}}
dependencies: {queue: {description: work to do}}
slos:
  batch: {title: t, target: 99, window: 30d, counts: requests, class: batch, impact: i, component: api,
          runbook: availability.md}
alerts:
  QueueDown:
    severity: high
    kind: cause
    component: queue
    value: dependency_up{dependency="queue"}
    below: 1
    within: 1m
    summary: s
    impact: i
    actions: [a]
    escalation: e
    runbook: database-down.md
"""
    result = catalog(project, text)
    labels = {label.name: label.values for label in result.metric("sli_events_total").labels}
    assert labels["class"] == ("simple", "complex", "batch")
    assert labels["slo"] == ("availability", "latency", "batch")
    assert labels["outcome"] == ("good", "bad", "excluded")
    assert result.metric("dependency_up").labels[0].values == ("database", "cache", "queue")


def test_watching_nothing_is_a_problem(project: Path) -> None:
    off = "{enabled: false, because: not yet}"
    text = f"service: x\nslos: {{availability: {off}, latency: {off}}}\n"
    text += f"alerts: {{DatabaseDown: {off}, HighLatency: {off}}}\n"
    (problem,) = loaded(project, text).problems
    assert (problem.code, problem.summary) == ("empty", "service `x` has neither an SLO nor an alert")


# --- several services ------------------------------------------------------------------------------


def test_services_share_what_they_do_not_change(project: Path) -> None:
    text = """
slos: {availability: {target: 99.5}}
services:
  chat-agent:
    team: platform
    slos: {availability: {target: 99.95}}
    alerts: {HighLatency: {enabled: false, because: streams only}}
  search-agent:
    dependencies: {index: {description: what is searched}}
  plain-agent:
"""
    chat, search, plain = catalog(project, text).services
    assert [chat.name, search.name, plain.name] == ["chat-agent", "search-agent", "plain-agent"]
    assert (chat.team, search.team) == ("platform", "chat")
    assert alert(chat, "DatabaseDown").team == "platform"
    assert slo(chat, "availability").target == Ratio.parse("99.95%")
    assert slo(search, "availability").target == slo(plain, "availability").target == Ratio.parse("99.5%")
    assert [each.name for each in chat.alerts] == ["DatabaseDown"]
    assert [each.name for each in search.dependencies] == ["database", "cache", "index"]
    assert [each.name for each in plain.alerts] == ["DatabaseDown", "HighLatency"]


def test_a_shared_problem_is_said_once(project: Path) -> None:
    result = loaded(project, "services: {a: {}, b: {}, c: {}}\nalerts: {HighLatency: {above: 0.5}}\n")
    assert [problem.code for problem in result.problems] == ["unit-missing"]


def test_teams_and_names_of_all_services_may_be_routed(project: Path) -> None:
    text = """
teams: {one: {}, two: {}}
services: {a: {team: one}, b: {team: two}}
routing:
  routes:
    - {match: {team: one}, receivers: [chat]}
    - {match: {team: two, service: b}, receivers: [pager]}
"""
    assert [route.receivers for route in catalog(project, text).routing.routes] == [("post",), ("chat",), ("pager",)]


# --- determinism and limits ------------------------------------------------------------------------


def test_reading_twice_gives_the_same(project: Path, tmp_path: Path) -> None:
    first = catalog(project)
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(PACK, elsewhere)
    again = spec.load(project, pack=elsewhere, today=TODAY)
    assert again.catalog == first


def test_problems_come_in_the_order_of_the_files(project: Path) -> None:
    result = loaded(project, "service: x\nzzz: 1\naaa: 2\nalerts: {HighLatency: {for: 5}}\n")
    assert [problem.span.line for problem in result.problems] == [2, 3, 4]


def test_after_two_hundred_problems_nobody_reads_on(project: Path) -> None:
    lines = [f"  Alert{number}: {{}}" for number in range(400)]
    result = loaded(project, "service: x\nalerts:\n" + "\n".join(lines) + "\n")
    assert len(result.problems) == 201
    assert result.problems[-1].summary == "more than 200 problems; the others are not shown"


def test_secrets_do_not_appear_in_what_is_shown(project: Path) -> None:
    result = loaded(project, "service: x\nreceivers:\n  pager: {pagerduty: {routing_key: topsecret}}\n")
    assert [problem.code for problem in result.problems] == ["secret"]
    assert not any("topsecret" in text for text in result.sources.values())
    assert not any("topsecret" in str(problem) for problem in result.problems)


def test_a_broken_pack_file_stops_before_false_alarms(project: Path, tmp_path: Path) -> None:
    broken = tmp_path / "pack"
    shutil.copytree(PACK, broken)
    (broken / "metrics.yaml").write_text("metrics: [unclosed\n")
    project.write_text("service: x\n")
    result = spec.load(project, pack=broken, today=TODAY)
    assert [problem.code for problem in result.problems] == ["yaml-syntax"]  # and not one unknown metric


def test_every_section_of_names_can_be_spoken_of() -> None:
    """What is defined twice is named by it."""
    for section in schema.NAMED:
        assert wording.noun(section)
