"""Published runbooks: a page for every alert, first what the rules say, then what was written; every link leads on."""

import re
import zlib
from dataclasses import replace
from decimal import Decimal

import pytest

from watchkeeper import compile as compiler
from watchkeeper import conventions
from watchkeeper.compile import rules, runbooks
from watchkeeper.compile.reference import reference
from watchkeeper.model import Alert, Catalog, Comparison, Kind, Priority, RunbookPage, Severity, Threshold, Unit
from watchkeeper.quantity import Duration

QUEUE = Alert(
    name="QueueStuck",
    severity=Severity.CRITICAL,
    kind=Kind.CAUSE,
    component="queue",
    team="batch",
    value='dependency_up{dependency="database"}',
    threshold=Threshold(Comparison.BELOW, Decimal(1), Unit.NUMBER),
    within=Duration.of(minutes=1),
    for_=Duration.of(),
    guard="",
    summary="Nothing is taken out.",
    impact="Work comes late.",
    actions=("Look.", "Act."),
    escalation="On-call.",
    runbook="queue-stuck.md",
    priority=Priority.P1,
    panel="operations/latency",
)
LATENCY = zlib.crc32(b"latency") % (2**31 - 1) + 1
PAGE = RunbookPage("queue-stuck.md", "# QueueStuck\n\n## Meaning\n\nIt stands still. See [the rest](rest.md#more).\n")
REST = RunbookPage("rest.md", "# The rest\n\nRead on.\n")


def _only(catalog: Catalog, *alerts: Alert, pages: tuple[RunbookPage, ...] = (PAGE, REST)) -> Catalog:
    """No objectives, no logs: beside these alerts there is the outage alert alone."""
    service = replace(catalog.services[0], alerts=alerts, slos=(), log_alerts=())
    return replace(catalog, services=(service,), pages=pages)


def _published(catalog: Catalog) -> dict[str, str]:
    found = list(runbooks.documents(catalog, rules.compiled(catalog)))
    assert len({document.path for document in found}) == len(found)
    return {document.path.removeprefix("runbooks/"): document.text for document in found}


@pytest.fixture(scope="module")
def shipped(catalog: Catalog) -> dict[str, str]:
    return _published(catalog)


def _alerts(catalog: Catalog) -> set[str]:
    documents = compiler.running(catalog, reference(catalog))
    return {name for document in documents for name in re.findall(r"- alert: (\w+)", document.text)}


def test_every_alert_has_a_page_under_its_own_name(catalog: Catalog, shipped: dict[str, str]) -> None:
    names = _alerts(catalog)
    assert {"DatabaseDown", "ServiceOutage", "ErrorBudgetBurnRateCritical", "Watchdog"} <= names
    for name in names:
        assert shipped[conventions.runbook_for(name)].startswith(f"# {name}\n"), name


def test_the_page_of_every_rule_is_published(catalog: Catalog, shipped: dict[str, str]) -> None:
    """Notifications name it."""
    texts = [document.text for document in compiler.running(catalog, reference(catalog))]
    named = {page for text in texts for page in re.findall(r"^ +runbook: (\S+)$", text, flags=re.MULTILINE)}
    assert {"latency.md", "error-budget.md", "database-down.md"} <= named
    assert named <= shipped.keys()


def test_every_link_leads_to_a_page(shipped: dict[str, str]) -> None:
    links = {link for text in shipped.values() for link in re.findall(r"\]\(([\w-]+\.md)", text)}
    assert links <= shipped.keys()


def test_what_the_rules_say_stands_before_what_was_written(catalog: Catalog) -> None:
    # scrape 5 s + window 60 s + evaluation 15 s + critical group wait 10 s = 90 s
    assert _published(_only(catalog, QUEUE))["queue-stuck.md"] == (
        "# QueueStuck\n"
        "\n"
        "<!-- Made by `watchkeeper build`: what the rules say, then the page that was written for it. -->\n"
        "\n"
        "|  |  |\n"
        "| --- | --- |\n"
        "| severity | critical, p1 |\n"
        "| component | queue |\n"
        "| team | batch |\n"
        "| what | Nothing is taken out. |\n"
        "| impact | Work comes late. |\n"
        "| fires | below 1 for 1 min |\n"
        "| found | at most 1 min 30 s after everything fails"
        " (scrape 5 s, window 1 min, evaluation 15 s, group wait 10 s) |\n"
        "| escalation | On-call. |\n"
        f"| panel | `operations/latency`, in Grafana at `/d/wk-operations?viewPanel={LATENCY}` |\n"
        "\n"
        "First:\n"
        "\n"
        "1. Look.\n"
        "2. Act.\n"
        "\n"
        "Condition:\n"
        "\n"
        "```promql\n"
        'max_over_time(dependency_up{dependency="database",service="llm-copilot-agent"}[1m]) < 1\n'
        'and count_over_time(dependency_up{dependency="database",service="llm-copilot-agent"}[1m]) > 6\n'
        "```\n"
        "\n"
        "## Meaning\n"
        "\n"
        "It stands still. See [the rest](rest.md#more).\n"
    )


def test_without_priority_and_panel_there_is_no_line_for_them(catalog: Catalog) -> None:
    page = _published(_only(catalog, replace(QUEUE, priority=None, panel="")))["queue-stuck.md"]
    assert "| severity | critical |\n" in page
    assert "| panel |" not in page


def test_words_stay_words(catalog: Catalog) -> None:
    """What breaks a table is escaped, what a notification fills in is left open."""
    alert = replace(QUEUE, summary="Queue a|b holds {{x}}.")
    page = _published(_only(catalog, alert))["queue-stuck.md"]
    assert "| what | Queue a\\|b holds {{x}}. |\n" in page


def test_a_live_value_is_left_open(shipped: dict[str, str]) -> None:
    page = shipped["error-budget-burn-rate-critical.md"]
    assert "the budget is burning; at this rate it lasts …." in page
    assert not [text for text in shipped.values() if "$value" in text.split("## Meaning")[0]]


def test_a_page_that_others_lead_to_is_published_beside_them(catalog: Catalog) -> None:
    unused = RunbookPage("unused.md", "# Unused\n")
    published = _published(_only(catalog, QUEUE, pages=(PAGE, REST, unused)))
    assert published["rest.md"] == (
        "# The rest\n"
        "\n"
        "<!-- Made by `watchkeeper build`: what the rules say, then the page that was written for it. -->\n"
        "\n"
        "Read on.\n"
    )
    assert published.keys() == {"queue-stuck.md", "rest.md", "service-outage.md"}


def test_an_alert_whose_page_is_shared_has_the_text_under_its_own_name(catalog: Catalog) -> None:
    alerts = (replace(QUEUE, name="QueueSlow"), replace(QUEUE, name="QueueLost"))
    published = _published(_only(catalog, *alerts))
    for page in ("queue-slow.md", "queue-lost.md"):
        assert published[page].endswith("## Meaning\n\nIt stands still. See [the rest](rest.md#more).\n")
    assert "For [QueueLost](queue-lost.md), [QueueSlow](queue-slow.md).\n\n## Meaning\n" in published["queue-stuck.md"]


def test_an_alerts_own_name_goes_before_a_shared_page_of_that_name(catalog: Catalog) -> None:
    published = _published(_only(catalog, QUEUE, replace(QUEUE, name="Rest")))
    assert published["rest.md"].startswith("# Rest\n")


def test_pages_without_a_title_or_without_text(catalog: Catalog) -> None:
    bare = RunbookPage("rest.md", "Just words.\n\n## More\n")
    assert _published(_only(catalog, QUEUE, pages=(PAGE, bare)))["rest.md"].startswith("# rest\n")
    own = replace(QUEUE, runbook="rest.md")
    assert _published(_only(catalog, own, pages=(bare,)))["queue-stuck.md"].endswith("```\n\nJust words.\n\n## More\n")
    assert _published(_only(catalog, QUEUE, pages=()))["queue-stuck.md"].endswith("> 6\n```\n")


def test_objectives_are_told_apart_and_lead_to_their_pages(shipped: dict[str, str]) -> None:
    page = shipped["error-budget-burn-rate-high.md"]
    common, _, varying = page.partition("| about |")
    assert "| team | copilot |\n" in common
    rows = {line.split(" | ")[0]: line for line in varying.splitlines() if line.startswith("| ")}
    # 5 % of the budget of 30 d in 6 h: 0.05 x 720 h / 6 h = 6x; of 0.1 % that is 0.6 %, of 0.5 % it is 3 %
    assert "| 6x = 5 % of the budget in 6 h: more than 0.6 % bad over 6 h" in rows["| availability"]
    assert "| 6x = 5 % of the budget in 6 h: more than 3 % bad over 6 h" in rows["| module-observatory"]
    assert rows["| availability"].endswith("| [availability](availability.md) |")
    assert "## Meaning" not in page
    assert 'slo:sli_error:ratio_rate6h{slo="availability",service="llm-copilot-agent"} > 0.006' in varying


def test_the_panel_of_an_objective_is_its_own(catalog: Catalog) -> None:
    service = catalog.services[0]
    panels = {"availability": "executive/availability", "latency-simple": "operations/latency"}
    slos = tuple(replace(slo, panel=panels.get(slo.name, "")) for slo in service.slos)
    page = _published(replace(catalog, services=(replace(service, slos=slos),)))["sli-missing.md"]
    rows = {line.split(" | ")[0]: line for line in page.splitlines()}
    assert "`executive/availability`, in Grafana at `/d/wk-executive?viewPanel=" in rows["| availability"]
    assert f"`operations/latency`, in Grafana at `/d/wk-operations?viewPanel={LATENCY}`" in rows["| latency-simple"]
    assert "Grafana" not in rows["| module-observatory"]


def test_a_panel_of_somebody_elses_dashboard_is_named(catalog: Catalog) -> None:
    page = _published(replace(_only(catalog, QUEUE), dashboards=()))["queue-stuck.md"]
    assert "| panel | `operations/latency` |\n" in page


def test_several_services_are_told_apart_and_the_monitoring_once(catalog: Catalog) -> None:
    first = catalog.services[0]
    watchdog = next(alert for alert in first.alerts if alert.kind is Kind.WATCHDOG)
    both = tuple(
        replace(first, name=name, alerts=(replace(QUEUE, team=name), watchdog), slos=()) for name in ("web", "batch")
    )
    published = _published(replace(catalog, services=both))
    page = published["queue-stuck.md"]
    assert "| about | team |\n| --- | --- |\n| web | web |\n| batch | batch |\n" in page
    assert [page.count(f'dependency_up{{dependency="database",service="{name}"}}') for name in ("web", "batch")] == [
        2,
        2,
    ]
    assert page.count("1. Look.") == 1
    assert published["watchdog.md"].count("```promql\ntime() - max(timestamp(up)) < 60\n```") == 1


def test_a_build_publishes_them_and_a_running_stack_does_not_need_them(catalog: Catalog) -> None:
    target = reference(catalog)
    assert "runbooks/database-down.md" in {document.path for document in compiler.build(catalog, target)}
    assert not [d.path for d in compiler.running(catalog, target) if d.path.startswith("runbooks/")]
