"""Objects for a cluster: the same rules as in the files, and targets with the labels the rules select by."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

import compile_bench
from watchkeeper import conventions
from watchkeeper.compile import kubernetes
from watchkeeper.model import Catalog


def objects(catalog: Catalog, file: str) -> list[Any]:  # trees are looked at, not typed
    return list(yaml.safe_load_all(compile_bench.texts(catalog)[file]))


def endpoints(catalog: Catalog) -> Iterator[tuple[str, Any]]:
    for monitor in objects(catalog, conventions.KUBERNETES_MONITORS_FILE):
        for endpoint in monitor["spec"]["endpoints"]:
            yield monitor["metadata"]["name"], endpoint


@pytest.mark.parametrize("file", [conventions.RECORDING_RULES_FILE, conventions.ALERT_RULES_FILE])
def test_rules_are_those_of_the_file(catalog: Catalog, file: str) -> None:
    (rule,) = [
        one
        for one in objects(catalog, conventions.KUBERNETES_RULES_FILE)
        if one["metadata"]["name"] == file.removesuffix(".yaml")
    ]
    assert rule["apiVersion"] == "monitoring.coreos.com/v1"
    assert rule["kind"] == "PrometheusRule"
    assert rule["spec"] == yaml.safe_load(compile_bench.texts(catalog)[file])


def test_every_rule_file_has_its_object(catalog: Catalog) -> None:
    assert len(objects(catalog, conventions.KUBERNETES_RULES_FILE)) == 2


def test_scrapes_are_those_of_the_configuration(catalog: Catalog) -> None:
    """Role, parameter, interval and time-out, as in prometheus.yaml."""
    jobs = yaml.safe_load(compile_bench.texts(catalog)[conventions.PROMETHEUS_FILE])["scrape_configs"]
    expected = {
        (role, str(job.get("params")), job["scrape_interval"], job["scrape_timeout"])
        for job in jobs
        if (role := job["static_configs"][0]["labels"]["role"]) in {"service", "service-detail", "probe"}
    }
    found = {
        (labels(endpoint)["role"], str(endpoint.get("params")), endpoint["interval"], endpoint["scrapeTimeout"])
        for _, endpoint in endpoints(catalog)
    }
    assert found == expected


def labels(endpoint: Any) -> dict[str, str]:
    return {one["targetLabel"]: one["replacement"] for one in endpoint["relabelings"]}


def test_targets_carry_the_labels_rules_select_by(catalog: Catalog) -> None:
    for _, endpoint in endpoints(catalog):
        assert labels(endpoint)["service"] == "llm-copilot-agent"
        assert labels(endpoint)["environment"] == "production"


def test_monitors_select_the_service_and_its_probe(catalog: Catalog) -> None:
    monitors = objects(catalog, conventions.KUBERNETES_MONITORS_FILE)
    assert [one["spec"]["selector"]["matchLabels"][kubernetes.NAME_LABEL] for one in monitors] == [
        "llm-copilot-agent",
        "llm-copilot-agent-probe",
    ]
    assert {endpoint["port"] for _, endpoint in endpoints(catalog)} == {"metrics"}


# --- values of the chart ---------------------------------------------------------------------------


def values(catalog: Catalog) -> Any:
    (tree,) = objects(catalog, conventions.KUBERNETES_VALUES_FILE)
    return tree


def test_routes_are_those_of_the_configuration(catalog: Catalog) -> None:
    """All but the places of secrets and templates."""
    plain = yaml.safe_load(compile_bench.texts(catalog)[conventions.ALERTMANAGER_FILE])
    inside = values(catalog)["alertmanager"]["config"]
    for part in ("route", "inhibit_rules", "time_intervals"):
        assert inside[part] == plain[part]
    assert [one["name"] for one in inside["receivers"]] == [one["name"] for one in plain["receivers"]]


def test_secrets_are_mounted_files(catalog: Catalog) -> None:
    text = str(values(catalog)["alertmanager"]["config"])
    assert "/etc/alertmanager/secrets/watchkeeper/pagerduty-p0" in text
    assert "/etc/alertmanager/secrets/watchkeeper/slack-incidents" in text
    assert "'secrets/" not in text
    assert values(catalog)["alertmanager"]["alertmanagerSpec"] == {"secrets": ["watchkeeper"]}


def test_templates_are_the_same_bytes(catalog: Catalog) -> None:
    (text,) = values(catalog)["alertmanager"]["templateFiles"].values()
    assert text == compile_bench.texts(catalog)[conventions.TEMPLATES_FILE]
    assert values(catalog)["alertmanager"]["config"]["templates"] == ["/etc/alertmanager/config/watchkeeper.tmpl"]


def test_our_rules_are_selected_and_the_charts_own_are_off(catalog: Catalog) -> None:
    told = values(catalog)
    assert told["defaultRules"] == {"create": False}
    (labels,) = {str(one["metadata"]["labels"]) for one in objects(catalog, conventions.KUBERNETES_RULES_FILE)}
    assert str(told["prometheus"]["prometheusSpec"]["ruleSelector"]["matchLabels"]) == labels


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"pod": "llm-copilot-agent-7d8f9c5b6d-xkj2p"}, "llm-copilot-agent"),
        ({"deployment": "llm-copilot-agent"}, "llm-copilot-agent"),
        ({"pod": "other-7d8f9c5b6d-xkj2p"}, None),
        ({"pod": "llm-copilot-agents-1"}, None),
    ],
)
def test_pods_become_their_services(catalog: Catalog, labels: dict[str, str], expected: str | None) -> None:
    """Prometheus' relabelling, as far as these steps use it: anchored patterns, the first group kept."""
    steps = values(catalog)["kube-state-metrics"]["prometheus"]["monitor"]["metricRelabelings"]
    for step in steps[:-2]:
        found = re.fullmatch(step["regex"], labels.get(step["sourceLabels"][0], ""))
        if step.get("action") == "keep":
            assert (found is None) is (expected is None)
        elif found:
            labels = labels | {"service": found[1]}
    assert labels.get("service") == expected
