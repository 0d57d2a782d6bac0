"""Jaeger's files: nothing is hidden or deleted before its time, and only one machine answers for head sampling."""

import json
from dataclasses import replace

import pytest

from trace_bench import Node, texts, tree
from watchkeeper import conventions
from watchkeeper.compile import jaeger, versions
from watchkeeper.model import Catalog
from watchkeeper.quantity import Duration

OPENSEARCH, ELASTICSEARCH, BADGER = (
    conventions.JAEGER_OPENSEARCH_FILE,
    conventions.JAEGER_ELASTICSEARCH_FILE,
    conventions.JAEGER_BADGER_FILE,
)
ALL = (OPENSEARCH, ELASTICSEARCH, BADGER)
NEWEST = replace(versions.DEFAULT, jaeger=versions.jaeger("2.20"))


def store(document: Node) -> Node:
    (backend,) = document["extensions"]["jaeger_storage"]["backends"].values()
    (found,) = backend.values()
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("path", [OPENSEARCH, ELASTICSEARCH])
def test_seven_days_are_found_by_their_id(catalog: Catalog, path: str) -> None:
    # 7 d and one more for the oldest index, which is of a whole day: 8 x 24 = 192; the default is 72
    assert store(tree(catalog, path))["max_span_age"] == "192h"


def test_one_machine_keeps_seven_days(catalog: Catalog) -> None:
    badger = store(tree(catalog, BADGER))
    assert badger["ttl"] == {"spans": "168h"}
    assert badger["ephemeral"] is False


def test_the_cleaner_is_called_with_eight_days(catalog: Catalog) -> None:
    retention = tree(catalog, conventions.TRACING_FILE)["retention"]
    assert retention["index_cleaner"] == "jaeger-es-index-cleaner 8 http://opensearch:9200 --index-prefix watchkeeper"
    assert (retention["traces"], retention["found_by_id"]) == ("7d", "192h")


def test_another_retention_moves_all_of_it(catalog: Catalog) -> None:
    assert catalog.tracing is not None
    fortnight = replace(catalog, tracing=replace(catalog.tracing, retention=Duration.of(days=14)))
    written = texts(fortnight)
    assert "max_span_age: 360h" in written[OPENSEARCH]
    assert "index-cleaner 15 " in written[conventions.TRACING_FILE]
    assert "spans: 336h" in written[BADGER]
    assert '"min_age": "14d"' in written[conventions.JAEGER_LIFECYCLE_FILE]
    assert '"min_index_age": "15d"' in written[conventions.JAEGER_LIFECYCLE_FILE]
    assert jaeger.cleaner_days(fortnight.tracing) == 15  # type: ignore[arg-type]


def test_lifecycles_count_from_different_days(catalog: Catalog) -> None:
    lifecycle = json.loads(texts(catalog)[conventions.JAEGER_LIFECYCLE_FILE])
    phases = lifecycle["elasticsearch"]["body"]["policy"]["phases"]
    assert phases["hot"]["actions"]["rollover"] == {"max_age": "1d", "max_primary_shard_size": "30gb"}
    assert phases["delete"]["min_age"] == "7d"  # after the rollover
    states = {state["name"]: state for state in lifecycle["opensearch"]["body"]["policy"]["states"]}
    (transition,) = states["keep"]["transitions"]
    assert transition == {"state_name": "delete", "conditions": {"min_index_age": "8d"}}  # after the first span
    assert states["delete"]["actions"] == [{"delete": {}}]


def test_the_policy_takes_hold_of_jaegers_indices(catalog: Catalog) -> None:
    lifecycle = json.loads(texts(catalog)[conventions.JAEGER_LIFECYCLE_FILE])
    (template,) = lifecycle["opensearch"]["body"]["policy"]["ism_template"]
    prefix = store(tree(catalog, OPENSEARCH))["indices"]["index_prefix"]
    assert f"{prefix}-jaeger-span-*" in template["index_patterns"]
    assert {request["request"].split()[0] for request in lifecycle.values()} == {"PUT"}


def test_indices_before_rotation(catalog: Catalog) -> None:
    daily = store(tree(catalog, OPENSEARCH))
    assert daily["create_mappings"] is True
    assert daily["indices"]["spans"] == {
        "shards": 1,
        "replicas": 1,
        "date_layout": "2006-01-02",
        "rollover_frequency": "day",
    }
    aliases = store(tree(catalog, ELASTICSEARCH))
    assert (aliases["use_aliases"], aliases["use_ilm"], aliases["create_mappings"]) == (True, True, False)
    assert "date_layout" not in aliases["indices"]["spans"]


def test_indices_with_rotation_never_carry_the_old_words(catalog: Catalog) -> None:
    """Jaeger refuses both at once."""
    daily = store(tree(catalog, OPENSEARCH, versions=NEWEST))
    assert daily["indices"]["spans"]["rotation"] == {
        "periodic": {"date_layout": "2006-01-02", "rollover_frequency": "day"}
    }
    aliases = store(tree(catalog, ELASTICSEARCH, versions=NEWEST))
    assert aliases["indices"]["services"]["rotation"] == {"auto_rollover": {"policy_name": "watchkeeper-traces"}}
    assert not {"use_aliases", "use_ilm"} & aliases.keys()
    assert "date_layout" not in daily["indices"]["spans"]
    policy = json.loads(texts(catalog)[conventions.JAEGER_LIFECYCLE_FILE])["elasticsearch"]["request"]
    assert policy.endswith("/watchkeeper-traces")


# https://github.com/jaegertracing/jaeger/blob/v1.76.0/internal/storage/elasticsearch/config/config.go
KNOWN_BEFORE_ROTATION = {
    "server_urls", "remote_read_clusters", "auth", "tls", "sniffing", "disable_health_check", "send_get_body_as",
    "query_timeout", "http_compression", "custom_headers", "bulk_processing", "version", "log_level", "indices",
    "use_aliases", "create_mappings", "use_ilm", "max_doc_count", "max_span_age", "service_cache_ttl",
    "adaptive_sampling_lookback", "tags_as_fields",
}  # fmt: skip
KNOWN_OF_AN_INDEX = {"priority", "date_layout", "shards", "replicas", "rollover_frequency"}


@pytest.mark.parametrize("path", [OPENSEARCH, ELASTICSEARCH])
def test_every_key_is_one_that_2_13_knows(catalog: Catalog, path: str) -> None:
    """It refuses what it does not know, and no binary is needed to see that."""
    search = store(tree(catalog, path))
    assert search.keys() <= KNOWN_BEFORE_ROTATION
    indices = {name: facts for name, facts in search["indices"].items() if name != "index_prefix"}
    assert indices.keys() == {"spans", "services", "dependencies", "sampling"}
    for facts in indices.values():
        assert facts.keys() <= KNOWN_OF_AN_INDEX


@pytest.mark.parametrize(("version", "rotation"), [("2.13", False), ("2.19.3", False), ("2.20", True), ("3.0", True)])
def test_versions(version: str, *, rotation: bool) -> None:
    assert versions.jaeger(version).rotation is rotation


LISTENERS = {
    ("healthcheckv2", "http"): 13133,
    ("jaeger_query", "http"): 16686,
    ("jaeger_query", "grpc"): 16685,
    ("remote_sampling", "http"): 5778,
    ("remote_sampling", "grpc"): 5779,
}


@pytest.mark.parametrize(("path", "host"), [(OPENSEARCH, "0.0.0.0"), (ELASTICSEARCH, "0.0.0.0"), (BADGER, "127.0.0.1")])
def test_every_listener_says_where(catalog: Catalog, path: str, host: str) -> None:
    document = tree(catalog, path)
    for (extension, protocol), port in LISTENERS.items():
        if extension in document["extensions"]:
            assert document["extensions"][extension][protocol] == {"endpoint": f"{host}:{port}"}
    protocols = document["receivers"]["otlp"]["protocols"]
    assert protocols == {"grpc": {"endpoint": f"{host}:4317"}, "http": {"endpoint": "127.0.0.1:4318"}}
    (reader,) = document["service"]["telemetry"]["metrics"]["readers"]
    assert reader["pull"]["exporter"]["prometheus"] == {"host": host, "port": 8888}


def test_head_sampling_only_where_no_gateway_decides(catalog: Catalog) -> None:
    """Both together would multiply: 10 % of 10 %."""
    asked = {path: "remote_sampling" in tree(catalog, path)["extensions"] for path in ALL}
    assert asked == {OPENSEARCH: False, ELASTICSEARCH: False, BADGER: True}
    file = tree(catalog, BADGER)["extensions"]["remote_sampling"]["file"]
    assert file["path"].endswith(conventions.JAEGER_STRATEGIES_FILE)


def strategies(catalog: Catalog, environment: str) -> tuple[float, dict[str, float]]:
    tree = json.loads(texts(catalog, environment)[conventions.JAEGER_STRATEGIES_FILE])
    (service,) = tree["service_strategies"]
    assert service["service"] == "llm-copilot-agent"
    assert service["param"] == tree["default_strategy"]["param"]
    return service["param"], {each["operation"]: each["param"] for each in service["operation_strategies"]}


def test_strategies_say_the_shares_by_span_name(catalog: Catalog) -> None:
    share, operations = strategies(catalog, "production")
    assert share == 0.1
    assert operations["HTTP GET /health"] == 0.01
    assert operations["HTTP POST /api/v1/workflows"] == 0.5
    assert strategies(catalog, "dev")[0] == 1
    assert strategies(catalog, "dev")[1]["HTTP POST /api/v1/workflows"] == 1


@pytest.mark.parametrize("path", ALL)
def test_rates_come_from_what_the_gateways_count(catalog: Catalog, path: str) -> None:
    document = tree(catalog, path)
    metrics = document["extensions"]["jaeger_storage"]["metric_backends"]["prometheus"]["prometheus"]
    namespace = tree(catalog, conventions.TRACES_GATEWAY_FILE)["connectors"]["spanmetrics"]["namespace"]
    assert metrics["metric_namespace"] == namespace.replace(".", "_")
    assert metrics["latency_unit"] == "ms"
    assert metrics["auth"] == {"basic": {"username": "watchkeeper", "password_file": "secrets/engine-password"}}
    storage = document["extensions"]["jaeger_query"]["storage"]
    assert storage["traces"] in document["extensions"]["jaeger_storage"]["backends"]
    assert storage["traces"] == document["exporters"]["jaeger_storage_exporter"]["trace_storage"]
    assert document["service"]["extensions"] == list(document["extensions"])
