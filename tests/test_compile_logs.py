"""Loki's files, the agents' files and the document about logs: what they say, and who else believes them."""

import json
import os
import re
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

import built_engines
from watchkeeper import compile as compiler
from watchkeeper import conventions, spec
from watchkeeper.cli import application
from watchkeeper.compile import log_agents, loki, versions
from watchkeeper.compile.reference import reference
from watchkeeper.model import Catalog, Kept, Logs, Tiers
from watchkeeper.quantity import Duration

DAY = Duration.of(days=1)
AUDIT = (
    'set(log.attributes["retention_class"], "audit") where log.attributes["event"] != nil'
    r' and IsMatch(log.attributes["event"], "^audit\\.")'
)


@cache
def shipped() -> Catalog:
    loaded = spec.load()
    assert loaded.catalog is not None, loaded.problems
    return loaded.catalog


def logs() -> Logs:
    found = shipped().logs
    assert found is not None
    return found


def built(collector: str = "0.145", environment: str = "production") -> dict[str, str]:
    dialects = versions.Versions(versions.collector(collector), versions.DEFAULT.jaeger)
    made = compiler.build(shipped(), reference(shipped(), environment), dialects)
    return {document.path: document.text for document in made}


@cache
def documents() -> dict[str, str]:
    return built()


def tree(path: str) -> Any:
    return yaml.safe_load(documents()[path])


# --- Loki ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [conventions.LOKI_SINGLE_FILE, conventions.LOKI_SCALABLE_FILE])
def test_what_a_loki_must_be_told(path: str) -> None:
    found = tree(path)
    assert found["auth_enabled"] is True
    assert found["storage_config"]["use_thanos_objstore"] is True
    assert found["compactor"]["retention_enabled"] is True
    store = found["schema_config"]["configs"][0]["object_store"]
    assert found["compactor"]["delete_request_store"] == store
    assert list(found["storage_config"]["object_store"]) == [store]
    limits = found["limits_config"]
    # the longest that any line of an environment is kept: 365 d and an hour; every day of it can be asked for
    assert (limits["retention_period"], limits["max_query_length"]) == ("2160h", "8761h")
    labels = [
        *limits["otlp_config"]["resource_attributes"]["attributes_config"],
        *limits["otlp_config"]["log_attributes"],
    ]
    indexed = [attribute.replace(".", "_") for each in labels for attribute in each["attributes"]]
    assert indexed == ["service_name", "deployment_environment_name", "retention_class"]
    assert found["runtime_config"] == {"file": "/etc/loki/overrides.yaml"}
    assert found["analytics"] == {"reporting_enabled": False}


def test_one_process_listens_on_loopback_only() -> None:
    server = tree(conventions.LOKI_SINGLE_FILE)["server"]
    assert {server["http_listen_address"], server["grpc_listen_address"]} == {"127.0.0.1"}


def test_hot_is_what_the_first_cache_holds() -> None:
    caches = tree(conventions.LOKI_SCALABLE_FILE)["chunk_store_config"]
    assert caches["l2_chunk_cache_handoff"] == "168h"  # 7 d
    assert caches["chunk_cache_config"] != caches["chunk_cache_config_l2"]
    assert "chunk_store_config" not in tree(conventions.LOKI_SINGLE_FILE)


def test_every_tenant_keeps_what_is_written() -> None:
    assert tree(conventions.LOKI_OVERRIDES_FILE)["overrides"] == {
        "production": {
            "retention_period": "2160h",
            "retention_stream": [{"selector": '{retention_class="fatal"}', "priority": 1, "period": "8760h"}],
        },
        "staging": {"retention_period": "720h"},
        "development": {"retention_period": "168h"},
        "audit": {"retention_period": "61368h", "max_query_length": "0s", "deletion_mode": "disabled"},
    }


def test_the_store_moves_nothing_too_early_and_expires_nothing_before_loki() -> None:
    found = {rule["ID"]: rule for rule in json.loads(documents()[conventions.LOKI_LIFECYCLE_FILE])["Rules"]}
    assert {rule["Filter"]["Prefix"] for rule in found.values()} == {
        "production/", "staging/", "development/", "audit/",
    }  # fmt: skip
    moves = {
        name: [(m["Days"], m["StorageClass"]) for m in rule.get("Transitions", [])] for name, rule in found.items()
    }
    assert moves == {
        "loki-production": [(30, "STANDARD_IA")],
        "loki-staging": [],
        "loki-development": [],
        "loki-audit": [(30, "STANDARD_IA"), (90, "GLACIER_IR")],
    }
    # what is kept longest under the prefix, and two days
    expiries = {name: rule["Expiration"]["Days"] for name, rule in found.items()}
    assert expiries == {"loki-production": 367, "loki-staging": 32, "loki-development": 9, "loki-audit": 2559}


def kept(hot: int, warm: int, cold: int) -> Kept:
    days = (DAY * hot, DAY * warm, DAY * cold)
    return Kept("production", DAY * (hot + warm + cold), (), Tiers(*days))


def test_a_cold_tier_that_begins_too_early_waits_for_day_30() -> None:
    early = loki.lifecycle(replace(logs(), retention=(kept(2, 5, 60),)))["Rules"][0]
    assert early["Transitions"] == [{"Days": 30, "StorageClass": "STANDARD_IA"}]
    late = loki.lifecycle(replace(logs(), retention=(kept(14, 46, 30),)))["Rules"][0]
    assert late["Transitions"] == [{"Days": 60, "StorageClass": "STANDARD_IA"}]
    assert loki.cold_day(kept(2, 5, 60)) == 30
    assert loki.cold_day(kept(14, 46, 30)) == 60


def test_a_new_environment_gets_the_longest_retention_of_all() -> None:
    short = replace(logs(), retention=tuple(each for each in logs().retention if each.environment != "production"))
    texts = {document.path: document.text for document in loki.configurations(shipped(), short)}
    assert yaml.safe_load(texts[conventions.LOKI_SINGLE_FILE])["limits_config"]["retention_period"] == "720h"


# --- agents ----------------------------------------------------------------------------------------


def collector(version: str = "0.145") -> Any:
    return yaml.safe_load(built(version)[conventions.COLLECTOR_AGENT_FILE])


def test_lines_are_read_masked_sorted_and_sent_in_this_order() -> None:
    found = collector()
    assert found["service"]["pipelines"] == {
        "logs/read": {
            "receivers": ["filelog/app", "filelog/kernel"],
            "processors": [
                "memory_limiter", "groupbyattrs", "transform/logs", "redaction/secrets", "redaction/pseudonyms",
            ],
            "exporters": ["forward/lines"],
        },
        "logs/lines": {
            "receivers": ["forward/lines"], "processors": ["filter/lines"], "exporters": ["otlp_http/lines"],
        },
        "logs/audit": {
            "receivers": ["forward/lines"], "processors": ["filter/audit"], "exporters": ["otlp_http/audit"],
        },
    }  # fmt: skip
    tenants = {name: each["headers"]["X-Scope-OrgID"] for name, each in found["exporters"].items()}
    assert tenants == {"otlp_http/lines": "production", "otlp_http/audit": "audit"}
    dropped = {name: found["processors"][name]["logs"]["log_record"] for name in ("filter/lines", "filter/audit")}
    assert dropped == {
        "filter/lines": ['log.attributes["retention_class"] == "audit"'],
        "filter/audit": ['log.attributes["retention_class"] != "audit"'],
    }


def test_the_class_of_a_line_is_set_by_the_agent_whatever_the_line_says() -> None:
    statements = collector()["processors"]["transform/logs"]["log_statements"]
    classes = [statement for statement in statements if "retention_class" in statement]
    assert classes == [
        'set(log.attributes["retention_class"], "std")',
        'set(log.attributes["retention_class"], "fatal") where log.severity_number >= SEVERITY_NUMBER_FATAL',
        AUDIT,
    ]
    assert statements.index("flatten(log.attributes)") > statements.index(classes[-1])


def test_nothing_that_reads_or_sends_may_lose_lines() -> None:
    found = collector()
    for receiver in found["receivers"].values():
        assert receiver["storage"] == "file_storage"
        assert receiver["retry_on_failure"] == {"enabled": True}
    for exporter in found["exporters"].values():
        assert exporter["sending_queue"]["storage"] == "file_storage"
    assert (
        "--feature-gates=stanza.synchronousLogEmitter" in documents()[conventions.COLLECTOR_AGENT_FILE].splitlines()[0]
    )


@pytest.mark.parametrize(
    ("version", "receiver", "function"),
    [
        ("0.145", "filelog", "sha3"),
        ("0.148.3", "filelog", "sha3"),
        ("v0.149.0", "file_log", "sha3"),
        ("0.164", "file_log", "sha3"),
        ("0.165", "file_log", "hmac-sha256"),
        ("1.2", "file_log", "hmac-sha256"),
    ],
)
def test_each_version_is_spoken_to_in_its_words(version: str, receiver: str, function: str) -> None:
    found = collector(version)
    assert list(found["receivers"]) == [f"{receiver}/app", f"{receiver}/kernel"]
    pseudonyms = found["processors"]["redaction/pseudonyms"]
    assert pseudonyms["hash_function"] == function
    assert ("hmac_key" in pseudonyms) is (function == "hmac-sha256")


@pytest.mark.parametrize("text", ["0.139.9", "latest", "1", "", "0.145.0-rc1"])
def test_what_is_no_version_or_too_old_is_refused(text: str) -> None:
    with pytest.raises(versions.UnknownVersionError, match=r"no version of a Collector from 0\.140 on"):
        versions.collector(text)


def test_versions_are_numbers_and_rows_ascend() -> None:
    assert versions.collector("0.1000").version == "0.165"
    assert versions.collector("0.145.0") == versions.DEFAULT.collector
    rows = [versions.numbers(each.version) for each in versions.COLLECTORS]
    assert rows == sorted(rows)


@pytest.mark.parametrize("path", [conventions.ALLOY_AGENT_FILE, conventions.PROMTAIL_AGENT_FILE])
def test_lines_sent_as_they_are_keep_their_level_in_the_line_only(path: str) -> None:
    """As structured metadata beside it, `| json level` would give `level_extracted`."""
    text = documents()[path]
    metadata = re.search(r"structured_metadata\W+(?:values = )?([^}\n]*\n?[^}\n]*)", text)
    assert metadata is not None
    assert "trace_id" in metadata[1]
    assert "level" not in metadata[1]
    assert "loki/rules-json-body/" in text


def test_promtail_is_called_what_it_is() -> None:
    first = documents()[conventions.PROMTAIL_AGENT_FILE].splitlines()[0]
    assert first.startswith("# Promtail reached its end of life on 2026-03-02")


def test_agents_know_their_environment() -> None:
    texts = built(environment="staging")
    assert 'tenant_id = "staging"' in texts[conventions.ALLOY_AGENT_FILE]
    promtail = yaml.safe_load(texts[conventions.PROMTAIL_AGENT_FILE])
    assert promtail["clients"][0]["tenant_id"] == "staging"
    assert promtail["scrape_configs"][0]["static_configs"][0]["labels"]["deployment_environment_name"] == "staging"


def test_class_of_a_line_in_the_agents_that_have_no_fields() -> None:
    audit, fatal = (re.compile(expression) for expression in log_agents._classes(logs()))
    assert audit.search('{"level":"INFO","event":"audit.data.exported"}')
    assert audit.search('{"event": "audit.x"}')
    assert not audit.search('{"event":"auditor.came"}')
    assert not audit.search('{"message":"event audit.x"}')
    assert fatal.search('{"level":"FATAL","event":"service.crashed"}')
    assert fatal.search('{"level" : "CRITICAL"}')
    assert not fatal.search('{"level":"ERROR","message":"FATAL"}')


# --- the document ----------------------------------------------------------------------------------


def test_the_document_says_all_there_is_to_know() -> None:
    found = tree(conventions.LOG_AGGREGATION_FILE)
    assert list(found) == [
        "line", "levels", "correlation", "events", "alerts", "retention", "redaction", "agents",
    ]  # fmt: skip
    assert found["line"]["example"]["http"] == {"method": "POST", "path": "/api/v1/conversations", "status": 200}
    assert found["line"]["example"]["duration_ms"] == 245
    schema = found["line"]["schema"]
    assert schema["required"] == [
        "timestamp", "level", "message", "event", "component", "service", "version", "environment",
    ]  # fmt: skip
    assert schema["properties"]["level"]["enum"] == ["DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
    assert re.search(schema["properties"]["timestamp"]["pattern"], found["line"]["example"]["timestamp"])
    assert [level["number"] for level in found["levels"]] == [20, 30, 40, 50, 60]
    assert found["retention"]["tenants"]["production"]["keep"] == "90d"
    tiers = found["retention"]["tenants"]["production"]["tiers"]
    assert tiers["cold"].startswith("60d: class STANDARD_IA from day 30")
    assert "Loki itself has no tiers" in tiers["note"]
    for agent in found["agents"].values():
        assert agent["file"] in documents()
        assert any(path.startswith(agent["rules"] + "/") for path in documents())


def test_without_logs_there_is_nothing_about_logs() -> None:
    services = tuple(replace(service, log_alerts=()) for service in shipped().services)
    quiet = replace(shipped(), logs=None, services=services)
    paths = {document.path for document in compiler.build(quiet, reference(quiet))}
    assert not {path for path in paths if path.startswith(("loki/", "agents/", "log-"))}
    assert conventions.ALERT_RULES_FILE in paths


# --- engines ---------------------------------------------------------------------------------------


def checked(command: list[str], **environment: str) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stdout + done.stderr


BUCKET = {
    "LOKI_BUCKET": "lines", "LOKI_S3_ENDPOINT": "s3.example.org", "LOKI_S3_REGION": "x",
    "LOKI_S3_ACCESS_KEY": "x", "LOKI_S3_SECRET_KEY": "x",
}  # fmt: skip


@pytest.mark.engine
@pytest.mark.parametrize("path", [conventions.LOKI_SINGLE_FILE, conventions.LOKI_SCALABLE_FILE])
def test_loki_takes_the_files_with_the_limits_of_every_tenant(path: str, tmp_path: Path) -> None:
    """It does not look at the file of overrides, so each tenant's limits stand in for the common ones once."""
    command = built_engines.built("loki")
    for tenant, own in tree(conventions.LOKI_OVERRIDES_FILE)["overrides"].items():
        found = tree(path)
        found["limits_config"] |= own
        file = tmp_path / f"{tenant}.yaml"
        file.write_text(yaml.safe_dump(found))
        checked([command, "-verify-config", "-config.expand-env=true", f"-config.file={file}"], **BUCKET)


@pytest.mark.engine
def test_lokis_tool_takes_every_rule_file(tmp_path: Path) -> None:
    command = built_engines.built("lokitool")
    for path, text in documents().items():
        if path.startswith("loki/rules"):
            file = tmp_path / path.replace("/", "-")
            file.write_text(text)
            checked([command, "rules", "check", str(file)])


@pytest.mark.engine
def test_the_collector_takes_its_file(tmp_path: Path) -> None:
    command = built_engines.built("otelcol")
    file = tmp_path / "agent.yaml"
    file.write_text(documents()[conventions.COLLECTOR_AGENT_FILE])
    checked([command, "validate", f"--config={file}"], WATCHKEEPER_PSEUDONYM_KEY="x" * 32)


def test_build_speaks_to_the_collector_that_is_named(tmp_path: Path) -> None:
    runner = CliRunner()
    out = ["--out", str(tmp_path / "monitoring")]
    done = runner.invoke(application(), ["build", *out, "--collector-version", "0.165.0"])
    assert done.exit_code == 0, done.output
    text = (tmp_path / "monitoring" / conventions.COLLECTOR_AGENT_FILE).read_text()
    assert "file_log/app:" in text
    assert "hash_function: hmac-sha256" in text
    refused = runner.invoke(application(), ["build", *out, "--collector-version", "0.90"])
    assert refused.exit_code == 2
