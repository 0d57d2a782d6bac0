"""What the compiler makes of an objective: names, windows, thresholds, order. Numbers are worked out by hand."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from watchkeeper import conventions, promql
from watchkeeper.compile import slo as compiled
from watchkeeper.compile.slo import Tempo
from watchkeeper.formats.prometheus import Alerting, Group, Recording
from watchkeeper.model import Catalog, Outcome, Queries, Service, Slo
from watchkeeper.quantity import Duration


@pytest.fixture(scope="module")
def service(catalog: Catalog) -> Service:
    return catalog.services[0]


def _slo(service: Service, name: str) -> Slo:
    return next(slo for slo in service.slos if slo.name == name)


def _groups(catalog: Catalog, service: Service, name: str) -> dict[Tempo, Group]:
    return compiled.groups(catalog, service, _slo(service, name))


def _rules(catalog: Catalog, service: Service, slo: Slo) -> Group:
    """Of all groups."""
    groups = tuple(compiled.groups(catalog, service, slo).values())
    return replace(groups[0], rules=tuple(rule for group in groups for rule in group.rules))


def _records(group: Group) -> list[str]:
    return [rule.record for rule in group.rules if isinstance(rule, Recording)]


def _alerts(group: Group) -> list[str]:
    return [rule.alert for rule in group.rules if isinstance(rule, Alerting)]


def _alert(group: Group, name: str) -> Alerting:
    return next(rule for rule in group.rules if isinstance(rule, Alerting) and rule.alert == name)


def _expr(group: Group, name: str) -> str:
    """On one line."""
    found = (rule.expr for rule in group.rules if name in (getattr(rule, "record", ""), getattr(rule, "alert", "")))
    return promql.render(promql.parse(next(found)))


def test_availability_has_every_window_from_75_seconds_to_30_days(catalog: Catalog, service: Service) -> None:
    page, standard, slow = _groups(catalog, service, "availability").values()
    # tiers 15m, 1h, 6h, 3d and a twelfth of each (75 s, 5m, 30m, 6h), and the window itself
    assert _records(page) == [
        "slo:sli_error:ratio_rate1m15s",
        "slo:sli_error:ratio_rate5m",
        "slo:sli_error:ratio_rate15m",
        "slo:sli_error:ratio_rate1h",
        "slo:error_budget_exhausted_in:seconds",
    ]
    assert _records(standard) == [
        "slo:sli_total:rate5m",
        "slo:sli_errors:rate5m",
        "slo:sli_error:ratio_rate30m",
        "slo:sli_error:ratio_rate6h",
    ]
    assert _records(slow) == [
        "slo:sli_error:ratio_rate3d",
        "slo:sli_errors:increase30d",
        "slo:sli_total:increase30d",
        "slo:sli_error:ratio_rate30d",
        "slo:error_budget_remaining:ratio",
        "slo:history_coverage:ratio",
    ]


def test_what_pages_runs_every_15_seconds_the_rest_every_30_and_long_windows_every_2_minutes(
    catalog: Catalog, service: Service
) -> None:
    page, standard, slow = _groups(catalog, service, "availability").values()
    expected = (Duration.of(seconds=15), Duration.of(seconds=30), Duration.of(minutes=2))
    assert (page.interval, standard.interval, slow.interval) == expected


def test_an_objective_that_pages_nobody_at_night_has_no_fast_group(catalog: Catalog, service: Service) -> None:
    groups = _groups(catalog, service, "latency-simple")
    assert list(groups) == [Tempo.STANDARD, Tempo.SLOW]
    standard = groups[Tempo.STANDARD]
    # its present is the quotient of what the group has just recorded: nothing is read twice
    level_0 = '{slo="latency-simple",service="llm-copilot-agent"}'
    present = f"slo:sli_errors:rate5m{level_0} / (slo:sli_total:rate5m{level_0} > 0)"
    assert _expr(standard, "slo:sli_error:ratio_rate5m") == present
    assert _records(standard)[-1] == "slo:error_budget_exhausted_in:seconds"
    assert _alerts(standard) == ["ErrorBudgetBurnRateHigh", "SLIMissing"]
    # scrape 5 s + evaluation 30 s + for 2 min + group wait 30 s
    assert dict(_alert(standard, "SLIMissing").annotations)["detection_seconds"] == "185"


def test_an_objective_costs_at_most_15_recordings_and_8_alerts(catalog: Catalog, service: Service) -> None:
    for slo in service.slos:
        rules = _rules(catalog, service, slo)
        assert len(_records(rules)) <= 15, slo.name
        assert len(_alerts(rules)) <= 8, slo.name


def test_a_month_is_read_once_for_each_kind_of_event(catalog: Catalog, service: Service) -> None:
    slow = _groups(catalog, service, "availability")[Tempo.SLOW]
    # rates over 5 min, one in 300 s: every event is in one of them
    for name, level_0 in (("errors", "slo:sli_errors:rate5m"), ("total", "slo:sli_total:rate5m")):
        recorded = f'{level_0}{{slo="availability",service="llm-copilot-agent"}}'
        found = _expr(slow, f"slo:sli_{name}:increase30d")
        # a new objective has met no step yet: what it has recorded so far, every 30 s
        assert found == f"sum_over_time(({recorded} offset 1m)[30d:5m]) * 300 or sum_over_time({recorded}[1h]) * 30"
    months = [rule for rule in slow.rules if "sum_over_time" in rule.expr and "[30d" in rule.expr]
    assert len(months) == 2


def test_windows_of_hours_sum_all_that_is_recorded_and_those_of_days_one_rate_in_five_minutes(
    catalog: Catalog, service: Service
) -> None:
    rules = _rules(catalog, service, _slo(service, "availability"))
    assert "[6h]) * 30 /" in _expr(rules, "slo:sli_error:ratio_rate6h")
    assert " offset 1m)[3d:5m])" in _expr(rules, "slo:sli_error:ratio_rate3d")
    # the events that a slow alert asks for, in the same steps as its ratio: 5 of them at least
    assert re.search(r"\[3d:5m\]\) \* 300 or .*\[1h\]\) \* 30\) >= 5$", _expr(rules, "ErrorBudgetBurnRateWarning"))
    assert _expr(rules, "ErrorBudgetBurnRateHigh").endswith("[6h]) * 30 >= 5")


def test_history_is_counted_in_wide_steps_and_all_of_it_before_the_first(catalog: Catalog, service: Service) -> None:
    slow = _groups(catalog, service, "availability")[Tempo.SLOW]
    total = 'slo:sli_total:rate5m{slo="availability",service="llm-copilot-agent"}'
    # 30 d = 120 x 6 h = 86,400 x 30 s
    assert _expr(slow, "slo:history_coverage:ratio") == (
        f"clamp_max(count_over_time({total}[30d:6h]) / 120 or count_over_time({total}[6h]) / 86400, 1)"
    )


def test_a_wide_counter_is_read_for_the_shortest_window_only(catalog: Catalog, service: Service) -> None:
    """160 combinations of eight processes are 1280 series; the SDK's narrow counter has 30 x 8."""
    availability, errors = _slo(service, "availability"), _slo(service, "error-rate")
    rules = _rules(catalog, service, replace(errors, tiers=availability.tiers))
    assert "rate(http_requests_total" in _expr(rules, conventions.SLI_ERRORS)
    assert "sum_over_time(slo:sli_errors:rate5m" in _expr(rules, "slo:sli_error:ratio_rate1h")
    rules = _rules(catalog, service, availability)
    assert "_total{" in _expr(rules, "slo:sli_error:ratio_rate1h")
    assert "sum_over_time(slo:sli_errors:rate5m" in _expr(rules, "slo:sli_error:ratio_rate6h")


def test_what_pages_nobody_at_night_sums_all_but_its_present(catalog: Catalog, service: Service) -> None:
    rules = _rules(catalog, service, _slo(service, "module-observatory"))
    for window in ("30m", "1h", "6h"):
        assert "sum_over_time(slo:sli_errors:rate5m" in _expr(rules, f"slo:sli_error:ratio_rate{window}")


def test_a_counter_nobody_declared_is_read_for_an_hour_at_most(catalog: Catalog, service: Service) -> None:
    paging = _slo(service, "availability")
    foreign = replace(paging, events=Queries("jobs_total", 'jobs_total{outcome="failed"}', Outcome.BAD))
    rules = _rules(catalog, service, foreign)
    assert "rate(jobs_total" in _expr(rules, "slo:sli_error:ratio_rate1h")
    assert "sum_over_time(slo:sli_errors:rate5m" in _expr(rules, "slo:sli_error:ratio_rate6h")


def test_alerts_of_availability_carry_the_names_people_know(catalog: Catalog, service: Service) -> None:
    page, standard, slow = _groups(catalog, service, "availability").values()
    assert _alerts(page) == ["ErrorBudgetBurnRateCritical", "SLIMissing"]
    assert _alerts(standard) == ["ErrorBudgetBurnRateHigh"]
    assert _alerts(slow) == [
        "ErrorBudgetBurnRateWarning",
        "ErrorBudget25PercentConsumed",
        "ErrorBudget50PercentConsumed",
        "ErrorBudget75PercentConsumed",
        "ErrorBudgetExhausted",
    ]


def test_a_low_target_never_gets_a_tier_it_cannot_reach(catalog: Catalog, service: Service) -> None:
    # 95 %: 28.8 x 5 % = 144 % could never be; 5 %/6h is 6x = 30 %, 10 %/1d is 3x = 15 %
    rules = _rules(catalog, service, _slo(service, "latency-simple"))
    assert "ErrorBudgetBurnRateCritical" not in _alerts(rules)
    assert "> 0.3 " in _expr(rules, "ErrorBudgetBurnRateHigh")
    assert "> 0.15 " in _expr(rules, "ErrorBudgetBurnRateWarning")


def test_thresholds_are_exact(catalog: Catalog, service: Service) -> None:
    rules = _rules(catalog, service, _slo(service, "availability"))
    critical = _expr(rules, "ErrorBudgetBurnRateCritical")
    # 1 % x 720 h / 0.25 h = 28.8; x 0.001 = 0.0288. 2 % x 720 / 1 = 14.4; x 0.001 = 0.0144
    assert {Decimal(n) for n in re.findall(r"> (0\.0\d+)", critical)} == {Decimal("0.0288"), Decimal("0.0144")}
    # 5 % x 720 / 6 = 6x; 10 % x 720 / 72 = 1x
    assert "> 0.006)" in _expr(rules, "ErrorBudgetBurnRateHigh")
    assert "> 0.001)" in _expr(rules, "ErrorBudgetBurnRateWarning")


def test_no_number_shows_float_noise(catalog: Catalog, service: Service) -> None:
    for slo in service.slos:
        for group in compiled.groups(catalog, service, slo).values():
            for rule in group.rules:
                assert not re.search(r"\d\.\d*(?:0000|9999)\d", rule.expr), rule.expr


def test_every_recording_an_alert_reads_stands_before_it_in_its_group(catalog: Catalog, service: Service) -> None:
    """Except what only the slow group knows, and the shorter window of a slow alert, which is fresher than it needs."""
    for slo in service.slos:
        groups = compiled.groups(catalog, service, slo)
        slow = groups.pop(Tempo.SLOW)
        faster = {name for group in groups.values() for name in _records(group)}
        slow_inputs = {conventions.BUDGET_REMAINING, conventions.HISTORY_COVERAGE}
        for group, elsewhere in (*((group, slow_inputs) for group in groups.values()), (slow, faster)):
            recorded: set[str] = set()
            for rule in group.rules:
                read = set(re.findall(r"slo:[a-z_]+:[a-z0-9_]+", rule.expr)) - elsewhere
                assert read <= recorded, rule.expr
                if isinstance(rule, Recording):
                    recorded.add(rule.record)


def test_ratios_are_never_averaged(catalog: Catalog, service: Service) -> None:
    for slo in service.slos:
        for group in compiled.groups(catalog, service, slo).values():
            assert not any("avg_over_time" in rule.expr for rule in group.rules)


def test_level_0_is_filled_from_the_total_recorded_before_it(catalog: Catalog, service: Service) -> None:
    """Its label `slo` takes no part in the matching, else errors and fill would both come through."""
    rules = _rules(catalog, service, _slo(service, "availability"))
    total = 'slo:sli_total:rate5m{slo="availability",service="llm-copilot-agent"}'
    assert _expr(rules, conventions.SLI_ERRORS).endswith(f"[5m])) or on (service, environment) 0 * {total}")


def test_the_fill_of_a_ratio_is_the_totals_own_expression(catalog: Catalog, service: Service) -> None:
    rules = _rules(catalog, service, _slo(service, "availability"))
    total = _expr(rules, conventions.SLI_TOTAL).replace("[5m]", "[15m]")
    assert f") or 0 * {total}) / ({total} > 0)" in _expr(rules, "slo:sli_error:ratio_rate15m").replace("(\n", "(")


def test_time_left_is_the_budget_in_seconds_over_the_failing_share(catalog: Catalog, service: Service) -> None:
    rules = _rules(catalog, service, _slo(service, "availability"))
    # 30 d x 86,400 s x 0.001 = 2,592 s of total outage
    assert _expr(rules, conventions.EXHAUSTED_IN).startswith("2592 * ")


def test_an_objective_on_foreign_counters_reads_them(catalog: Catalog, service: Service) -> None:
    foreign = replace(
        _slo(service, "availability"),
        events=Queries("http_requests_total", 'http_requests_total{status_code=~"5.."}', Outcome.BAD),
    )
    rules = _rules(catalog, service, foreign)
    assert _expr(rules, conventions.SLI_TOTAL) == (
        'sum by (service, environment) (rate(http_requests_total{service="llm-copilot-agent"}[5m]))'
    )
    assert 'status_code=~"5..",service="llm-copilot-agent"}[5m]' in _expr(rules, conventions.SLI_ERRORS)


def test_a_page_states_time_left_threshold_and_detection(catalog: Catalog, service: Service) -> None:
    alert = _alert(_groups(catalog, service, "availability")[Tempo.PAGE], "ErrorBudgetBurnRateCritical")
    notes = dict(alert.annotations)
    assert notes["exhausted_in"] == "{{ $value | humanizeDuration }}"
    # 1 % of 43 min 12 s is 25.92 s; + 5 s scrape + 15 s evaluation + 10 s group wait = 55.92 s
    assert notes["detection"].startswith("at most 55.9 s after everything fails")
    assert "28.8x = 1 % of the budget in 15 min" in notes["threshold"]
    assert "14.4x = 2 % of the budget in 1 h" in notes["threshold"]
    assert dict(alert.labels)["tier"] == "critical"


def test_an_alert_of_the_slow_group_states_the_slow_evaluation(catalog: Catalog, service: Service) -> None:
    slow = _groups(catalog, service, "availability")[Tempo.SLOW]
    warning = next(rule for rule in slow.rules if isinstance(rule, Alerting))
    # 10 % of 43 min 12 s is 259.2 s; + 150 s, for it sums rates over 5 min, and 360 s, for it reads one in 5 min, a
    # minute late; + 5 s scrape + 2 min evaluation + 30 s group wait = 924.2 s
    assert dict(warning.annotations)["detection"].startswith("at most 15 min 24 s ")
