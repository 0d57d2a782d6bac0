"""Where objectives stand, which alerts are active, and why a value is missing: told apart, never just `no data`."""

import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from console_world import NOW, SERVICE, Standing, World, incident, message
from watchkeeper.console import words
from watchkeeper.console.cells import cell, reach, value
from watchkeeper.console.facts import (
    Health,
    Level,
    Phase,
    Presence,
    Reach,
    Reading,
    SloRow,
    Watch,
    alert_address,
    present,
)
from watchkeeper.console.now import row_cells
from watchkeeper.console.situation import situation
from watchkeeper.console.verdict import verdict
from watchkeeper.model import Catalog, Kind, Severity


def row(world: World, name: str = "availability") -> SloRow:
    return next(one for one in situation(world.sources()).slos if one.name == name)


def test_a_row_holds_the_recorded_values() -> None:
    world = World()
    world.slos["availability"] = Standing(failing=0.002, over_window=0.0004, over_hour=0.0144, left=0.6, coverage=0.9)
    found = row(world)
    assert found.target == pytest.approx(0.999)
    assert found.window == "30 d"
    assert found.good.current == pytest.approx(0.9996)
    assert found.failing.current == pytest.approx(0.002)
    assert found.burn.current == pytest.approx(14.4)
    assert found.budget_left.current == 0.6
    assert found.coverage.current == 0.9
    # 2592 s of total outage in the budget, 0.6 of it left, 0.002 of events failing
    assert found.exhausted_in.current == pytest.approx(2592 * 0.6 / 0.002)
    assert found.state == "yellow"
    assert found.policy == "Review what changed lately."


def test_nothing_failing_lasts_for_ever() -> None:
    world = World()
    world.slos["availability"] = Standing(failing=0.0)
    found = row(world)
    assert found.exhausted_in.current == math.inf
    assert row_cells(found, NOW).lasts.text == "more than 30 d"


def test_an_overspent_budget_lasts_no_time() -> None:
    world = World()
    world.slos["availability"] = Standing(failing=0.01, left=-0.4)
    found = row(world)
    assert found.exhausted_in.current == 0
    assert found.state == "critical"
    assert row_cells(found, NOW).budget.text == "-40 %"


def test_a_young_history_is_said_and_judges_nothing() -> None:
    world = World()
    world.slos["availability"] = Standing(failing=0.01, left=-8.0, coverage=0.004)
    found = row(world)
    assert found.young
    assert found.state == ""
    # counted as a whole budget: 2592 s / 0.01 = 72 h
    assert found.exhausted_in.current == pytest.approx(259200)
    shown = row_cells(found, NOW)
    assert shown.budget.text == "whole"
    assert shown.history.text == "0.4 % of 30 d"


def test_starting() -> None:
    found = row(World(started=NOW - 20, slos={}))
    assert {found.good.presence, found.failing.presence, found.budget_left.presence} == {Presence.STARTING}
    assert row_cells(found, NOW).good.text == "starting"


def test_never_seen() -> None:
    found = row(World(slos={}))
    assert found.good.presence is Presence.NEVER_SEEN
    assert row_cells(found, NOW).failing.text == "never seen"
    assert "instrumented" in row_cells(found, NOW).failing.why


def test_stale_keeps_the_last_value_and_its_age() -> None:
    found = row(World(remembered={"availability": (NOW - 1500, 0.0004)}))
    assert found.good.presence is Presence.STALE
    assert found.good.current is None
    assert row_cells(found, NOW).good.text == "99.96 %, 25 min ago"
    assert found.failing.presence is Presence.STALE


def test_no_requests_is_neither_zero_failures_nor_silence() -> None:
    found = row(World(idle=True))
    assert found.failing.presence is Presence.IDLE
    assert row_cells(found, NOW).failing.text == "no requests"
    assert row_cells(found, NOW).lasts.text == "no requests"
    assert found.good.presence is Presence.PRESENT


def test_backend_down() -> None:
    found = row(World(down={"Prometheus"}))
    assert found.good.presence is Presence.BACKEND_DOWN
    assert row_cells(found, NOW).burn.text == "no answer"
    assert "Connection refused" in row_cells(found, NOW).burn.why


@pytest.mark.parametrize("none", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_counts_as_absent(none: float) -> None:
    world = World()
    world.slos["availability"] = Standing(left=none)
    assert row(world).budget_left.presence is Presence.NEVER_SEEN


def test_every_presence_has_its_own_words() -> None:
    texts = {presence: cell(Reading(presence, 0.5, NOW - 60), words.share, NOW).text for presence in Presence}
    assert len(set(texts.values())) == len(Presence)
    assert not any("no data" in text for text in texts.values())


def test_the_past_is_asked_only_where_something_is_missing(catalog: Catalog) -> None:
    calm = World(slos={slo.name: Standing() for slo in catalog.services[0].slos})
    silent = World(slos={})
    situation(calm.sources())
    situation(silent.sources())
    assert not any("[1d" in query for query in calm.asked)
    assert any("[1d" in query for query in silent.asked)


def test_a_reading_maps_its_value_and_keeps_its_reason() -> None:
    assert present(0.25, NOW).map(lambda bad: 1 - bad) == present(0.75, NOW)
    missing: Reading[float] = Reading(Presence.STARTING, why="w")
    assert missing.map(lambda bad: 1 - bad) == missing


# --- alerts ----------------------------------------------------------------------------------------


def test_alerts_come_most_severe_first_and_pending_last() -> None:
    names = [(alert.name, alert.phase.value) for alert in situation(incident().sources()).alerts]
    assert names == [
        ("ServiceOutage", "firing"),
        ("ErrorBudgetBurnRateCritical", "firing"),
        ("LLMAPIHighErrorRate", "firing"),
        ("HighEventLoopLag", "firing"),
        ("ErrorBudgetBurnRateHigh", "firing"),
        ("HighErrorRate", "pending"),
    ]


def test_the_watchdog_is_no_alert_for_people() -> None:
    seen = situation(World().sources())
    assert seen.alerts == ()
    assert seen.watchdog is Watch.SEEN


def test_values_have_their_unit_and_meaning() -> None:
    shown = {alert.name: value(alert) for alert in situation(incident().sources()).alerts}
    assert shown["ServiceOutage"] == "38 % failing"
    assert shown["LLMAPIHighErrorRate"] == "97 %"
    assert shown["ErrorBudgetBurnRateCritical"] == "1 h 54 min until the budget is spent"
    assert shown["HighEventLoopLag"] == "131 ms"


def test_who_is_told_about_each() -> None:
    seen = situation(incident().sources())
    told = {alert.name: reach(alert, str) for alert in seen.alerts}
    assert told["ServiceOutage"] == "told: pagerduty-critical, slack-incidents"
    assert told["ErrorBudgetBurnRateHigh"] == "nobody is told: explained by ErrorBudgetBurnRateCritical"
    assert told["HighErrorRate"] == "nobody is told yet"


WARNED = ("slack-cost-monitoring", "mail-finance", "slack-reliability")


@pytest.mark.parametrize(
    ("name", "receivers", "at", "told"),
    [
        # Monday 09:07 and 18:07 in New York, five hours behind
        (
            "TrafficCollapse",
            ("mail-copilot", "pagerduty-business-hours"),
            datetime(2026, 11, 23, 14, 7, tzinfo=UTC),
            "told: mail-copilot, pagerduty-business-hours",
        ),
        (
            "TrafficCollapse",
            ("mail-copilot", "pagerduty-business-hours"),
            datetime(2026, 11, 23, 23, 7, tzinfo=UTC),
            "told: mail-copilot; not at this hour: pagerduty-business-hours",
        ),
        # Sunday 03:00, in the maintenance window
        (
            "LLMCostSpike",
            WARNED,
            datetime(2026, 11, 22, 8, 0, tzinfo=UTC),
            f"nobody is told at this hour: {', '.join(WARNED)}",
        ),
    ],
)
def test_who_is_told_at_which_hour(name: str, receivers: tuple[str, ...], at: datetime, told: str) -> None:
    world = World(now=at.timestamp())
    world.fire(name)
    world.held[-1] = replace(world.held[-1], receivers=receivers)
    (alert,) = situation(world.sources()).firing
    assert reach(alert, str) == told
    assert alert.reach is (Reach.RESTING if told.startswith("nobody") else Reach.SENT_ON)


def test_a_silence_says_whose_and_until_when() -> None:
    world = World()
    world.fire("RedisDown")
    world.mute("RedisDown", comment="moving racks")
    alert = situation(world.sources()).firing[0]
    assert alert.reach is Reach.SILENCED
    assert reach(alert, str) == "nobody is told: silence of ana until 23 Nov 16:07 UTC: moving racks"


def test_an_alert_that_alertmanager_does_not_show_yet_is_on_its_way() -> None:
    world = World()
    world.fire("RedisDown", held=False)
    alert = situation(world.sources()).firing[0]
    assert alert.reach is Reach.ON_ITS_WAY
    assert reach(alert, str) == "on its way to Alertmanager"


def test_without_alertmanager_nobody_knows_who_is_told() -> None:
    world = World(down={"Alertmanager"})
    world.fire("RedisDown")
    assert reach(situation(world.sources()).firing[0], str) == "unknown: Alertmanager does not answer"


def test_information_is_shown_and_told_to_nobody() -> None:
    world = World()
    world.fire("ErrorBudget25PercentConsumed", slo="availability")
    assert reach(situation(world.sources()).firing[0], str) == "shown here only"


def test_without_prometheus_alertmanager_is_believed() -> None:
    world = incident()
    world.down = {"Prometheus"}
    seen = situation(world.sources())
    assert {alert.phase for alert in seen.alerts} == {Phase.FIRING}
    assert all(value(alert) == "" for alert in seen.alerts)
    assert seen.watchdog is Watch.UNKNOWN


def test_foreign_labels_mean_a_warning_of_unknown_kind() -> None:
    world = World()
    world.add({"alertname": "Odd", "severity": "page-me", "kind": "weird"}, {})
    alert = situation(world.sources()).firing[0]
    assert (alert.severity, alert.kind, alert.unit) == (Severity.WARNING, Kind.CAUSE, None)
    assert value(alert) == "1"


def test_addresses_carry_the_labels_that_tell_alerts_apart() -> None:
    labels = (("instance", "127.0.0.1:1"), ("provider", "a b&c"), ("service", SERVICE), ("severity", "high"))
    assert alert_address("A/B?", labels) == f"/alerts/A%2FB%3F?provider=a+b%26c&service={SERVICE}"
    assert alert_address("Watchdog") == "/alerts/Watchdog"


# --- the rest of the situation ---------------------------------------------------------------------


def test_pages_and_messages_are_counted() -> None:
    world = World(received=[message("A"), message("A", page=False), message("A", firing=False)])
    told = situation(world.sources()).told.current
    assert told is not None
    assert (told.pages, told.messages, len(told.recent)) == (1, 3, 3)


def test_the_inbox_down_is_said() -> None:
    told = situation(World(down={"inbox"}).sources()).told
    assert told.presence is Presence.BACKEND_DOWN
    assert "inbox" in told.why


def test_backends_that_fail_right_after_the_start_are_starting() -> None:
    seen = situation(World(started=NOW - 5, down={"Prometheus"}).sources())
    assert seen.backend("Prometheus").health is Health.STARTING
    assert seen.backend("Alertmanager").health is Health.UP


def test_a_backend_that_does_not_come_is_down_although_figures_may_still_be_starting() -> None:
    seen = situation(World(started=NOW - 60, down={"Prometheus"}).sources())
    assert seen.backend("Prometheus").health is Health.DOWN
    assert verdict(seen, UTC).level is Level.BLIND


def test_a_backend_that_answered_once_is_down_at_once() -> None:
    world = World(started=NOW - 5)
    sources = world.sources()
    assert situation(sources).backend("Prometheus").health is Health.UP
    world.down.add("Prometheus")
    assert situation(sources).backend("Prometheus").health is Health.DOWN


def test_one_question_that_fails_does_not_silence_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    from console_world import down

    world = incident()
    sources = world.sources()

    def refuse(*_: object) -> None:
        raise down("Prometheus")

    monkeypatch.setattr(type(sources.metrics), "range", refuse)
    seen = situation(sources)
    assert seen.backend("Prometheus").health is Health.UP
    assert seen.changes.presence is Presence.BACKEND_DOWN
    assert seen.firing


def test_freshness_is_the_newest_sample() -> None:
    fresh = situation(World(measured_ago=7).sources()).freshness
    assert fresh.current == NOW - 7
    assert situation(World(measured_ago=61).sources()).freshness.presence is Presence.STALE
    assert situation(World(measured_ago=900).sources()).freshness.at == NOW - 900
