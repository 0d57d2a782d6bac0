"""The one sentence. Figures are worked out beside each case."""

import pytest

from console_world import NOW, SERVICE, Standing, World, incident, message
from watchkeeper.console.facts import Level, Situation, Verdict
from watchkeeper.console.situation import situation
from watchkeeper.console.verdict import verdict
from watchkeeper.live.labels import Labels
from watchkeeper.live.prometheus import Series


def judged(world: World) -> Verdict:
    return verdict(situation(world.sources()), world.zone)


def test_healthy_says_so_and_that_alerts_would_reach_people() -> None:
    answer = judged(World())
    assert answer.level is Level.WELL
    # availability fails 0.04 %, which is 0.4 of its 0.1 %; the latency objectives burn as much and come later
    assert answer.headline == "People are well: 99.96 % of requests are answered well."
    assert answer.pace == "Least error budget left: 50 % (latency-complex)."
    assert answer.cause == "No alert fires, and alerts would reach people."
    assert answer.first == ""


def test_healthy_names_what_is_pending() -> None:
    world = World()
    world.fire("RedisDown", pending=True)
    assert judged(world).cause == "1 alert may fire soon: RedisDown."


def test_one_critical_alert_says_who_since_when_how_long_and_what_first() -> None:
    world = World()
    # 38 % failing against 0.1 % allowed is a burn of 380; 30 d / 380 = 1.8947 h = 1 h 54 min
    world.slos["availability"] = Standing(failing=0.38, left=1.0)
    world.fire("ErrorBudgetBurnRateCritical", minutes=4, value=6821, slo="availability")
    answer = judged(world)
    assert answer.level is Level.CRITICAL
    assert answer.headline == "People get errors instead of answers since 14:03 (4 min): 38 % of requests fail."
    assert answer.pace == "At this rate the month's error budget lasts 1 h 54 min."
    assert answer.first.startswith("First: Look for a cause alert beside this one")
    assert answer.address == f"/alerts/ErrorBudgetBurnRateCritical?service={SERVICE}&slo=availability"


def test_outage_names_the_cause_and_takes_its_first_step() -> None:
    answer = judged(incident())
    assert answer.level is Level.CRITICAL
    assert answer.headline.startswith("People cannot work with the copilot since 14:03 (4 min): 38 % of requests fail")
    assert answer.cause.startswith(
        "Likely cause: more than one model call in ten fails at this provider "
        "(LLMAPIHighErrorRate, provider=anthropic)."
    )
    assert answer.first == (
        "First: Read the provider's status page; look at the outcomes (rate limited, overloaded, auth). "
        "Then: Switch the traffic to the other provider."
    )
    assert answer.address == f"/alerts/LLMAPIHighErrorRate?provider=anthropic&service={SERVICE}"


def test_the_most_severe_thing_people_feel_is_named_before_an_equally_severe_cause() -> None:
    world = World()
    world.fire("DatabaseDown", minutes=9, value=0)
    world.fire("HighErrorRate", minutes=2, value=0.6)
    world.slos["availability"] = Standing(failing=0.6)
    answer = judged(world)
    assert answer.headline == "People get errors instead of answers since 14:05 (2 min): 60 % of requests fail."
    assert "Likely cause: the service has not reached its database for a minute (DatabaseDown)." in answer.cause


def test_a_warning_is_no_likely_cause_but_worth_a_look() -> None:
    world = World()
    world.fire("ServiceOutage")
    world.fire("HighEventLoopLag", minutes=30)
    world.fire("HighGarbageCollectionTime", pending=True)
    answer = judged(world)
    assert answer.cause == "Perhaps related: HighEventLoopLag."
    assert answer.address.startswith("/alerts/ServiceOutage")


def test_two_alerts_of_one_cause_are_named_together_and_always_in_the_same_order() -> None:
    world = World()
    world.fire("ServiceOutage")
    world.fire("LLMAPIHighErrorRate", minutes=3, provider="openai")
    world.fire("LLMAPIHighErrorRate", minutes=3, provider="anthropic")
    cause = judged(world).cause
    assert "(LLMAPIHighErrorRate, provider=anthropic and provider=openai)." in cause
    world.firing.reverse()
    assert judged(world).cause == cause


def test_since_is_when_the_first_sign_of_the_same_thing_began() -> None:
    world = World()
    world.slos["availability"] = Standing(failing=0.5)
    world.fire("ServiceOutage", minutes=2)
    world.fire("HighErrorRate", minutes=3, pending=True)
    world.fire("ErrorBudgetBurnRateCritical", minutes=2.5, slo="availability")
    # a slow burn of hours and another objective are other stories
    world.fire("ErrorBudgetBurnRateHigh", minutes=300, slo="availability")
    world.fire("ErrorBudgetBurnRateHigh", minutes=200, slo="latency-simple")
    assert " since 14:04 (3 min): 50 % of requests fail." in judged(world).headline


def test_an_alert_that_outlives_its_cause_says_that_it_may_be_over() -> None:
    world = World()
    world.slos["availability"] = Standing(failing=0.0)
    world.fire("ErrorBudgetBurnRateCritical", minutes=9, slo="availability")
    answer = judged(world)
    assert answer.level is Level.CRITICAL
    assert answer.headline == (
        "People get errors instead of answers since 13:58 (9 min); it may be over, now 0 % of requests fail."
    )
    assert answer.pace == ""


def test_failures_that_no_alert_has_caught_yet_are_not_called_well() -> None:
    world = World()
    # 4.1 % against 0.1 % allowed: 70 % of 30 d lasts 12 h 18 min, less than a tenth of the window
    world.slos["availability"] = Standing(failing=0.041, left=0.7)
    answer = judged(world)
    assert answer.level is Level.WARNING
    assert answer.headline == "4.1 % of requests fail at the moment, more than the objective allows."
    # 2592 s * 0.7 / 0.041 = 44254 s
    assert answer.pace == "At this rate the month's error budget lasts 12 h 18 min."


def test_an_overspent_budget_alone_does_not_cry_every_minute() -> None:
    world = World()
    world.slos["availability"] = Standing(failing=0.0005, left=-0.2)
    assert judged(world).level is Level.WELL


def test_a_pending_cause_is_named_as_not_confirmed() -> None:
    world = World()
    world.fire("ServiceOutage", minutes=1)
    world.fire("LLMAPIHighErrorRate", minutes=0.3, pending=True, provider="openai")
    assert "Possible cause, not yet confirmed: more than one model call" in judged(world).cause


def test_without_a_cause_alert_what_changed_just_before_is_named() -> None:
    world = World()
    world.fire("ServiceOutage", minutes=4)
    old = tuple((NOW - 7200 + 30 * index, 1.0) for index in range(220))
    new = tuple((NOW - 420 + 30 * index, 1.0) for index in range(15))
    labels = {"__name__": "service_build_info", "service": SERVICE}
    world.changing = [
        Series(Labels(labels | {"version": "1.0.0"}), old),
        Series(Labels(labels | {"version": "1.1.0"}), new),
    ]
    # 14:07 less 420 s
    assert judged(world).cause == "Just before, at 14:00: llm-copilot-agent: version 1.0.0 → 1.1.0."


def test_a_cause_alone_says_what_it_does_to_people_without_claiming_a_pace() -> None:
    world = World()
    world.fire("RedisDown", minutes=5, value=0)
    answer = judged(world)
    assert answer.headline == (
        "The service has not reached its cache for two minutes (since 14:02 (5 min)). "
        "Answers still come, slower; the database carries the whole load."
    )
    assert answer.pace == ""


def test_latency_says_too_slow() -> None:
    world = World()
    world.slos["latency-complex"] = Standing(failing=0.4, left=0.8)
    world.fire("ErrorBudgetBurnRateHigh", minutes=10, slo="latency-complex")
    answer = judged(world)
    assert answer.level is Level.HIGH
    assert answer.headline.endswith("for more than two seconds since 13:57 (10 min): 40 % of requests are too slow.")
    # 40 % against 5 % allowed is a burn of 8; 0.8 of 30 d at 8 is 3 d
    assert answer.pace == "At this rate the month's error budget lasts 3 d."


def test_a_spent_budget_is_said_and_no_pace_is_computed() -> None:
    world = World()
    world.slos["availability"] = Standing(failing=0.1, left=-0.23)
    world.fire("ErrorBudgetExhausted", slo="availability", value=1.23)
    assert judged(world).pace == "The month's error budget is spent already (123 % of it used)."


def test_a_young_history_counts_as_a_whole_budget_and_that_is_said() -> None:
    world = World()
    world.slos["availability"] = Standing(failing=0.38, left=-3.0, coverage=0.002)
    world.fire("ServiceOutage")
    assert judged(world).pace == (
        "At this rate the month's error budget lasts 1 h 54 min "
        "(counted as whole: there is too little history to say what is spent)."
    )


def test_only_the_probe_fails_while_requests_that_arrive_are_answered() -> None:
    world = World(probe=0.0)
    world.fire("ProbeFailing", minutes=2, value=0)
    answer = judged(world)
    assert answer.headline == (
        "People probably cannot reach the service since 14:05 (2 min): the synthetic conversation from outside fails, "
        "though 99.96 % of the requests that arrive are answered."
    )
    assert answer.level is Level.HIGH


def test_the_probe_fails_and_nothing_arrives() -> None:
    world = World(probe=0.0, traffic=0.0)
    world.fire("ServiceOutage", minutes=2, value=1)
    answer = judged(world)
    assert answer.level is Level.CRITICAL
    assert "from outside fails, and no requests arrive." in answer.headline


def test_the_probe_fails_along_with_most_requests_is_an_ordinary_outage() -> None:
    world = World(probe=0.0)
    world.slos["availability"] = Standing(failing=0.9)
    world.fire("ServiceOutage")
    assert "90 % of requests fail" in judged(world).headline


def test_silenced_is_still_said_with_who_is_not_paged() -> None:
    world = World()
    world.fire("ServiceOutage")
    world.mute("ServiceOutage", comment="moving the database")
    answer = judged(world)
    assert answer.level is Level.CRITICAL
    assert "silenced or inhibited, so nobody is paged" in answer.cause


def test_an_alert_that_is_heard_goes_before_one_that_is_muted() -> None:
    world = World()
    world.fire("HighErrorRate", minutes=9)
    world.mute("HighErrorRate", comment="known")
    world.fire("ServiceOutage", minutes=1)
    assert judged(world).headline.startswith("People cannot work with the copilot")


def test_warnings_do_not_claim_that_people_are_hurt() -> None:
    world = World()
    world.fire("LLMCostSpike", minutes=30, value=1.7)
    world.fire("LabelsOverflowing", minutes=5)
    answer = judged(world)
    assert answer.level is Level.WARNING
    assert answer.headline.startswith("People are well: 99.96 %")
    assert "a message costs half as much again" not in answer.headline  # cost is sorted behind the monitoring itself
    assert "and 1 more alert." in answer.headline


def test_information_is_quieter_than_a_warning() -> None:
    world = World()
    world.fire("ErrorBudget25PercentConsumed", slo="availability")
    assert judged(world).level is Level.INFO


def test_starting_while_nothing_was_measured_yet() -> None:
    answer = judged(World(started=NOW - 10, measured_ago=None, traffic=0, watchdog=False))
    assert answer.level is Level.STARTING
    assert answer.headline == "Starting: nothing can be said yet."


def test_starting_while_processes_are_measured_but_no_request_was_counted() -> None:
    answer = judged(World(started=NOW - 30, traffic=0))
    assert answer.level is Level.STARTING
    assert answer.headline == "Starting: no request has been counted yet."


def test_nothing_ever_measured_is_not_starting_for_ever() -> None:
    answer = judged(World(measured_ago=None, traffic=0, watchdog=False))
    assert answer.level is Level.BLIND
    assert "no process has ever been measured" in answer.headline


def test_no_request_ever_is_blind_and_not_well() -> None:
    answer = judged(World(traffic=0, probe=None))
    assert answer.level is Level.BLIND
    assert answer.headline == "Nobody can tell how people fare: no request has been counted ever."


def test_requests_that_stopped_say_since_when() -> None:
    silent = dict.fromkeys(("availability", "latency-simple", "latency-complex"), (NOW - 1500, 0.0002))
    answer = judged(World(remembered=silent))
    # 14:07 less 25 min
    assert answer.headline == "Nobody can tell how people fare: no request has been counted since 13:42 (25 min)."


def test_a_quiet_night_is_well_while_the_probe_succeeds_and_blind_without_it() -> None:
    assert judged(World(idle=True)).level is Level.WELL
    assert "Nobody asks anything at the moment" in judged(World(idle=True)).headline
    unproved = judged(World(idle=True, probe=None))
    assert unproved.level is Level.BLIND
    assert unproved.headline == "Nobody can tell how people fare: no request has been counted in the last minute."


def test_stale_data_says_how_old() -> None:
    answer = judged(World(measured_ago=900, watchdog=False))
    assert answer.level is Level.BLIND
    assert answer.headline == "Nobody can tell how people fare: no measurement has arrived since 13:52 (15 min)."


def test_prometheus_down_says_when_it_last_answered_and_what_alertmanager_holds() -> None:
    world = incident()
    sources = world.sources()
    situation(sources)
    world.now += 125
    world.down = {"Prometheus"}
    answer = verdict(situation(sources), world.zone)
    assert answer.level is Level.BLIND
    assert answer.headline == (
        "Nobody can tell how people fare: Prometheus does not answer; it last answered at 14:07 (2 min 5 s)."
    )
    assert answer.cause == (
        "Alertmanager still holds: ServiceOutage, ErrorBudgetBurnRateCritical, LLMAPIHighErrorRate, "
        "ErrorBudgetBurnRateHigh."
    )
    assert "`watchkeeper stack logs prometheus`" in answer.first


def test_prometheus_never_seen_up_claims_no_time() -> None:
    answer = judged(World(down={"Prometheus"}))
    assert answer.headline == "Nobody can tell how people fare: Prometheus does not answer."
    assert "Connection refused" in answer.cause


def test_alertmanager_down_means_nobody_would_be_told() -> None:
    answer = judged(World(down={"Alertmanager"}))
    assert answer.level is Level.HIGH
    assert answer.headline.endswith("But nobody would be told: Alertmanager does not answer.")
    assert "`watchkeeper stack logs alertmanager`" in answer.first


def test_alertmanager_down_during_an_outage_says_both() -> None:
    world = incident()
    world.down = {"Alertmanager"}
    answer = judged(world)
    assert answer.level is Level.CRITICAL
    assert answer.headline.startswith("People cannot work")
    assert "Nobody is being told: Alertmanager does not answer." in answer.cause


def test_watchdog_missing_is_an_alarm_of_its_own() -> None:
    answer = judged(World(watchdog=False))
    assert answer.level is Level.HIGH
    assert "the Watchdog alert, which always fires, is missing in Prometheus" in answer.headline
    assert answer.address == "/alerts/Watchdog"


def test_watchdog_that_does_not_arrive_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    sources = world.sources()
    monkeypatch.setattr(type(sources.notifications), "alerts", lambda _: ())
    answer = verdict(situation(sources), world.zone)
    assert "does not arrive in Alertmanager" in answer.headline


def test_unreadable_definitions_name_the_first_problem() -> None:
    from watchkeeper.console.definitions import Definitions

    answer = judged(World(definitions=Definitions(None, ("watchkeeper.yaml:3: unknown key `sloz`", "b"), ())))
    assert answer.level is Level.BLIND
    assert answer.headline == "The definitions cannot be read: 2 problems."
    assert answer.cause == "watchkeeper.yaml:3: unknown key `sloz`."


def test_definitions_being_read_still_tell_what_fires() -> None:
    world = incident()
    world.definitions = None
    answer = judged(world)
    assert answer.level is Level.CRITICAL
    assert answer.headline.startswith("People cannot work with the copilot since 14:03 (4 min)")


def test_the_inbox_is_no_part_of_the_verdict() -> None:
    world = World(down={"inbox"}, received=[message("ServiceOutage")])
    assert judged(world).level is Level.WELL


def test_text_joins_the_parts_in_reading_order() -> None:
    answer = judged(incident())
    places = [answer.text.index(part) for part in (answer.headline, answer.pace, answer.cause, answer.first)]
    assert places == sorted(places)


@pytest.mark.parametrize("severity", ["critical", "high"])
def test_foreign_alerts_without_our_texts_are_named(severity: str) -> None:
    world = World()
    world.add({"alertname": "DiskFull", "severity": severity, "kind": "symptom"}, {})
    answer: Verdict = judged(world)
    assert answer.level == severity
    assert "runbook of DiskFull" in answer.first


def test_situation_is_found_by_name() -> None:
    seen: Situation = situation(World().sources())
    assert seen.backend("Prometheus").name == "Prometheus"
    with pytest.raises(KeyError):
        seen.backend("Loki")
