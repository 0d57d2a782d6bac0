"""The compiled routing table against one written by hand: two independent judges, and the hours of each route."""

import subprocess
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

import compile_bench
from watchkeeper import conventions, engines, routing, spec
from watchkeeper.formats.alertmanager_reading import Configuration, read

TABLE = Path(__file__).parent / "golden" / "who-is-told.txt"
NEW_YORK = ZoneInfo("America/New_York")
TUESDAY_NOON = datetime(2026, 3, 10, 12, tzinfo=NEW_YORK)
TUESDAY_EVENING = datetime(2026, 3, 10, 17, tzinfo=NEW_YORK)
SUNDAY_MAINTENANCE = datetime(2026, 3, 15, 3, tzinfo=NEW_YORK)

Row = tuple[str, str, str]
"""Alert, component, severity."""
Labels = dict[str, str]


@cache
def documents() -> dict[str, str]:
    catalog = spec.load().catalog
    assert catalog is not None
    return compile_bench.texts(catalog)


@cache
def configuration() -> Configuration:
    return read(documents()[conventions.ALERTMANAGER_FILE])


@cache
def table() -> dict[Row, tuple[str, ...]]:
    rows: dict[Row, tuple[str, ...]] = {}
    for line in TABLE.read_text().splitlines():
        if line and not line.startswith("#"):
            alert, component, severity, *told = line.split()
            assert (alert, component, severity) not in rows, line
            rows[alert, component, severity] = tuple(told)
    return rows


@cache
def label_sets() -> tuple[Labels, ...]:
    """As Alertmanager gets them: the rule's labels, the service's, and the external one."""
    files = (conventions.ALERT_RULES_FILE, conventions.RECORDING_RULES_FILE)
    rules = (rule for file in files for group in yaml.safe_load(documents()[file])["groups"] for rule in group["rules"])
    own = {"service": "llm-copilot-agent", "environment": "production"}
    return tuple(own | rule["labels"] | {"alertname": rule["alert"]} for rule in rules if "alert" in rule)


def row(labels: Labels) -> Row:
    return labels["alertname"], labels["component"], labels["severity"]


def test_the_table_has_a_row_for_every_alert_and_no_other() -> None:
    assert {row(labels) for labels in label_sets()} == table().keys()


@pytest.mark.parametrize("labels", label_sets(), ids=lambda labels: "-".join((*row(labels), labels.get("slo", ""))))
def test_our_own_reading_agrees_with_the_table(labels: Labels) -> None:
    told = tuple(delivery.receiver for delivery in routing.deliveries(configuration().root, labels))
    assert told == table()[row(labels)]


@pytest.mark.engine
def test_amtool_agrees_with_the_table(amtool: engines.Engine, tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    for name in (conventions.ALERTMANAGER_FILE, conventions.TEMPLATES_FILE):
        (tmp_path / name).write_text(documents()[name])
    file = f"--config.file={tmp_path / conventions.ALERTMANAGER_FILE}"
    wrong = []
    for labels in label_sets():
        expected = ",".join(table()[row(labels)])
        pairs = [f"{name}={value}" for name, value in labels.items()]
        command = [*amtool.command, "config", "routes", "test", file, f"--verify.receivers={expected}", *pairs]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
        wrong += [f"{labels['alertname']}: {done.stdout}{done.stderr}"] if done.returncode else []
    assert wrong == []


def _awake(labels: Labels, at: datetime) -> set[str]:
    taken = routing.deliveries(configuration().root, labels)
    return {one.receiver for one in taken if routing.sends(one.route, configuration().intervals, at)}


@pytest.mark.parametrize("labels", label_sets(), ids=lambda labels: "-".join((*row(labels), labels.get("slo", ""))))
def test_who_is_told_at_which_hour(labels: Labels) -> None:
    """High alerts page in business hours, which end at 17:00 sharp; warnings rest in maintenance; nothing else does."""
    told, severity = set(table()[row(labels)]), labels["severity"]
    pagers = {"pagerduty-business-hours"} if severity == "high" else set()
    assert _awake(labels, TUESDAY_NOON) == told
    assert _awake(labels, TUESDAY_EVENING) == told - pagers
    assert _awake(labels, SUNDAY_MAINTENANCE) == (set() if severity == "warning" else told - pagers)


SYMPTOMS = {
    "ServiceDown",
    "HighErrorRate",
    "AnswersHang",
    "ExtremeLatency",
    "ProbeFailing",
    "TrafficCollapse",
    "ErrorBudgetBurnRateCritical",
    "ErrorBudgetBurnRateHigh",
    "ErrorBudgetBurnRateWarning",
    "ErrorBudget25PercentConsumed",
    "ErrorBudget50PercentConsumed",
    "ErrorBudget75PercentConsumed",
    "ErrorBudgetExhausted",
    "SLOAvailabilityBreach",
    "HighLatencySimpleRequests",
    "HighLatencyComplexRequests",
    "WorkflowFailures",
    "HighErrorLogRate",
    "HighErrorLogRatio",
}
"""Of one service; written by hand from R16. Everything else is a cause, a cost, or about the monitoring."""


def test_a_service_that_is_down_silences_its_symptoms_and_nothing_else() -> None:
    down = next(labels for labels in label_sets() if labels["alertname"] == "ServiceDown")
    rules = configuration().inhibitions
    silenced = {labels["alertname"] for labels in label_sets() if routing.inhibited_by(labels, (down, labels), rules)}
    # one that is down never silences itself or another process of the same service
    assert silenced == SYMPTOMS - {"ServiceDown"}


def test_another_service_and_another_environment_are_heard() -> None:
    down = next(labels for labels in label_sets() if labels["alertname"] == "ServiceDown")
    slow = next(labels for labels in label_sets() if labels["alertname"] == "ExtremeLatency")
    rules = configuration().inhibitions
    assert routing.inhibited_by(slow, (down,), rules) == (down,)
    assert routing.inhibited_by(slow | {"service": "other"}, (down,), rules) == ()
    assert routing.inhibited_by(slow | {"environment": "staging"}, (down,), rules) == ()


def test_a_fast_tier_silences_the_slower_ones_of_its_objective_only() -> None:
    burning = [labels for labels in label_sets() if "tier" in labels]
    fast = next(labels for labels in burning if labels["tier"] == "critical" and labels["slo"] == "availability")
    silenced = {
        (labels["slo"], labels["tier"])
        for labels in burning
        if routing.inhibited_by(labels, (fast,), configuration().inhibitions)
    }
    assert silenced == {("availability", "high"), ("availability", "warning")}


def test_a_provider_that_is_down_silences_its_error_rate_and_nothing_else() -> None:
    here = [labels | {"provider": "anthropic"} for labels in label_sets()]
    (down,) = (labels for labels in here if labels["alertname"] == "LLMProviderDown")
    rules = configuration().inhibitions
    silenced = [labels for labels in here if routing.inhibited_by(labels, (down,), rules)]
    assert [labels["alertname"] for labels in silenced] == ["LLMAPIHighErrorRate"]
    (failing,) = silenced
    for label in ("provider", "service", "environment"):
        assert routing.inhibited_by(failing | {label: "another"}, (down,), rules) == ()
        assert routing.inhibited_by({name: failing[name] for name in failing if name != label}, (down,), rules) == ()
    # many failing calls say nothing about whether all fail
    assert routing.inhibited_by(down, (failing,), rules) == ()


def test_nothing_silences_the_outage_or_the_watchdog() -> None:
    everything = tuple(labels | {"provider": "anthropic"} for labels in label_sets())
    kept = [labels for labels in everything if labels["kind"] in {"outage", "watchdog"}]
    assert {labels["alertname"] for labels in kept} == {"ServiceOutage", "Watchdog"}
    for labels in kept:
        assert routing.inhibited_by(labels, everything, configuration().inhibitions) == ()
