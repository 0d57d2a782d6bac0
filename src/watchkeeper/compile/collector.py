"""The two tiers of OpenTelemetry Collectors: an agent beside each service, gateways that count, decide and scrub.

All spans of a trace must reach one gateway, or each decides on a part: the agents balance by trace id.
"""

from watchkeeper import conventions
from watchkeeper.compile import scrubbing
from watchkeeper.compile.document import Document
from watchkeeper.compile.listeners import otlp, own_metrics
from watchkeeper.compile.sampling import tail_sampling
from watchkeeper.compile.versions import Collector
from watchkeeper.formats.otelcol import go_duration, histogram
from watchkeeper.formats.yaml import Tree, dump
from watchkeeper.model import AUDIT_TENANT, Catalog, Deployment, TracePipeline, Tracing
from watchkeeper.quantity import Duration

_QUEUE = "file_storage"
_QUEUED_SPANS = 200_000
"""At 0.75 KB each 150 MB on disk: three minutes of the cap, hours of a usual day."""
_RETRY: Tree = {"enabled": True, "max_elapsed_time": "0s"}
"""For ever: not a time decides what is thrown away, but the size of the queue. The default gives up after 5 minutes."""
_LARGEST_BATCH = 8
"""Batches of the SDK that may be joined on the way to Jaeger."""
_SCRUBBING = ("memory_limiter", "resource/environment", "transform/pre", "redaction/secrets")


def agent(tracing: Tracing, pipeline: TracePipeline) -> Document:
    tree: dict[str, Tree] = {
        "extensions": _extensions(pipeline, "agent"),
        "receivers": {"otlp": otlp(pipeline.interface, pipeline.interface)},
        "processors": {"memory_limiter": _memory_limiter()},
        "exporters": {"loadbalancing": _balanced(tracing, pipeline)},
        "service": {
            "telemetry": own_metrics(pipeline),
            "extensions": ["health_check", _QUEUE],
            "pipelines": {
                "traces": {"receivers": ["otlp"], "processors": ["memory_limiter"], "exporters": ["loadbalancing"]},
                "logs": {"receivers": ["otlp"], "processors": ["memory_limiter"], "exporters": ["loadbalancing"]},
            },
        },
    }
    return Document(conventions.TRACES_AGENT_FILE, dump(tree))


def gateway(
    catalog: Catalog, tracing: Tracing, deployment: Deployment, pipeline: TracePipeline, collector: Collector
) -> Document:
    jaeger, loki, spans = _names(collector)
    net = scrubbing.Net.of(tracing, catalog.logs)
    counters = [spans, "servicegraph", "exceptions"]
    sampler = tail_sampling(
        tracing.sampling,
        catalog.reference,
        deployment.environment,
        gateways=len(pipeline.gateways),
        collector=collector,
    )
    tree: dict[str, Tree] = {
        "extensions": _extensions(pipeline, "gateway"),
        "receivers": {"otlp": otlp(pipeline.interface, pipeline.interface)},
        "processors": {
            "memory_limiter": _memory_limiter(),
            "resource/environment": scrubbing.environment(deployment.environment),
            "transform/pre": scrubbing.transformation(tracing, net),
            "redaction/secrets": scrubbing.redaction(net),
            "transform/limits": scrubbing.limits(tracing),
            "tail_sampling": sampler.tree(),
            "filter/lines": scrubbing.only(audit=False),
            "filter/audit": scrubbing.only(audit=True),
        },
        "connectors": _connectors(tracing, spans),
        "exporters": {
            jaeger: _to_jaeger(tracing, pipeline),
            f"{loki}/lines": _to_loki(tracing, pipeline, deployment.environment),
            f"{loki}/audit": _to_loki(tracing, pipeline, AUDIT_TENANT),
            "prometheus": {"endpoint": f"{pipeline.interface}:8889"},
        },
        "service": {
            "telemetry": own_metrics(pipeline),
            "extensions": ["health_check", _QUEUE],
            "pipelines": {
                "traces/in": _through(["otlp"], (*_SCRUBBING, "transform/limits"), [*counters, "forward/sampled"]),
                "traces/sampled": _through(["forward/sampled"], ("tail_sampling",), [jaeger]),
                "metrics/spans": _through(counters, (), ["prometheus"]),
                "logs/in": _through(["otlp"], _SCRUBBING, ["forward/lines"]),
                "logs/lines": _through(["forward/lines"], ("filter/lines",), [f"{loki}/lines"]),
                "logs/audit": _through(["forward/lines"], ("filter/audit",), [f"{loki}/audit"]),
            },
        },
    }
    return Document(conventions.TRACES_GATEWAY_FILE, dump(tree))


def _names(collector: Collector) -> tuple[str, str, str]:
    """The exporters to Jaeger and Loki, and the counter of spans."""
    if collector.snake_names:
        return "otlp_grpc/jaeger", "otlp_http", "span_metrics"
    return "otlp/jaeger", "otlphttp", "spanmetrics"


def _through(receivers: list[str], processors: tuple[str, ...], exporters: list[str]) -> Tree:
    return {"receivers": receivers, "processors": list(processors), "exporters": exporters}


def _extensions(pipeline: TracePipeline, tier: str) -> Tree:
    queue: Tree = {"directory": f"{pipeline.state}/{tier}", "create_directory": True, "compaction": {"on_start": True}}
    return {"health_check": {"endpoint": f"{pipeline.interface}:13133"}, _QUEUE: queue}


def _memory_limiter() -> Tree:
    return {"check_interval": "1s", "limit_percentage": 80, "spike_limit_percentage": 20}


def _balanced(tracing: Tracing, pipeline: TracePipeline) -> Tree:
    """Only the queue in front of the split can be on disk. It may not retry: that would send again to every gateway

    what only one refused, and spans would be counted twice. So each gateway's own queue retries, and when it is full
    the one on disk waits.
    """
    each_gateway: dict[str, Tree] = {
        "compression": tracing.export.compression,
        "timeout": "5s",
        "tls": {"insecure": True},
        "retry_on_failure": _RETRY,
        "sending_queue": {"sizer": "items", "queue_size": _QUEUED_SPANS // 4, "block_on_overflow": True},
    }
    return {
        "routing_key": "traceID",
        "sending_queue": {"enabled": True, "storage": _QUEUE, "sizer": "items", "queue_size": _QUEUED_SPANS},
        "protocol": {"otlp": each_gateway},
        "resolver": {"static": {"hostnames": list(pipeline.gateways)}},
    }


def _queue(tracing: Tracing) -> dict[str, Tree]:
    batch: dict[str, Tree] = {
        "flush_timeout": go_duration(tracing.export.batch_delay),
        "min_size": tracing.export.batch_spans,
        "max_size": tracing.export.batch_spans * _LARGEST_BATCH,
    }
    return {"storage": _QUEUE, "sizer": "items", "queue_size": _QUEUED_SPANS, "batch": batch}


def _to_jaeger(tracing: Tracing, pipeline: TracePipeline) -> Tree:
    return {
        "endpoint": pipeline.jaeger,
        "compression": tracing.export.compression,
        "tls": {"insecure": True},
        "retry_on_failure": _RETRY,
        "sending_queue": _queue(tracing),
    }


def _to_loki(tracing: Tracing, pipeline: TracePipeline, tenant: str) -> Tree:
    return {
        "endpoint": pipeline.loki,
        "compression": tracing.export.compression,
        "headers": {"X-Scope-OrgID": tenant},
        "retry_on_failure": _RETRY,
        "sending_queue": _queue(tracing),
    }


def _connectors(tracing: Tracing, spans: str) -> Tree:
    """Counted before sampling: afterwards errors would be ten times as frequent as they are."""
    flush = go_duration(Duration.of(seconds=15))
    counted: dict[str, Tree] = {
        "namespace": conventions.SPAN_METRICS,
        "metrics_flush_interval": flush,
        "metrics_expiration": "5m",
        "aggregation_cardinality_limit": 5000,
        "exemplars": {"enabled": True},
        "histogram": histogram(tracing.duration_buckets),
        "dimensions": [{"name": conventions.ROUTE_ATTRIBUTE}, {"name": conventions.MODEL_ATTRIBUTE}],
        "resource_metrics_key_attributes": ["service.name"],
    }
    return {
        spans: counted,
        "servicegraph": {
            "metrics_flush_interval": flush,
            "store": {"ttl": "10s", "max_items": 10000},
            "database_name_attributes": ["db.namespace", "db.name"],
        },
        # the default adds the message: personal data, and a series a text
        "exceptions": {"dimensions": [{"name": "exception.type"}]},
        "forward/sampled": {},
        "forward/lines": {},
    }
