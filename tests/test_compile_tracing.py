"""`distributed-tracing-config.yaml`: everything the specification says of traces, as data for any SDK."""

import pytest

from trace_bench import Node, texts, tree
from watchkeeper import conventions
from watchkeeper.model import Catalog


@pytest.fixture(scope="module")
def written(catalog: Catalog) -> Node:
    return tree(catalog, conventions.TRACING_FILE)


def test_it_is_one_for_all_environments(catalog: Catalog) -> None:
    file = conventions.TRACING_FILE
    assert texts(catalog, "dev")[file] == texts(catalog, "production")[file]


def test_these_files_are_made(catalog: Catalog) -> None:
    assert set(texts(catalog)) == {
        "distributed-tracing-config.yaml",
        "collector/agent.yaml",
        "collector/gateway.yaml",
        "jaeger/opensearch.yaml",
        "jaeger/elasticsearch.yaml",
        "jaeger/badger.yaml",
        "jaeger/strategies.json",
        "jaeger/index-lifecycle.json",
    }


def test_the_last_propagator_wins_so_the_first_format_comes_last(written: Node) -> None:
    assert written["propagation"]["extract"] == {
        "first_wins": ["w3c", "b3", "jaeger"],
        "otel_propagators": ["jaeger", "b3multi", "b3", "tracecontext", "baggage"],
    }
    assert written["propagation"]["inject"] == ["w3c"]
    assert written["propagation"]["inject_on_request"] == ["b3", "jaeger"]


def test_baggage_is_pseudonyms_for_named_hosts(written: Node) -> None:
    baggage = written["propagation"]["baggage"]
    assert baggage["keys"] == ["user.id", "session.id", "tenant.id"]
    assert baggage["values"] == "pseudonyms"
    assert set(baggage["keys"]) <= set(written["pseudonyms"]["attributes"])
    assert "*" not in baggage["hosts"]
    assert written["pseudonyms"]["function"] == "hmac-sha256"


def test_sampling_is_the_specifications(written: Node) -> None:
    sampling = written["sampling"]
    assert sampling["others"] == {"dev": "100%", "development": "100%", "staging": "50%", "production": "10%"}
    assert sampling["always"] == {"errors": "100%", "status_5xx": "100%", "slow": "100%"}
    rules = sampling["first_rule_that_fits"]
    assert list(rules) == ["health", "critical", "llm"]
    assert {name: rule["share"]["production"] for name, rule in rules.items()} == {
        "health": "1%",
        "critical": "50%",
        "llm": "30%",
    }
    assert (sampling["slow_after"], rules["llm"]["slow_after"]) == ("2s", "30s")
    assert sampling["decision"] == {"wait": "2m", "wait_after_root": "10s", "traces_in_memory": 50000}


def test_the_arithmetic_of_the_cap_is_printed(written: Node) -> None:
    # 50,000,000 / 2,592,000 = 19.3; 1000 / 19.29 = 51.84; 19.29 x 120 x 1.5 = 3472.2; 50,000 / 180 = 277.8
    assert written["sampling"]["cap"]["traces_per_second"] == 1000
    assert written["sampling"]["arithmetic"] == {
        "traces_per_second": "50000000 requests in 30 d = 19.3/s, each a trace",
        "cap": "1000/s is 52 times that",
        "cap_in_spans": "1000/s x 12 spans = 12000 spans/s, over 2 gateways",
        "memory": "19.3/s x 120 s x 1.5 = 3473 undecided traces; room for 50000, that is up to 278/s on one gateway",
    }


def test_batches_and_compression(written: Node) -> None:
    assert written["exporter"] == {
        "protocol": "otlp",
        "compression": "gzip",
        "batch": {"spans": 512, "delay": "5s"},
    }


SPECIFIED = {
    "http": ["http.method", "http.url", "http.status_code", "http.user_agent", "http.request_content_length"],
    "business": ["user.id", "session.id", "conversation.id", "workflow.id", "intent.type"],
    "performance": ["duration_ms", "cache.hit", "db.rows_affected", "llm.tokens"],
    "error": ["error.type", "error.message", "error.stack"],
}


@pytest.mark.parametrize("group", SPECIFIED)
def test_every_attribute_of_the_specification_is_there_under_its_name_or_a_newer_one(written: Node, group: str) -> None:
    attributes = written["attributes"][group]
    known = {name for name, facts in attributes.items()} | {facts.get("replaces") for facts in attributes.values()}
    assert set(SPECIFIED[group]) <= known


def test_groups_are_whole(written: Node, catalog: Catalog) -> None:
    assert catalog.tracing is not None
    assert list(written["attributes"]) == ["http", "business", "performance", "error"]
    assert sum(map(len, written["attributes"].values())) == len(catalog.tracing.attributes)


def test_statements_and_parameters(written: Node) -> None:
    assert written["redaction"]["statements"]["attributes"] == ["db.query.text", "db.statement"]
    assert {"token", "api_key", "password"} <= set(written["redaction"]["query_parameters"])
    assert written["attributes"]["http"]["url.full"] == {"limit": 256, "replaces": "http.url"}
    # as in log lines: addresses of IP are masked only where somebody asks for it
    assert {"card", "email", "aws-key"} <= written["redaction"]["values"].keys()
    assert "ip" not in written["redaction"]["values"]
