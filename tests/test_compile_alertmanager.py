"""The routing table: who is told what, judged by amtool, and the templates, judged by their words."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from watchkeeper import compile as compiler
from watchkeeper import conventions, engines
from watchkeeper.compile import alertmanager as compiled
from watchkeeper.compile.reference import reference
from watchkeeper.model import Catalog, Route, Timing
from watchkeeper.quantity import Duration


@pytest.fixture(scope="module")
def built(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("monitoring")
    for document in compiler.build(catalog, reference(catalog)):
        path = folder / document.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(document.text)
    return folder


def _amtool(amtool: engines.Engine, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*amtool.command, *arguments], capture_output=True, text=True, check=False, timeout=30)


@pytest.mark.engine
def test_amtool_takes_the_configuration(amtool: engines.Engine, built: Path) -> None:
    done = _amtool(amtool, "check-config", str(built / conventions.ALERTMANAGER_FILE))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.engine
@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ({"severity": "critical", "kind": "outage"}, "pagerduty-critical,slack-incidents"),
        ({"severity": "critical", "kind": "cause", "component": "database"}, "pagerduty-critical,slack-incidents"),
        ({"severity": "high", "kind": "cause"}, "pagerduty-high,slack-reliability"),
        ({"severity": "warning", "kind": "cost"}, "slack-reliability"),
        ({"severity": "info", "kind": "symptom"}, "console-only"),
        ({"severity": "info", "kind": "watchdog"}, "deadman"),
        ({"severity": "unheard-of"}, "slack-reliability"),
    ],
)
def test_routes_by_severity(amtool: engines.Engine, built: Path, labels: Mapping[str, str], receivers: str) -> None:
    pairs = [f"{name}={value}" for name, value in labels.items()]
    file = f"--config.file={built / conventions.ALERTMANAGER_FILE}"
    done = _amtool(amtool, "config", "routes", "test", file, f"--verify.receivers={receivers}", *pairs)
    assert done.returncode == 0, done.stdout + done.stderr


def _tree(catalog: Catalog) -> dict[str, object]:
    tree = yaml.safe_load(compiled.configuration(catalog, reference(catalog)).text)
    assert isinstance(tree, dict)
    return tree


def test_no_secret_is_in_the_document(catalog: Catalog) -> None:
    text = compiled.configuration(catalog, reference(catalog)).text
    assert "routing_key_file: secrets/pagerduty-critical" in text
    assert "api_url_file: secrets/slack-incidents" in text
    assert "routing_key:" not in text
    assert "api_url:" not in text


def test_a_repeat_never_ties_with_a_tick_of_its_group(catalog: Catalog) -> None:
    timing = Timing(Duration.of(seconds=10), Duration.of(seconds=30), Duration.of(minutes=30))
    route = Route((("severity", "critical"),), ("slack-incidents",), timing)
    routing = replace(catalog.routing, routes=(route,))
    text = compiled.configuration(replace(catalog, routing=routing), reference(catalog)).text
    # 30 min = 60 ticks of 30 s: a race; 5 s less is none
    assert "repeat_interval: 29m55s" in text


def test_critical_waits_ten_seconds_at_most(catalog: Catalog) -> None:
    critical = next(route for route in catalog.routing.routes if ("severity", "critical") in route.match)
    assert critical.timing.group_wait <= Duration.of(seconds=10)


def test_the_outage_alert_is_never_inhibited(catalog: Catalog) -> None:
    for inhibition in catalog.routing.inhibitions:
        targets = dict(inhibition.target)
        assert targets.get("kind") == "symptom" or "tier" in targets
        assert {"service", "environment"} <= set(inhibition.equal)


def test_pagerduty_gets_a_severity_it_knows(catalog: Catalog) -> None:
    text = json.dumps(_tree(catalog))
    assert 'eq .CommonLabels.severity \\"critical\\" }}critical' in text.replace('\\\\"', '\\"')
    assert '"high"' not in text.split('"receivers"')[1].replace("pagerduty-high", "")


def test_a_notification_leads_to_the_alerts_own_page(catalog: Catalog) -> None:
    deployment = replace(reference(catalog), console_url="http://127.0.0.1:8460")
    text = compiled.configuration(catalog, deployment).text
    link = "http://127.0.0.1:8460/alerts/{{ .CommonLabels.alertname }}"
    assert f"client_url: {link}" in text
    assert f"title_link: {link}" in text
