"""Jaeger v2 over OpenSearch, Elasticsearch or, on one machine, Badger; its head sampling; how old indices go.

Indices of OpenSearch are of a day each, and the index cleaner or an ISM policy deletes them. Those of Elasticsearch
roll over behind aliases by an ILM policy.
"""

from dataclasses import dataclass
from functools import partial

from watchkeeper import conventions
from watchkeeper.compile.document import Document
from watchkeeper.compile.listeners import LOOPBACK, otlp, own_metrics
from watchkeeper.compile.versions import Jaeger
from watchkeeper.formats import json
from watchkeeper.formats.otelcol import number
from watchkeeper.formats.yaml import Tree, dump
from watchkeeper.model import Catalog, Deployment, TracePipeline, Tracing
from watchkeeper.quantity import Duration

_DAY = Duration.of(days=1)
_ROLLOVER_SIZE = "30gb"
_KINDS = ("spans", "services", "dependencies", "sampling")
_INDICES = ("span", "service", "dependencies", "sampling")
_HEAD_METHODS = ("GET", "POST")


@dataclass(frozen=True, slots=True)
class _Store:
    name: str
    backend: Tree
    sampling: bool
    """Whether it answers SDKs that ask what to sample: where no gateway decides."""
    open: bool
    """Whether other hosts may call it."""


def opensearch(tracing: Tracing, deployment: Deployment, pipeline: TracePipeline, jaeger: Jaeger) -> Document:
    backend: Tree = {
        "opensearch": {
            **_search(tracing, pipeline.opensearch),
            "create_mappings": True,
            "indices": _indices(partial(_daily, jaeger)),
        }
    }
    store = _Store("search", backend, sampling=False, open=True)
    return _document(conventions.JAEGER_OPENSEARCH_FILE, store, deployment, pipeline)


def elasticsearch(tracing: Tracing, deployment: Deployment, pipeline: TracePipeline, jaeger: Jaeger) -> Document:
    """`jaeger-es-rollover init` has made mappings and aliases before the first start."""
    aliases: dict[str, Tree] = {} if jaeger.rotation else {"use_aliases": True, "use_ilm": True}
    backend: Tree = {
        "elasticsearch": {
            **_search(tracing, pipeline.elasticsearch),
            "create_mappings": False,
            **aliases,
            "indices": _indices(partial(_behind_aliases, jaeger)),
        }
    }
    store = _Store("search", backend, sampling=False, open=True)
    return _document(conventions.JAEGER_ELASTICSEARCH_FILE, store, deployment, pipeline)


def badger(tracing: Tracing, deployment: Deployment, pipeline: TracePipeline) -> Document:
    """One machine, one process, loopback only; nothing decides behind it, so it answers for head sampling."""
    directory = f"{pipeline.state}/jaeger"
    backend: Tree = {
        "badger": {
            "directories": {"keys": f"{directory}/keys", "values": f"{directory}/values"},
            "ephemeral": False,
            "ttl": {"spans": _hours(tracing.retention)},
        }
    }
    store = _Store("local", backend, sampling=True, open=False)
    return _document(conventions.JAEGER_BADGER_FILE, store, deployment, pipeline)


def _search(tracing: Tracing, servers: tuple[str, ...]) -> dict[str, Tree]:
    return {
        "server_urls": list(servers),
        # the default of 72h hides what is older, though it is still there
        "max_span_age": _hours(tracing.searchable),
    }


def _hours(duration: Duration) -> str:
    """Go knows no days."""
    return f"{number(duration / Duration.of(hours=1))}h"


def _indices(kind: partial[dict[str, Tree]]) -> Tree:
    described = {each: {"shards": 1, "replicas": 1, **kind()} for each in _KINDS}
    return {"index_prefix": conventions.JAEGER_INDEX_PREFIX, **described}


def _daily(jaeger: Jaeger) -> dict[str, Tree]:
    layout: dict[str, Tree] = {"date_layout": "2006-01-02", "rollover_frequency": "day"}
    return {"rotation": {"periodic": layout}} if jaeger.rotation else layout


def _behind_aliases(jaeger: Jaeger) -> dict[str, Tree]:
    policy: dict[str, Tree] = {"rotation": {"auto_rollover": {"policy_name": conventions.JAEGER_POLICY}}}
    return policy if jaeger.rotation else {}


def _document(path: str, store: _Store, deployment: Deployment, pipeline: TracePipeline) -> Document:
    host = pipeline.interface if store.open else LOOPBACK
    sampling = {"remote_sampling": _remote_sampling(pipeline)} if store.sampling else {}
    extensions: dict[str, Tree] = {
        "healthcheckv2": {"use_v2": True, "http": {"endpoint": f"{host}:13133"}},
        "jaeger_query": {
            "storage": {"traces": store.name, "metrics": "prometheus"},
            "http": {"endpoint": f"{host}:16686"},
            "grpc": {"endpoint": f"{host}:16685"},
        },
        **sampling,
        "jaeger_storage": {
            "backends": {store.name: store.backend},
            "metric_backends": {"prometheus": {"prometheus": _span_metrics(deployment, pipeline)}},
        },
    }
    tree: dict[str, Tree] = {
        "extensions": extensions,
        # the gateways speak gRPC
        "receivers": {"otlp": otlp(host, LOOPBACK)},
        "processors": {"batch": {}},
        "exporters": {"jaeger_storage_exporter": {"trace_storage": store.name}},
        "service": {
            "telemetry": own_metrics(pipeline, loopback=not store.open),
            "extensions": list(extensions),
            "pipelines": {
                "traces": {"receivers": ["otlp"], "processors": ["batch"], "exporters": ["jaeger_storage_exporter"]}
            },
        },
    }
    return Document(path, dump(tree))


def _span_metrics(deployment: Deployment, pipeline: TracePipeline) -> Tree:
    """The rates and durations that Jaeger shows beside a service: counted by the gateways from every span."""
    credentials = deployment.engine_credentials
    basic = {"username": credentials.username, "password_file": credentials.password_file} if credentials else None
    return {
        "endpoint": pipeline.prometheus,
        **({"auth": {"basic": basic}} if basic else {}),
        "metric_namespace": conventions.SPAN_METRICS.replace(".", "_"),
        "latency_unit": "ms",
        "normalize_calls": True,
        "normalize_duration": True,
    }


def _remote_sampling(pipeline: TracePipeline) -> Tree:
    strategies = conventions.JAEGER_STRATEGIES_FILE
    return {
        "file": {"path": f"{pipeline.configuration}/{strategies}", "reload_interval": "30s"},
        "http": {"endpoint": f"{LOOPBACK}:5778"},
        "grpc": {"endpoint": f"{LOOPBACK}:5779"},
    }


def strategies(catalog: Catalog, tracing: Tracing, deployment: Deployment) -> Document:
    """Head sampling, for SDKs that ask Jaeger and have no gateway behind them. It knows no errors, no slow traces."""
    sampling, environment = tracing.sampling, deployment.environment
    of_requests = [name for name in tracing.names if set(name.fields) == {"method", "route"}]
    operations: list[Tree] = [
        {
            "operation": name.render({"method": method, "route": route}),
            **_strategy(number(sampling.share_of(rule, environment).value)),
        }
        for name in of_requests
        for rule in sampling.rules
        for route in rule.routes
        for method in _HEAD_METHODS
    ]
    default = number(sampling.share(environment).value)
    tree: Tree = {
        "default_strategy": _strategy(default),
        "service_strategies": [
            {"service": service.name, **_strategy(default), "operation_strategies": operations}
            for service in catalog.services
        ],
    }
    return Document(conventions.JAEGER_STRATEGIES_FILE, json.dump(tree))


def _strategy(share: float) -> dict[str, Tree]:
    return {"type": "probabilistic", "param": share}


def cleaner_days(tracing: Tracing) -> int:
    """The index cleaner counts the day it runs in as a whole one: 7 would keep six days and some hours."""
    return int(tracing.searchable / _DAY)


def lifecycle(tracing: Tracing) -> Document:
    """ILM counts the age from the rollover, ISM from the index' creation; daily indices roll over by their name."""
    patterns = [f"{conventions.JAEGER_INDEX_PREFIX}-jaeger-{kind}-*" for kind in _INDICES]
    delete: Tree = {"name": "delete", "actions": [{"delete": {}}], "transitions": []}
    keep: Tree = {
        "name": "keep",
        "actions": [],
        "transitions": [{"state_name": "delete", "conditions": {"min_index_age": f"{cleaner_days(tracing)}d"}}],
    }
    rollover: Tree = {"max_age": _DAY.promql, "max_primary_shard_size": _ROLLOVER_SIZE}
    hot: Tree = {"min_age": "0ms", "actions": {"rollover": rollover, "set_priority": {"priority": 100}}}
    tree: Tree = {
        "elasticsearch": {
            "request": f"PUT _ilm/policy/{conventions.JAEGER_POLICY}",
            "body": {
                "policy": {
                    "phases": {
                        "hot": hot,
                        "delete": {"min_age": tracing.retention.promql, "actions": {"delete": {}}},
                    }
                }
            },
        },
        "opensearch": {
            "request": f"PUT _plugins/_ism/policies/{conventions.JAEGER_POLICY}",
            "body": {
                "policy": {
                    "description": f"Traces are kept for {tracing.retention.words}.",
                    "default_state": "keep",
                    "states": [keep, delete],
                    "ism_template": [{"index_patterns": patterns, "priority": 100}],
                }
            },
        },
    }
    return Document(conventions.JAEGER_LIFECYCLE_FILE, json.dump(tree))
