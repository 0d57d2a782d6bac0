"""What `up` writes for its processes: each key another room reads, addresses that fit together, no secret in sight."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from watchkeeper import files
from watchkeeper.demo.config import DemoConfig
from watchkeeper.engines import Engine
from watchkeeper.model import Catalog
from watchkeeper.stack import children, configuration
from watchkeeper.stack.child import Child, Wave
from watchkeeper.stack.configuration import Purpose
from watchkeeper.stack.layout import Layout
from watchkeeper.stack.ports import NAMES, WITHOUT_DEMO, choose

PORTS = choose(NAMES, free=lambda _: True)
DEMO = Purpose(demo=True, environment="demo", project=None)
PLAIN = Purpose(demo=False, environment="staging", project=Path("watchkeeper.yaml"))
PROMETHEUS = Engine("prometheus", Path("/engines/prometheus"), "2.42.0")
ALERTMANAGER = Engine("alertmanager", Path("/engines/alertmanager"), "0.25.0", ("unshare", "--mount"))


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout.of(tmp_path / "state")


def test_documents_of_a_demo(catalog: Catalog, layout: Layout) -> None:
    documents = configuration.documents(catalog, DEMO, layout, PORTS)
    assert set(documents) == {
        "prometheus.yaml",
        "prometheus-recording-rules.yaml",
        "prometheus-alert-rules.yaml",
        "alertmanager-config.yaml",
        "templates/watchkeeper.tmpl",
        "web.yml",
        "inbox.json",
        "console.json",
        "reconciler.json",
        "host.json",
        "demo.json",
        "probe.json",
    }
    plain = configuration.documents(catalog, PLAIN, layout, choose(WITHOUT_DEMO, free=lambda _: True))
    assert set(documents) - set(plain) == {"demo.json", "probe.json"}


def test_documents_are_the_same_at_the_next_start(catalog: Catalog, layout: Layout) -> None:
    first = configuration.documents(catalog, DEMO, layout, PORTS)
    files.write_tree(layout.config, first, mode=0o600)
    assert configuration.documents(catalog, DEMO, layout, PORTS) == first


def test_no_secret_stands_in_a_document_but_the_dead_mans(catalog: Catalog, layout: Layout) -> None:
    documents = configuration.documents(catalog, DEMO, layout, PORTS)
    # Alertmanager 0.25 takes no file for a webhook's address
    for path in layout.secrets.iterdir():
        holders = {name for name, text in documents.items() if path.read_text() in text}
        assert holders == ({"alertmanager-config.yaml"} if path.name == "deadman" else set())


def test_prometheus_scrapes_the_demo_the_probe_the_stack_and_the_machine(catalog: Catalog, layout: Layout) -> None:
    document = yaml.safe_load(configuration.documents(catalog, DEMO, layout, PORTS)["prometheus.yaml"])
    scraped = {
        (group["labels"]["role"], address)
        for job in document["scrape_configs"]
        for group in job["static_configs"]
        for address in group["targets"]
    }
    assert scraped == {
        ("service", "127.0.0.1:8466"),
        ("service-detail", "127.0.0.1:8466"),
        ("probe", "127.0.0.1:8473"),
        ("stack", "127.0.0.1:8474"),
        ("node", "127.0.0.1:8475"),
        ("engine", "127.0.0.1:8462"),
        ("engine", "127.0.0.1:8463"),
    }
    assert document["alerting"]["alertmanagers"][0]["static_configs"] == [{"targets": ["127.0.0.1:8463"]}]
    assert document["alerting"]["alertmanagers"][0]["basic_auth"] == {
        "username": "watchkeeper",
        "password_file": str(layout.password),
    }
    assert document["global"]["external_labels"] == {"environment": "demo"}


def test_without_the_demo_ones_own_service_is_scraped_where_the_sdk_puts_it(catalog: Catalog, layout: Layout) -> None:
    document = yaml.safe_load(configuration.documents(catalog, PLAIN, layout, PORTS)["prometheus.yaml"])
    jobs = {job["job_name"]: job["static_configs"] for job in document["scrape_configs"]}
    assert jobs["watchkeeper-critical"][0]["targets"] == ["127.0.0.1:9464"]
    assert jobs["watchkeeper-probe"] == []
    for job, port in (("watchkeeper-stack", 8474), ("watchkeeper-node", 8475)):
        assert [(group["targets"], group["labels"]["service"]) for group in jobs[job]] == [
            ([f"127.0.0.1:{port}"], "llm-copilot-agent")
        ]


def test_stack_and_machine_are_those_of_each_service(catalog: Catalog, layout: Layout) -> None:
    two = replace(catalog, services=(catalog.services[0], replace(catalog.services[0], name="search")))
    document = yaml.safe_load(configuration.documents(two, PLAIN, layout, PORTS)["prometheus.yaml"])
    jobs = {job["job_name"]: job["static_configs"] for job in document["scrape_configs"]}
    for job in ("watchkeeper-stack", "watchkeeper-node"):
        assert [group["labels"]["service"] for group in jobs[job]] == ["llm-copilot-agent", "search"]
    assert document["global"]["external_labels"] == {"environment": "staging"}


def test_alertmanager_pages_the_inbox(catalog: Catalog, layout: Layout) -> None:
    document = yaml.safe_load(configuration.documents(catalog, DEMO, layout, PORTS)["alertmanager-config.yaml"])
    assert document["global"]["pagerduty_url"] == "http://127.0.0.1:8461/pagerduty/v2/enqueue"
    receivers = {receiver["name"]: receiver for receiver in document["receivers"]}
    assert document["global"]["smtp_smarthost"] == "127.0.0.1:8476"
    assert document["global"]["smtp_auth_password_file"] == str(layout.secrets / "smtp-password")
    assert document["global"]["smtp_require_tls"] is False
    critical = receivers["pagerduty-critical"]["pagerduty_configs"][0]
    assert critical["routing_key_file"] == str(layout.secrets / "pagerduty-critical")
    assert critical["client_url"].startswith("http://127.0.0.1:8460/")


def test_process_configurations_have_the_agreed_keys(catalog: Catalog, layout: Layout) -> None:
    documents = configuration.documents(catalog, DEMO, layout, PORTS)
    root = layout.root
    assert json.loads(documents["inbox.json"]) == {
        "port": 8461,
        "smtp_port": 8476,
        "data": f"{root}/data/inbox",
        "secrets": f"{root}/secrets",
    }
    assert json.loads(documents["reconciler.json"]) == {
        "alertmanager": "http://127.0.0.1:8463",
        "configuration": f"{root}/config/alertmanager-config.yaml",
        "state": f"{root}/data/reconciler/incidents.json",
        "username": "watchkeeper",
        "password_file": f"{root}/secrets/engine-password",
    }
    assert json.loads(documents["probe.json"]) == {
        "service": "llm-copilot-agent",
        "environment": "demo",
        "url": "http://127.0.0.1:8464",
        "port": 8473,
        "secret_file": f"{root}/secrets/probe",
        "every_seconds": 5,
        "timeout_seconds": 4,
    }
    assert json.loads(documents["host.json"]) == {
        "record": f"{root}/run.json",
        "stack_port": 8474,
        "node_port": 8475,
    }
    assert json.loads(documents["console.json"]) == {
        "port": 8460,
        "project": "",
        "prometheus": "http://127.0.0.1:8462",
        "alertmanager": "http://127.0.0.1:8463",
        "username": "watchkeeper",
        "password_file": f"{root}/secrets/engine-password",
        "inbox": "http://127.0.0.1:8461",
        "environment": "demo",
        "state": str(root),
    }


def test_the_demo_reads_its_configuration(catalog: Catalog, layout: Layout) -> None:
    files.write_tree(layout.config, configuration.documents(catalog, DEMO, layout, PORTS))
    config = DemoConfig.load(layout.config / "demo.json")
    assert (config.ingress_port, config.agent_port, config.metrics_port) == (8464, 8465, 8466)
    assert config.module_ports == {
        "test-bench": 8468,
        "observatory": 8469,
        "incident-manager": 8470,
        "orchestrator": 8471,
    }
    assert config.state == layout.data / "demo"
    assert config.probe_secret_file == layout.secrets / "probe"


def test_the_project_is_named_absolutely(
    catalog: Catalog, layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    document = json.loads(configuration.documents(catalog, PLAIN, layout, PORTS)["console.json"])
    assert document["project"] == str(tmp_path / "watchkeeper.yaml")


def _all(layout: Layout) -> tuple[Child, ...]:
    return (
        *children.watching(layout, PORTS, PROMETHEUS, ALERTMANAGER),
        *children.demonstrating(layout, PORTS),
    )


def test_children_and_what_they_need(layout: Layout) -> None:
    assert {child.name: child.needs for child in _all(layout)} == {
        "inbox": (),
        "alertmanager": (),
        "prometheus": (),
        "reconciler": (),
        "console": (),
        "host": (),
        "cache": (),
        "providers": (),
        "modules": (),
        "agent": ("cache", "providers", "modules"),
        "ingress": ("agent",),
        "load": ("ingress",),
        "probe": ("ingress",),
    }


def test_pages_can_leave_until_the_end(layout: Layout) -> None:
    waves = {child.name: child.wave for child in _all(layout)}
    assert waves["prometheus"] < waves["alertmanager"] < waves["inbox"]
    assert all(wave is Wave.TRAFFIC for name, wave in waves.items() if name in {"agent", "load", "probe", "ingress"})


def test_only_what_must_be_well_is_checked(layout: Layout) -> None:
    checked = {child.name for child in _all(layout) if child.checked}
    assert checked == {"inbox", "alertmanager", "prometheus", "reconciler", "console", "host", "probe"}


def test_no_secret_stands_on_a_command_line(catalog: Catalog, layout: Layout) -> None:
    configuration.documents(catalog, DEMO, layout, PORTS)
    lines = [" ".join(child.command) for child in _all(layout)]
    secrets = [path.read_text() for path in layout.secrets.iterdir()]
    assert not [line for line in lines for secret in secrets if secret in line]


def test_engines_are_started_through_their_prefix_on_loopback(layout: Layout) -> None:
    commands = {child.name: child.command for child in _all(layout)}
    assert commands["alertmanager"][:3] == ("unshare", "--mount", "/engines/alertmanager")
    assert "--cluster.listen-address=" in commands["alertmanager"]
    assert "--data.maintenance-interval=1m" in commands["alertmanager"]
    assert commands["prometheus"][0] == "/engines/prometheus"
    assert "--web.listen-address=127.0.0.1:8462" in commands["prometheus"]
    assert r"--web.cors.origin=http://127\.0\.0\.1:8460" in commands["prometheus"]
    assert "--rules.alert.resend-delay=5s" in commands["prometheus"]
    assert "--storage.tsdb.retention.time=90d" in commands["prometheus"]
    for name in ("prometheus", "alertmanager"):
        assert f"--web.config.file={layout.config}/web.yml" in commands[name]


def test_our_own_processes_import_nothing_from_the_state_directory(layout: Layout) -> None:
    for child in _all(layout):
        if "-m" in child.command:
            assert child.command[1] == "-P"
