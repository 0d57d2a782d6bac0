"""The Collectors' files: what flows where and in which order, where they listen, and which version says it how."""

import re
from dataclasses import replace

import pytest
import yaml

from trace_bench import Node, texts, tree
from watchkeeper import conventions
from watchkeeper.compile import tracing as compiled
from watchkeeper.compile import versions
from watchkeeper.compile.reference import reference
from watchkeeper.model import Catalog

AGENT, GATEWAY = conventions.TRACES_AGENT_FILE, conventions.TRACES_GATEWAY_FILE
NEWEST = versions.Versions(versions.collector("0.165.0"), versions.jaeger("2.20.0"))


@pytest.fixture(scope="module")
def agent(catalog: Catalog) -> Node:
    return tree(catalog, AGENT)


@pytest.fixture(scope="module")
def gateway(catalog: Catalog) -> Node:
    return tree(catalog, GATEWAY)


def test_everything_is_counted_before_anything_is_dropped(gateway: Node) -> None:
    pipelines = gateway["service"]["pipelines"]
    counters = ["spanmetrics", "servicegraph", "exceptions"]
    assert pipelines["traces/in"]["exporters"] == [*counters, "forward/sampled"]
    assert "tail_sampling" not in pipelines["traces/in"]["processors"]
    assert pipelines["traces/sampled"] == {
        "receivers": ["forward/sampled"],
        "processors": ["tail_sampling"],
        "exporters": ["otlp/jaeger"],
    }
    assert pipelines["metrics/spans"]["receivers"] == counters


def test_nothing_is_counted_before_it_is_scrubbed(gateway: Node) -> None:
    before = ["memory_limiter", "resource/environment", "transform/pre", "redaction/secrets"]
    pipelines = gateway["service"]["pipelines"]
    # texts are cut after redaction: half a secret is found by no pattern
    assert pipelines["traces/in"]["processors"] == [*before, "transform/limits"]
    assert pipelines["logs/in"]["processors"] == before


def test_nothing_batches_before_sampling(gateway: Node, agent: Node) -> None:
    assert "batch" not in gateway["processors"].keys() | agent["processors"].keys()


@pytest.mark.parametrize("path", [AGENT, GATEWAY])
def test_every_part_is_defined_and_used(catalog: Catalog, path: str) -> None:
    document = tree(catalog, path)
    used: dict[str, set[str]] = {"receivers": set(), "processors": set(), "exporters": set()}
    for pipeline in document["service"]["pipelines"].values():
        for kind, names in used.items():
            names |= set(pipeline[kind])
    connectors = set(document.get("connectors", {}))
    assert used["processors"] == set(document["processors"])
    assert used["receivers"] - connectors == set(document["receivers"])
    assert used["exporters"] - connectors == set(document["exporters"])
    assert connectors <= used["receivers"] & used["exporters"]
    assert document["service"]["extensions"] == list(document["extensions"])


def test_all_spans_of_a_trace_reach_one_gateway(agent: Node) -> None:
    balanced = agent["exporters"]["loadbalancing"]
    assert balanced["routing_key"] == "traceID"
    assert balanced["resolver"] == {"static": {"hostnames": ["collector-gateway-0:4317", "collector-gateway-1:4317"]}}


def test_the_agent_never_sends_one_span_twice(agent: Node) -> None:
    """A retry in front of the split repeats what other gateways have taken; only behind it, it is one gateway's."""
    balanced = agent["exporters"]["loadbalancing"]
    assert "retry_on_failure" not in balanced
    assert balanced["sending_queue"]["storage"] == "file_storage"
    behind = balanced["protocol"]["otlp"]
    assert behind["retry_on_failure"] == {"enabled": True, "max_elapsed_time": "0s"}
    assert behind["sending_queue"]["block_on_overflow"] is True
    assert "storage" not in behind["sending_queue"]  # they would share one file


@pytest.mark.parametrize("exporter", ["otlp/jaeger", "otlphttp/lines", "otlphttp/audit"])
def test_queues_of_a_gateway_are_on_disk_and_patient(gateway: Node, exporter: str) -> None:
    sends = gateway["exporters"][exporter]
    assert sends["sending_queue"]["storage"] == "file_storage"
    assert sends["sending_queue"]["batch"] == {"flush_timeout": "5s", "min_size": 512, "max_size": 4096}
    assert sends["sending_queue"]["batch"]["max_size"] <= sends["sending_queue"]["queue_size"]
    assert sends["retry_on_failure"]["max_elapsed_time"] == "0s"
    assert sends["compression"] == "gzip"
    assert gateway["extensions"]["file_storage"]["create_directory"] is True


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_lines_go_to_the_tenant_of_their_environment(catalog: Catalog, environment: str) -> None:
    gateway = tree(catalog, GATEWAY, environment)
    assert gateway["exporters"]["otlphttp/lines"]["headers"] == {"X-Scope-OrgID": environment}
    assert gateway["exporters"]["otlphttp/audit"]["headers"] == {"X-Scope-OrgID": "audit"}
    (inserted,) = gateway["processors"]["resource/environment"]["attributes"]
    assert inserted == {"key": "deployment.environment.name", "value": environment, "action": "insert"}


def endpoints(node: object) -> list[str]:
    if isinstance(node, dict):
        own = [f"{node['host']}:{node['port']}"] if {"host", "port"} <= node.keys() else []
        own += [node["endpoint"]] if "endpoint" in node else []
        return own + [found for child in node.values() for found in endpoints(child)]
    return [found for child in node for found in endpoints(child)] if isinstance(node, list) else []


@pytest.mark.parametrize("path", [AGENT, GATEWAY])
def test_each_listener_says_where(catalog: Catalog, path: str) -> None:
    document = tree(catalog, path)
    document["exporters"] = {"prometheus": document["exporters"].get("prometheus", {})}
    found = endpoints(document)
    assert {"0.0.0.0:4317", "0.0.0.0:4318", "0.0.0.0:8888", "0.0.0.0:13133"} <= set(found)
    assert len(found) == len(set(found))


def test_a_deployment_may_keep_all_of_it_on_loopback(catalog: Catalog) -> None:
    deployment = reference(catalog)
    assert deployment.traces is not None
    here = replace(deployment, traces=replace(deployment.traces, interface="127.0.0.1"))
    for document in compiled.documents(catalog, here, versions.DEFAULT):
        assert "0.0.0.0" not in document.text, document.path


def test_nothing_is_written_where_nothing_carries_traces(catalog: Catalog) -> None:
    without = replace(reference(catalog), traces=None)
    assert list(compiled.documents(catalog, without, versions.DEFAULT)) == []
    assert list(compiled.documents(replace(catalog, tracing=None), reference(catalog), versions.DEFAULT)) == []


def test_no_secret_is_in_a_document(catalog: Catalog) -> None:
    for path, text in texts(catalog).items():
        assert not re.search(r"password:|api_key:|hmac_key", text), path


# --- dialects -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "known"),
    [("0.140", "0.140"), ("0.144.9", "0.140"), ("v0.145.0", "0.145"), ("0.164", "0.149"), ("0.200.1", "0.165")],
)
def test_a_version_speaks_the_newest_dialect_it_knows(version: str, known: str) -> None:
    assert versions.collector(version).version == known


@pytest.mark.parametrize("version", ["0.139", "0.9", "latest", "", "0.145.0.1"])
def test_a_version_before_all_dialects_is_refused(version: str) -> None:
    with pytest.raises(versions.UnknownVersionError, match=r"from 0\.140 on"):
        versions.collector(version)


def test_new_names_only_where_they_are_known(catalog: Catalog) -> None:
    old, new = tree(catalog, GATEWAY), tree(catalog, GATEWAY, versions=NEWEST)
    assert {"otlp/jaeger", "otlphttp/lines"} < old["exporters"].keys()
    assert {"otlp_grpc/jaeger", "otlp_http/lines"} < new["exporters"].keys()
    assert "spanmetrics" in old["connectors"]
    assert "span_metrics" in new["connectors"]
    renamed = yaml.safe_dump(new)
    for now, before in (("otlp_grpc/", "otlp/"), ("otlp_http/", "otlphttp/"), ("span_metrics", "spanmetrics")):
        renamed = renamed.replace(now, before)
    assert yaml.safe_load(renamed) == old


def test_the_agent_is_alike_for_all(catalog: Catalog) -> None:
    assert texts(catalog, versions=NEWEST)[AGENT] == texts(catalog)[AGENT]


# --- counting spans -------------------------------------------------------------------------------


def test_buckets_hold_every_slow_threshold(catalog: Catalog, gateway: Node) -> None:
    counted = gateway["connectors"]["spanmetrics"]
    bounds = counted["histogram"]["explicit"]["buckets"]
    assert {"1s", "2s", "5s", "30s", "60s"} <= set(bounds)
    assert catalog.tracing is not None
    assert len(bounds) == len(catalog.tracing.duration_buckets)
    assert counted["histogram"]["unit"] == "ms"


def test_no_message_becomes_a_label(gateway: Node) -> None:
    assert gateway["connectors"]["exceptions"]["dimensions"] == [{"name": "exception.type"}]
    assert {each["name"] for each in gateway["connectors"]["spanmetrics"]["dimensions"]} == {
        "http.route",
        "gen_ai.request.model",
    }
