"""Objects for a cluster: the same rules as in the files, and targets with the labels the rules select by."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from watchkeeper import compile as compiler
from watchkeeper import conventions
from watchkeeper.compile import kubernetes
from watchkeeper.compile.reference import reference
from watchkeeper.model import Catalog


def built(catalog: Catalog) -> dict[str, str]:
    return {document.path: document.text for document in compiler.build(catalog, reference(catalog))}


def objects(catalog: Catalog, file: str) -> list[Any]:  # trees are looked at, not typed
    return list(yaml.safe_load_all(built(catalog)[file]))


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
    assert rule["spec"] == yaml.safe_load(built(catalog)[file])


def test_every_rule_file_has_its_object(catalog: Catalog) -> None:
    assert len(objects(catalog, conventions.KUBERNETES_RULES_FILE)) == 2


def test_scrapes_are_those_of_the_configuration(catalog: Catalog) -> None:
    """Role, parameter, interval and time-out, as in prometheus.yaml."""
    jobs = yaml.safe_load(built(catalog)[conventions.PROMETHEUS_FILE])["scrape_configs"]
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
