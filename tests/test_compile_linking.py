"""From an alert to its panel: whose panel it is, and where the link leads."""

import re
from dataclasses import replace

import yaml

from watchkeeper import compile as compiler
from watchkeeper import conventions
from watchkeeper.compile import linking, rules
from watchkeeper.compile.reference import reference
from watchkeeper.formats.prometheus import Alerting
from watchkeeper.model import Catalog


def alerting(catalog: Catalog) -> list[Alerting]:
    groups = rules.compiled(catalog).groups
    return [rule for group in groups for rule in group.rules if isinstance(rule, Alerting)]


def link(catalog: Catalog, alert: str, slo: str = "") -> str:
    (rule,) = [r for r in alerting(catalog) if r.alert == alert and dict(r.labels).get("slo", "") == slo]
    return dict(rule.annotations).get("dashboard", "")


def path(catalog: Catalog, panel: str) -> str:
    return linking.paths(catalog, catalog.services[0])[panel]


def test_links_lead_to_panels_that_are_there(catalog: Catalog) -> None:
    """As Grafana resolves them: the dashboard by its uid, the panel by its id."""
    documents = {d.path: d.text for d in compiler.build(catalog, reference(catalog)) if d.path.endswith(".json")}
    boards = [yaml.safe_load(text) for path, text in documents.items() if path.startswith("grafana/dashboards/")]
    there = {(board["uid"], panel["id"]) for board in boards for panel in board["panels"]}
    links = {dict(rule.annotations).get("dashboard", "") for rule in alerting(catalog)} - {""}
    assert links
    for each in links:
        found = re.fullmatch(r"/d/([\w-]+)\?viewPanel=(\d+)", each)
        assert found, each
        assert (found[1], int(found[2])) in there, each


def test_the_alert_names_its_panel(catalog: Catalog) -> None:
    assert link(catalog, "LowCacheHitRate") == path(catalog, "operations/redis-hit-rate")


def test_an_objectives_alert_has_the_objectives_panel(catalog: Catalog) -> None:
    assert link(catalog, "ErrorBudgetBurnRateHigh", "latency-simple") == path(catalog, "operations/latency")
    assert link(catalog, "SLIMissing", "availability") == path(catalog, "executive/availability")


def test_the_compilers_own_alerts_have_theirs(catalog: Catalog) -> None:
    assert link(catalog, "ServiceOutage") == path(catalog, conventions.PANELS["ServiceOutage"])
    assert link(catalog, "TrafficCollapse") == path(catalog, conventions.PANELS["TrafficCollapse"])


def test_what_names_no_panel_has_no_link(catalog: Catalog) -> None:
    assert link(catalog, "Watchdog") == ""


def test_without_dashboards_nothing_is_linked(catalog: Catalog) -> None:
    assert all("dashboard" not in dict(rule.annotations) for rule in alerting(replace(catalog, dashboards=())))


def test_every_alert_of_the_service_has_a_panel(catalog: Catalog) -> None:
    """Alerts about the monitoring speak of no panel of the service's."""
    unlinked = {rule.alert for rule in alerting(catalog) if "dashboard" not in dict(rule.annotations)}
    monitoring = {rule.alert for rule in alerting(catalog) if dict(rule.labels)["component"] == "monitoring"}
    assert unlinked - monitoring == set()
