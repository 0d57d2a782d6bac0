"""Alerts as written become one expression: scoped, in window form or with `for`, with a stated detection time."""

from dataclasses import replace
from decimal import Decimal

import pytest

from watchkeeper import conventions, promql
from watchkeeper.compile import alerts, outage, recordings, rules
from watchkeeper.formats.prometheus import Alerting, Group
from watchkeeper.model import (
    Alert,
    Catalog,
    Comparison,
    Family,
    Kind,
    Outcome,
    Pace,
    Queries,
    Recording,
    Service,
    Severity,
    Threshold,
    Unit,
)
from watchkeeper.quantity import Duration, Ratio

NEVER = Duration.of()


def _alert(**changes: object) -> Alert:
    plain = Alert(
        name="Probe",
        severity=Severity.CRITICAL,
        kind=Kind.CAUSE,
        component="api",
        team="copilot",
        value="dependency_up",
        threshold=Threshold(Comparison.BELOW, Decimal(1), Unit.NUMBER),
        within=None,
        for_=NEVER,
        guard="",
        summary="It is down.",
        impact="People wait.",
        actions=("Look.", "Act."),
        escalation="On-call.",
        runbook="service-down.md",
        priority=None,
        panel="",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # names and types are the test's own


def _compiled(catalog: Catalog, alert: Alert) -> Alerting:
    rule = alerts.alerting(catalog, replace(catalog.services[0], alerts=(alert,)), alert)
    return replace(rule, expr=_one_line(rule.expr))


def _one_line(expr: str) -> str:
    return promql.render(promql.parse(expr))


def test_every_selector_speaks_of_the_service_alone(catalog: Catalog) -> None:
    rule = _compiled(catalog, _alert(value="sum(rate(a_total[5m])) / sum(rate(b_total{x='1'}[5m]))"))
    assert rule.expr == (
        'sum by (service, environment) (rate(a_total{service="llm-copilot-agent"}[5m]))'
        ' / sum by (service, environment) (rate(b_total{x="1",service="llm-copilot-agent"}[5m])) < 1'
    )


def test_window_form_needs_every_sample_bad_and_half_of_them_there(catalog: Catalog) -> None:
    rule = _compiled(catalog, _alert(value='dependency_up{dependency="database"}', within=Duration.of(minutes=1)))
    selector = 'dependency_up{dependency="database",service="llm-copilot-agent"}[1m]'
    # dependency_up is scraped every 5 s: 12 samples a minute, more than 6 must be there
    assert rule.expr == f"max_over_time({selector}) < 1 and count_over_time({selector}) > 6"
    assert rule.for_ == NEVER


def test_window_form_above_takes_the_smallest_sample(catalog: Catalog) -> None:
    threshold = Threshold(Comparison.ABOVE, Decimal("0.5"), Unit.NUMBER)
    rule = _compiled(catalog, _alert(value="dependency_up", within=Duration.of(minutes=1), threshold=threshold))
    assert rule.expr.startswith("min_over_time(")


def test_window_form_of_a_computed_value_is_refused(catalog: Catalog) -> None:
    with pytest.raises(TypeError, match="plain selector"):
        _compiled(catalog, _alert(value="sum(dependency_up)", within=Duration.of(minutes=1)))


def test_a_guard_is_one_more_condition(catalog: Catalog) -> None:
    rule = _compiled(catalog, _alert(guard="sum by (dependency) (dependency_up) > 5"))
    assert rule.expr.endswith(
        ' and sum by (dependency, service, environment) (dependency_up{service="llm-copilot-agent"}) > 5'
    )


def test_alerts_about_the_monitoring_are_left_as_written(catalog: Catalog) -> None:
    value = "time() - max(timestamp(up))"
    rule = _compiled(catalog, _alert(kind=Kind.WATCHDOG, value=value, severity=Severity.INFO))
    assert rule.expr == "time() - max(timestamp(up)) < 1"


def test_critical_alerts_are_evaluated_on_the_critical_path(catalog: Catalog) -> None:
    groups = (*alerts.of_service(catalog, catalog.services[0]), *alerts.of_monitoring(catalog))
    assert {group.name: group.interval for group in groups} == {
        "alerts-llm-copilot-agent-critical": Duration.of(seconds=15),
        "alerts-llm-copilot-agent": Duration.of(seconds=30),
        "alerts-monitoring": Duration.of(seconds=30),
        "alerts-watchdog": Duration.of(seconds=5),
    }


@pytest.mark.parametrize(
    ("changes", "stated"),
    [
        # scrape 5 + window 60 + evaluation 15 + critical group wait 10 = 90
        ({"within": Duration.of(minutes=1)}, "at most 1 min 30 s "),
        # scrape 15 (standard) + 5 % of 5 min = 15 + evaluation 15 + for 5 min + wait 10 = 355 s
        (
            {
                "value": "sum(rate(llm_requests_total[5m]))",
                "threshold": Threshold(Comparison.ABOVE, Decimal("0.05"), Unit.RATIO),
                "for_": Duration.of(minutes=5),
            },
            "at most 5 min 55 s ",
        ),
        # below 90 % over 2 min: a tenth of it, 12 s; scrape 15 + evaluation 30 + wait of high alerts 30 = 87 s
        (
            {
                "value": "sum(rate(module_requests_total[2m]))",
                "threshold": Threshold(Comparison.BELOW, Decimal("0.9"), Unit.RATIO),
                "severity": Severity.HIGH,
            },
            "at most 1 min 27 s ",
        ),
        # an age grows a second a second: 60 s + scrape 5 + evaluation 15 + wait 10
        (
            {
                "value": "time() - probe_last_attempt_timestamp_seconds",
                "threshold": Threshold(Comparison.ABOVE, Decimal(60), Unit.SECONDS),
            },
            "at most 1 min 30 s ",
        ),
    ],
)
def test_detection_time_is_the_sum_of_its_parts(catalog: Catalog, changes: dict[str, object], stated: str) -> None:
    assert dict(_compiled(catalog, _alert(**changes)).annotations)["detection"].startswith(stated)


def _recorded(catalog: Catalog, **changes: object) -> Service:
    """A service whose only recording is made of a counter on the standard scrape."""
    own = Recording(
        "jobs:rate5m", (), "sum(rate(llm_requests_total[5m]))", Family.LLM, Unit.NUMBER, "Jobs.", Pace.STANDARD
    )
    return replace(catalog.services[0], recordings=(replace(own, **changes),))  # type: ignore[arg-type]  # the test's own


def test_an_alert_stands_behind_the_recording_it_reads_and_waits_for_its_group_alone(catalog: Catalog) -> None:
    alert = _alert(value="jobs:rate5m", threshold=Threshold(Comparison.ABOVE, Decimal("0.2"), Unit.NUMBER))
    service = replace(_recorded(catalog), alerts=(alert,))
    (group,) = recordings.of_service(catalog, replace(service, slos=()))
    assert [getattr(rule, "record", "") or getattr(rule, "alert", "") for rule in group.rules] == [
        "jobs:rate5m",
        alert.name,
    ]
    assert list(alerts.of_service(catalog, service)) == []
    # scrape 15 (of the counter beneath) + its 5 min + the group's 30 s + wait of critical alerts 10 = 355 s
    assert dict(alerts.alerting(catalog, service, alert).annotations)["detection_seconds"] == "355"


def test_what_looks_much_longer_than_a_recording_is_late_stays_with_the_alerts(catalog: Catalog) -> None:
    """A day is 2880 times the 30 s of its group; the lag is in the sum all the same."""
    value = "sum_over_time(jobs:rate5m[1d:5m])"
    alert = _alert(value=value, threshold=Threshold(Comparison.ABOVE, Decimal(9), Unit.NUMBER))
    service = replace(_recorded(catalog), alerts=(alert,))
    (group,) = alerts.of_service(catalog, service)
    assert group.name == "alerts-llm-copilot-agent-critical"
    # scrape 15 + the window, a day and the 5 min beneath it, 86700 + evaluation 15 + the recording's 30 + wait 10
    assert dict(alerts.alerting(catalog, service, alert).annotations)["detection_seconds"] == "86770"


def test_an_alert_on_a_slow_recording_stays_with_the_alerts(catalog: Catalog) -> None:
    alert = _alert(value="jobs:rate5m", threshold=Threshold(Comparison.ABOVE, Decimal(9), Unit.NUMBER))
    service = replace(_recorded(catalog, pace=Pace.SLOW), alerts=(alert,))
    (group,) = alerts.of_service(catalog, service)
    # scrape 15 + 300 + evaluation 15 + the slow group's 120 + wait 10
    assert dict(alerts.alerting(catalog, service, alert).annotations)["detection_seconds"] == "460"
    assert [rule.alert for rule in group.rules if isinstance(rule, Alerting)] == [alert.name]


def test_recordings_of_recordings_are_looked_through(catalog: Catalog) -> None:
    """One of another family is as late as its group is slow."""
    service = _recorded(catalog)
    outer = replace(service.recordings[0], name="jobs:max", value="max(jobs:rate5m)", family=Family.MODULE)
    alert = _alert(value="jobs:max", threshold=Threshold(Comparison.ABOVE, Decimal(9), Unit.NUMBER))
    service = replace(service, recordings=(*service.recordings, outer), alerts=(alert,))
    # scrape 15 + 300 + the module group's 30 + the llm group's 30 + wait 10
    assert dict(alerts.alerting(catalog, service, alert).annotations)["detection_seconds"] == "385"


def test_an_alert_about_the_monitoring_is_written_once_for_all_services(catalog: Catalog) -> None:
    first = replace(catalog.services[0], alerts=(_alert(kind=Kind.MONITORING, name="Blind"), _alert(name="Slow")))
    world = replace(catalog, services=(first, replace(first, name="second")))
    assert [(service.name, alert.name) for service, alert in alerts.written(world)] == [
        (first.name, "Blind"),
        (first.name, "Slow"),
        ("second", "Slow"),
    ]


def test_a_critical_alert_about_the_monitoring_states_its_own_groups_interval(catalog: Catalog) -> None:
    # it stands in the monitoring's group: scrape 5 + evaluation 30 + wait 10 = 45 s
    rule = _compiled(catalog, _alert(kind=Kind.MONITORING))
    assert dict(rule.annotations)["detection"].startswith("at most 45 s ")


def test_text_from_the_definitions_is_no_template(catalog: Catalog) -> None:
    rule = _compiled(catalog, _alert(summary="{{ $labels.x }} broke", actions=("Run {{ x }}.",)))
    notes = dict(rule.annotations)
    assert notes["summary"] == '{{"{{"}} $labels.x }} broke'
    assert notes["actions"] == '1. Run {{"{{"}} x }}.'


def test_the_outage_alert_counts_bad_events_and_probes(catalog: Catalog) -> None:
    group = outage.group(catalog, catalog.services[0])
    rule = group.rules[0]
    assert isinstance(rule, Alerting)
    assert "> 0.25" in rule.expr
    assert "> 5 or on (service, environment)" in _one_line(rule.expr)
    # the probe is scraped every 5 s: 6 samples in 30 s, more than 3 must be there
    assert "probe_success" in rule.expr
    assert rule.expr.endswith("> 3")
    assert not rule.for_
    assert dict(rule.labels)["kind"] == "outage"


def test_without_an_objective_over_all_requests_the_probe_remains(catalog: Catalog) -> None:
    service = replace(catalog.services[0], slos=catalog.services[0].slos[1:])
    (rule,) = outage.group(catalog, service).rules
    assert "probe_success" in rule.expr
    assert "sli_events_total" not in rule.expr


def test_an_outage_of_a_service_with_counters_of_its_own_is_seen(catalog: Catalog) -> None:
    own = Queries("http_requests_total", 'http_requests_total{status_code=~"5.."}', Outcome.BAD)
    slo = replace(catalog.services[0].slos[0], events=own)
    outage_rule, collapse, breach = outage.alerts(catalog, replace(catalog.services[0], slos=(slo,)))
    assert 'http_requests_total{status_code=~"5..",service="llm-copilot-agent"}[1m]' in outage_rule.expr
    assert "slo:sli_total:rate5m" in collapse.expr
    assert 'http_requests_total{status_code=~"5..",service="llm-copilot-agent"}[5m]' in breach.expr


def test_the_breach_of_an_objective_takes_its_number_from_the_target(catalog: Catalog) -> None:
    tighter = replace(catalog.services[0].slos[0], target=Ratio.of(percent=Decimal("99.95")), min_bad_events=7)
    *_, rule = outage.alerts(catalog, replace(catalog.services[0], slos=(tighter,)))
    expr = _one_line(rule.expr)
    # 1 - 0.9995
    assert expr.startswith('slo:sli_error:ratio_rate5m{slo="availability",service="llm-copilot-agent"} > 0.0005 and')
    assert 'slo:sli_error:ratio_rate1h{slo="availability",service="llm-copilot-agent"} > 0.0005 and' in expr
    assert expr.endswith("[5m])) >= 7")
    labels, notes = dict(rule.labels), dict(rule.annotations)
    assert (labels["severity"], labels["priority"], labels["kind"]) == ("critical", "p1", "symptom")
    # 0.05 % of an hour is 1.8 s; + 5 s scrape + 15 s evaluation + 5 min + 10 s
    assert notes["detection"].startswith("at most 5 min 32 s ")
    assert "above 0.05 % over 5 min and over 1 h for 5 min, with at least 7 bad requests" in notes["threshold"]


def test_alerts_on_all_requests_stand_where_what_they_read_is_recorded(catalog: Catalog) -> None:
    """Else they would see it up to an interval late."""
    groups = {group.name.removeprefix("slo-llm-copilot-agent-"): group for group in rules.compiled(catalog).groups}
    names = {key: [rule.alert for rule in group.rules if isinstance(rule, Alerting)] for key, group in groups.items()}
    assert names["availability-page"][-1] == "SLOAvailabilityBreach"
    assert names["availability-standard"][-1] == "TrafficCollapse"
    assert sum("TrafficCollapse" in alerts for alerts in names.values()) == 1


def _groups(catalog: Catalog) -> list[Group]:
    return list(rules.compiled(catalog).groups)


def test_every_alert_tells_what_to_do_and_who_owns_it(catalog: Catalog) -> None:
    found = [rule for group in _groups(catalog) for rule in group.rules if isinstance(rule, Alerting)]
    assert len(found) > 100
    for rule in found:
        notes, labels = dict(rule.annotations), dict(rule.labels)
        assert {"summary", "impact", "actions", "escalation", "runbook"} <= notes.keys(), rule.alert
        # a budget is spent by and by: such an alert finds nothing at a moment
        spent = {conventions.budget_alert(state.consumed) for state in catalog.services[0].budget_policy}
        assert ("detection" in notes) is (rule.alert not in spent), rule.alert
        assert {"severity", "team", "component", "kind"} <= labels.keys(), rule.alert
        assert notes["runbook"] in catalog.runbooks, rule.alert


def test_two_services_share_the_alerts_about_the_monitoring(catalog: Catalog) -> None:
    other = replace(catalog.services[0], name="second")
    _, alerting = rules.compiled(replace(catalog, services=(*catalog.services, other))).documents
    text = alerting.text
    assert text.count("alert: Watchdog") == 1
    assert text.count("alert: DatabaseDown") == 2
