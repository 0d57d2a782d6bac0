"""Loki's own files: one process, or read, write and backend targets over an object store; what each tenant is kept.

Loki has no tiers. What is hot is what a small fast cache holds, what is warm lies in the object store's ordinary class
behind a larger cache, and what is cold in its class for rare access, which does not begin before day 30.
"""

import json
from collections.abc import Mapping

from watchkeeper import conventions
from watchkeeper.compile.document import Document
from watchkeeper.formats import loki
from watchkeeper.formats.logql import Equals
from watchkeeper.formats.loki import Overrides, RetentionStream, hours
from watchkeeper.formats.yaml import Tree, dump
from watchkeeper.model import AUDIT_TENANT, Catalog, Kept, Logs
from watchkeeper.quantity import Duration

DAY = Duration.of(days=1)
RARE_ACCESS_FROM = Duration.of(days=30)
"""Amazon S3 moves nothing into STANDARD_IA before, and nothing smaller than 128 KiB."""
ARCHIVE_FROM = Duration.of(days=90)
"""GLACIER_IR bills ninety days whatever happens, so it is for what stays for years. Slower classes break queries."""
ARCHIVE_WORTH = Duration.of(days=365)
DELETE_DELAY = Duration.of(hours=2)
"""Loki deletes a chunk this long after marking it."""
MARGIN = Duration.of(days=2)
"""The store's own expiry only tidies up behind Loki, never before it."""
REPLICAS = 3

_SINGLE_HEADER = """\
# Loki as one process with its files in one directory: loki -config.file=single-binary.yaml
# Tiers are not applicable here; a file system has one speed. Loki does not protect itself from a full one.
"""
_SCALABLE_HEADER = """\
# Loki as several processes over an object store: loki -config.expand-env=true -config.file=scalable.yaml -target=read
# (and write, and backend). Grafana has announced that these three targets leave with 4.0; the same file serves the
# single services (distributor, ingester, querier, ...).
# Made from the documentation of Loki and checked by its own -verify-config where one is at hand; never run over S3.
"""


def configurations(catalog: Catalog, logs: Logs) -> tuple[Document, ...]:
    interval = catalog.intervals.rules_standard
    return (
        Document(conventions.LOKI_SINGLE_FILE, _SINGLE_HEADER + dump(_single(logs, interval))),
        Document(conventions.LOKI_SCALABLE_FILE, _SCALABLE_HEADER + dump(_scalable(logs, interval))),
        Document(conventions.LOKI_OVERRIDES_FILE, dump(loki.overrides(tenants(logs)))),
        Document(conventions.LOKI_LIFECYCLE_FILE, json.dumps(lifecycle(logs), indent=2) + "\n"),
    )


def tenants(logs: Logs) -> Mapping[str, Overrides]:
    """Each environment, and audit, whose lines nobody can delete."""
    return {kept.environment: Overrides(kept.keep, _streams(kept)) for kept in logs.retention} | {
        AUDIT_TENANT: Overrides(logs.audit, deletable=False)
    }


def _streams(kept: Kept) -> tuple[RetentionStream, ...]:
    """The first written has the highest priority."""
    return tuple(
        RetentionStream(tuple(Equals(label, (value,)) for label, value in stream.match), priority, stream.keep)
        for priority, stream in zip(range(len(kept.streams), 0, -1), kept.streams, strict=True)
    )


def _longest(logs: Logs) -> Duration:
    """Of any environment: what a tenant without an override of its own gets, so that nothing is lost by a new name."""
    return max(kept.keep for kept in logs.retention)


# --- what both have --------------------------------------------------------------------------------


def _limits(logs: Logs) -> dict[str, Tree]:
    return {
        "retention_period": hours(_longest(logs)),
        "reject_old_samples_max_age": "168h",
        # the default of 30d1h hides what is older from every query
        "max_query_length": hours(max(kept.longest for kept in logs.retention) + Duration.of(hours=1)),
        "max_global_streams_per_user": 5000,
        "discover_log_levels": True,
        "otlp_config": {
            # the defaults make a stream of every pod
            "resource_attributes": {
                "ignore_defaults": True,
                "attributes_config": [
                    {"action": "index_label", "attributes": ["service.name", "deployment.environment.name"]}
                ],
            },
            "log_attributes": [{"action": "index_label", "attributes": ["retention_class"]}],
        },
    }


def _ruler(interval: Duration, alertmanager: str, console: str) -> dict[str, Tree]:
    return {
        "alertmanager_url": alertmanager,
        # links in notifications are dead without it
        "external_url": console,
        "enable_api": True,
        "evaluation_interval": interval.promql,
    }


def _schema(store: str) -> Tree:
    index: Tree = {"prefix": "index_", "period": "24h"}
    return {
        "configs": [{"from": "2026-01-01", "store": "tsdb", "object_store": store, "schema": "v13", "index": index}]
    }


def _compactor(store: str) -> dict[str, Tree]:
    """Without both of the first two nothing is ever deleted."""
    return {
        "retention_enabled": True,
        "delete_request_store": store,
        "compaction_interval": "10m",
        "retention_delete_delay": hours(DELETE_DELAY),
    }


# --- one process -----------------------------------------------------------------------------------


def _single(logs: Logs, interval: Duration) -> Tree:
    in_memory: Tree = {"kvstore": {"store": "inmemory"}}
    return {
        "auth_enabled": True,
        "server": {
            "http_listen_address": "127.0.0.1",
            "http_listen_port": 3100,
            "grpc_listen_address": "127.0.0.1",
            "grpc_listen_port": 9095,
            "log_level": "warn",
        },
        "common": {
            "instance_addr": "127.0.0.1",
            "path_prefix": "/var/lib/loki",
            "replication_factor": 1,
            "ring": in_memory,
        },
        "schema_config": _schema("filesystem"),
        # false before 4.0 and true from there on, so it is always written
        "storage_config": {
            "use_thanos_objstore": True,
            "object_store": {"filesystem": {"dir": "/var/lib/loki/chunks"}},
        },
        "ruler_storage": {"backend": "local", "local": {"directory": "/etc/loki/rules"}},
        "ruler": _ruler(interval, "http://127.0.0.1:9093", "http://127.0.0.1:3000") | {"ring": in_memory},
        "compactor": _compactor("filesystem"),
        "query_range": {"results_cache": {"cache": {"embedded_cache": {"enabled": True, "max_size_mb": 100}}}},
        "ingester": {"lifecycler": {"min_ready_duration": "0s"}},
        "limits_config": _limits(logs),
        "runtime_config": {"file": "/etc/loki/overrides.yaml"},
        "analytics": {"reporting_enabled": False},
    }


# --- several processes -----------------------------------------------------------------------------


def _scalable(logs: Logs, interval: Duration) -> Tree:
    return {
        "auth_enabled": True,
        "server": {
            "http_listen_address": "0.0.0.0",  # noqa: S104 - each process is reached from the others' machines
            "http_listen_port": 3100,
            "grpc_listen_address": "0.0.0.0",  # noqa: S104
            "grpc_listen_port": 9095,
            "log_level": "warn",
        },
        "memberlist": {"join_members": ["loki-memberlist:7946"], "bind_port": 7946},
        "common": {
            "path_prefix": "/var/lib/loki",
            "replication_factor": REPLICAS,
            "compactor_address": "http://loki-backend:3100",
            "ring": {"kvstore": {"store": "memberlist"}},
        },
        "schema_config": _schema("s3"),
        "storage_config": {
            "use_thanos_objstore": True,
            "object_store": {
                "s3": {
                    "bucket_name": "${LOKI_BUCKET}",
                    "endpoint": "${LOKI_S3_ENDPOINT}",
                    "region": "${LOKI_S3_REGION}",
                    "access_key_id": "${LOKI_S3_ACCESS_KEY}",
                    "secret_access_key": "${LOKI_S3_SECRET_KEY}",
                }
            },
        },
        "chunk_store_config": _caches(logs),
        "ruler_storage": {"backend": "local", "local": {"directory": "/etc/loki/rules"}},
        "ruler": _ruler(interval, "http://alertmanager:9093", "http://grafana:3000"),
        "compactor": _compactor("s3"),
        "limits_config": _limits(logs),
        "runtime_config": {"file": "/etc/loki/overrides.yaml"},
        "analytics": {"reporting_enabled": False},
    }


def _caches(logs: Logs) -> Tree:
    """All that Loki knows of the age of a chunk: younger ones are in the first cache, older ones in the second."""
    hot = max((kept.tiers.hot for kept in logs.retention if kept.tiers), default=None)
    young: dict[str, Tree] = {"chunk_cache_config": _memcached("loki-chunks-hot")}
    if hot is None:
        return young
    return young | {"chunk_cache_config_l2": _memcached("loki-chunks-warm"), "l2_chunk_cache_handoff": hours(hot)}


def _memcached(host: str) -> Tree:
    return {"memcached_client": {"addresses": f"dnssrvnoa+_memcached._tcp.{host}", "timeout": "2s"}}


# --- the object store ------------------------------------------------------------------------------


def lifecycle(logs: Logs) -> dict[str, list[dict[str, Tree]]]:
    """Rules for chunks only, `<tenant>/`: never for `index/`, which Loki rewrites, nor for rules."""
    rules = [_rule(kept.environment, _cold_from(kept), kept.longest) for kept in logs.retention]
    return {"Rules": [*rules, _rule(AUDIT_TENANT, RARE_ACCESS_FROM, logs.audit)]}


def _cold_from(kept: Kept) -> Duration | None:
    return max(kept.tiers.hot + kept.tiers.warm, RARE_ACCESS_FROM) if kept.tiers else None


def _rule(tenant: str, cold_from: Duration | None, longest: Duration) -> dict[str, Tree]:
    moves: list[Tree] = []
    if cold_from is not None:
        moves.append({"Days": _days(cold_from), "StorageClass": "STANDARD_IA"})
        if longest > ARCHIVE_WORTH:
            moves.append({"Days": _days(max(ARCHIVE_FROM, cold_from + RARE_ACCESS_FROM)), "StorageClass": "GLACIER_IR"})
    rule: dict[str, Tree] = {"ID": f"loki-{tenant}", "Status": "Enabled", "Filter": {"Prefix": f"{tenant}/"}}
    if moves:
        rule["Transitions"] = moves
    return rule | {"Expiration": {"Days": _days(longest + MARGIN)}}


def cold_day(kept: Kept) -> int:
    """From which day on lines of an environment with tiers lie in the class for rare access."""
    return _days(_cold_from(kept) or kept.keep)


def _days(duration: Duration) -> int:
    """Whole ones, rounded up."""
    return int(-(-duration.seconds // DAY.seconds))
