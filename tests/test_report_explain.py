"""Explanations: each number with its derivation, worked out by hand, and what is not there."""

from dataclasses import replace

import pytest

from watchkeeper.model import Catalog
from watchkeeper.report.explain import explain, names
from watchkeeper.report.explanation import Explanation, Fact


def only(catalog: Catalog, name: str) -> Explanation:
    (found,) = explain(catalog, name)
    return found


def fact(told: Explanation, label: str) -> Fact:
    return next(fact for fact in told.facts if fact.label == label)


# --- objectives ------------------------------------------------------------------------------------


def test_a_burn_alert_is_derived_in_front_of_the_reader(catalog: Catalog) -> None:
    burns = [fact for fact in only(catalog, "availability").facts if fact.label == "burn, critical"]
    hour = next(burn for burn in burns if "in 1 h" in burn.value)
    assert hour.value.splitlines() == [
        "14.4x = 2 % of 30 d in 1 h: more than 1.44 % bad over 1 h and over 5 min",
        # 2 % of 43 min 12 s; scrape 5 s, evaluation 15 s, first notification 10 s
        "a total outage is told after 51.8 s + at most 30 s; at this rate the budget lasts 2 d 2 h",
    ]
    assert hour.derivation == "0.02 x 720 h / 1 h = 14.4; 14.4 x 0.1 % = 1.44 %; 720 h / 14.4 = 2 d 2 h"


def test_a_slow_tier_waits_for_its_slow_group(catalog: Catalog) -> None:
    # scrape 5 s, evaluation every 2 min, group wait 30 s
    assert "+ at most 2 min 35 s" in fact(only(catalog, "availability"), "burn, warning").value


def test_a_tier_that_cannot_be_reached_says_so(catalog: Catalog) -> None:
    service = catalog.services[0]
    availability = next(slo for slo in service.slos if slo.name == "availability")
    low = replace(availability, name="low", target=next(s.target for s in service.slos if s.name == "latency-simple"))
    changed = replace(catalog, services=(replace(service, slos=(low,)),))
    # 28.8 x 5 % = 144 %
    assert "not even a total outage pages" in fact(only(changed, "low"), "burn, critical").value


def test_a_budget_is_told_as_an_outage(catalog: Catalog) -> None:
    told = only(catalog, "availability")
    assert told.summary == "99.9 % of requests are answered well"
    # 0.1 % of 720 h
    assert fact(told, "as an outage") == Fact("as an outage", "43 min 12 s at average traffic", "0.1 % of 30 d")
    assert fact(told, "budget yellow").value == "from 25 % spent (alert: info): Review what changed lately."
    assert fact(told, "budget green").value == "from 0 % spent: Develop as usual."


# --- alerts ----------------------------------------------------------------------------------------


def test_an_alert_is_explained_as_it_is_compiled(catalog: Catalog) -> None:
    told = only(catalog, "DatabaseDown")
    assert told.name == "DatabaseDown (database)"
    assert 'dependency="database"' in fact(told, "expression").value
    assert fact(told, "evaluated").value == "every 15 s"
    assert "a minute without the database, after 6 min 15 s" in fact(told, "proved to fire").value
    assert "back after 50 seconds, after 6 min 15 s" in fact(told, "proved silent").value


def test_what_may_silence_an_alert_is_named(catalog: Catalog) -> None:
    silenced = fact(only(catalog, "HighErrorRate"), "silent while").value
    assert "alertname=ServiceDown fires for the same service, environment" in silenced
    assert fact(only(catalog, "ServiceOutage"), "silent while").value == "never: nothing inhibits it"


def test_who_is_told_is_said_with_the_hours(catalog: Catalog) -> None:
    told = fact(only(catalog, "DatabaseDown"), "tells").value.splitlines()
    assert "pagerduty-p1: first after 10 s, again every 29 min 55 s" in told
    assert any(line.startswith("slack-database-alerts: ") for line in told)
    night = fact(only(catalog, "LLMAPIHighErrorRate"), "tells").value
    assert "pagerduty-business-hours: only in business-hours; " in night


def test_an_alert_that_waits_says_how_long(catalog: Catalog) -> None:
    assert fact(only(catalog, "HighErrorRate"), "evaluated").value == "every 15 s, pending for 5 min"


def test_alerts_of_every_objective_are_told_apart(catalog: Catalog) -> None:
    told = [one.name for one in explain(catalog, "SLIMissing")]
    assert len(told) == len(set(told)) == len(catalog.services[0].slos)
    assert "SLIMissing (availability)" in told


# --- metrics ---------------------------------------------------------------------------------------


def test_series_of_a_metric_are_multiplied_out(catalog: Catalog) -> None:
    told = only(catalog, "module_request_duration_seconds")
    # four modules, 12 buckets, the one without end, sum and count
    assert fact(told, "series at most") == Fact("series at most", "60 a process", "4 x (12 buckets + 3)")
    assert fact(told, "in the reference") == Fact("in the reference", "480 series", "60 x 8 processes")
    assert "series planned" not in [fact.label for fact in told.facts]


def test_a_plan_is_told_beside_the_bound(catalog: Catalog) -> None:
    told = only(catalog, "http_request_duration_seconds")
    # seven methods, sixty endpoints, 10 buckets + 3
    assert fact(told, "series at most") == Fact("series at most", "5460 a process", "7 x 60 x (10 buckets + 3)")
    assert fact(told, "series planned") == Fact("series planned", "416 a process", "32 combinations x (10 + 3)")


def test_readers_of_a_histogram_read_its_parts(catalog: Catalog) -> None:
    assert "endpoint:http_request_duration_bucket:rate5m" in fact(
        only(catalog, "http_request_duration_seconds"), "read by"
    ).value.split(", ")
    assert fact(only(catalog, "process_start_time_seconds"), "read by").value == "nothing"


def test_a_recorded_series_shows_each_rule(catalog: Catalog) -> None:
    told = only(catalog, "sli:availability:ratio")
    assert [fact.label for fact in told.facts] == [
        "family", "window=5m", "window=1h", "window=24h", "window=7d", "window=30d", "read by",
    ]  # fmt: skip


def test_panels_count_as_readers(catalog: Catalog) -> None:
    assert "operations/latency" in fact(only(catalog, "sli:latency:p95"), "read by").value


# --- panels and checks -----------------------------------------------------------------------------


def test_a_panel_says_whose_lines_it_draws(catalog: Catalog) -> None:
    told = only(catalog, "operations/cpu")
    assert told.summary == "CPU usage"
    assert fact(told, "lines, llm-copilot-agent").value == "from 80%: warn"
    assert fact(told, "numbers of").value == "alert HighCPUUsage"
    assert fact(told, "busiest process").value.startswith("max(rate(process_cpu_seconds_total[5m])")


def test_a_check_is_found_by_number_and_by_name(catalog: Catalog) -> None:
    by_number, by_name = only(catalog, "L06"), only(catalog, "average-of-ratios")
    assert by_number == by_name
    assert fact(by_number, "severity").value == "error"
    assert "\n\n" in fact(by_number, "why").value
    assert fact(by_number, "good").value.startswith("rules:\n- record: ")
    assert "  expr: avg_over_time(slo:sli_error:ratio_rate5m[30d])" in by_number.text


# --- all -------------------------------------------------------------------------------------------


def test_everything_that_has_a_name_can_be_explained(catalog: Catalog) -> None:
    for name in sorted(names(catalog))[::9]:
        assert explain(catalog, name), name


def test_what_is_not_there_is_not_explained(catalog: Catalog) -> None:
    assert explain(catalog, "Nonsense") == ()


@pytest.mark.parametrize("name", ["availability", "HighErrorRate", "http_request_duration_seconds"])
def test_text_is_aligned_and_breaks_no_name(catalog: Catalog, name: str) -> None:
    lines = only(catalog, name).text.splitlines()
    assert lines[0].startswith(("slo ", "alert ", "metric "))
    column = max(len(fact.label) for fact in only(catalog, name).facts) + 4
    assert all(line[column - 2 : column] == "  " for line in lines[1:])
    assert not any(line.endswith("-") for line in lines)


def test_json_holds_the_same() -> None:
    told = Explanation("slo", "a", "b", (Fact("c", "d", "e"),))
    assert told.json == {
        "kind": "slo",
        "name": "a",
        "summary": "b",
        "facts": [{"label": "c", "value": "d", "derivation": "e"}],
    }
