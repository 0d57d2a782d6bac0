"""Everything about traces: the definitions as data for SDKs in any language, and the engines that carry them."""

from collections.abc import Iterator
from itertools import groupby

from watchkeeper import conventions
from watchkeeper.compile import collector, jaeger
from watchkeeper.compile.document import Document
from watchkeeper.compile.versions import Versions
from watchkeeper.formats.otelcol import number
from watchkeeper.formats.yaml import Tree, dump
from watchkeeper.model import (
    HEADROOM,
    ID_IN_PATH,
    PSEUDONYM,
    STATEMENT_NUMBER,
    STATEMENT_TEXT,
    Carrier,
    Catalog,
    Deployment,
    Logs,
    Propagation,
    Reference,
    Sampling,
    SpanAttribute,
    SpanRedaction,
    TracePipeline,
    Tracing,
)
from watchkeeper.quantity import Ratio, plain

_PROPAGATORS = {Carrier.W3C: ("tracecontext",), Carrier.B3: ("b3multi", "b3"), Carrier.JAEGER: ("jaeger",)}


def documents(catalog: Catalog, deployment: Deployment, versions: Versions) -> Iterator[Document]:
    """None where the definitions do not speak of traces, or nothing runs that carries them."""
    tracing, pipeline = catalog.tracing, deployment.traces
    if tracing is None or pipeline is None:
        return
    yield configuration(catalog, tracing, pipeline)
    yield collector.agent(tracing, pipeline)
    yield collector.gateway(catalog, tracing, deployment, pipeline, versions.collector)
    yield jaeger.opensearch(tracing, deployment, pipeline, versions.jaeger)
    yield jaeger.elasticsearch(tracing, deployment, pipeline, versions.jaeger)
    yield jaeger.badger(tracing, deployment, pipeline)
    yield jaeger.strategies(catalog, tracing, deployment)
    yield jaeger.lifecycle(tracing)


def configuration(catalog: Catalog, tracing: Tracing, pipeline: TracePipeline) -> Document:
    """For all environments at once."""
    tree: dict[str, Tree] = {
        "span_names": {
            "kinds": {name.kind: {"pattern": name.pattern, "example": name.example} for name in tracing.names},
            "ids_in_paths": {"pattern": ID_IN_PATH, "becomes": "/{id}"},
        },
        "propagation": _propagation(tracing.propagation),
        "sampling": _sampling(tracing.sampling)
        | {"arithmetic": _arithmetic(tracing.sampling, catalog.reference, len(pipeline.gateways))},
        "client_timeouts": {kind: timeout.promql for kind, timeout in tracing.client_timeouts},
        "attributes": {
            group: {attribute.name: _attribute(attribute) for attribute in attributes}
            for group, attributes in groupby(tracing.attributes, key=lambda attribute: attribute.group)
        },
        "pseudonyms": {
            "attributes": list(tracing.pseudonyms.attributes),
            "function": "hmac-sha256",
            "written_as": PSEUDONYM,
            "key_file": tracing.pseudonyms.key_file,
        },
        "redaction": _redaction(tracing.redaction, catalog.logs),
        "exporter": {
            "protocol": "otlp",
            "compression": tracing.export.compression,
            "batch": {"spans": tracing.export.batch_spans, "delay": tracing.export.batch_delay.promql},
        },
        "span_metrics": {
            "namespace": conventions.SPAN_METRICS,
            "buckets": [bound.promql for bound in tracing.duration_buckets],
        },
        "retention": _retention(tracing, pipeline),
    }
    return Document(conventions.TRACING_FILE, dump(tree))


def _propagation(propagation: Propagation) -> Tree:
    # an SDK asks one after the other and keeps what it found last
    order = [name for carrier in reversed(propagation.extract) for name in _PROPAGATORS[carrier]]
    return {
        "extract": {"first_wins": [str(each) for each in propagation.extract], "otel_propagators": [*order, "baggage"]},
        "inject": [str(each) for each in propagation.inject],
        "inject_on_request": [str(each) for each in propagation.inject_on_request],
        "baggage": {
            "keys": list(propagation.baggage.keys),
            "values": "pseudonyms",
            "hosts": list(propagation.baggage.hosts),
        },
    }


def _sampling(sampling: Sampling) -> dict[str, Tree]:
    environments = [name for name, _ in sampling.environments]
    rules: dict[str, Tree] = {
        rule.name: {
            "routes": list(rule.routes),
            "request_classes": list(rule.request_classes),
            "attributes": list(rule.attributes),
            "slow_after": rule.slow_after.promql,
            "share": {name: str(sampling.share_of(rule, name)) for name in environments},
        }
        for rule in sampling.rules
    }
    everything = str(Ratio.of(percent=100))
    return {
        "always": {"errors": everything, "status_5xx": everything, "slow": everything},
        "slow_after": sampling.slow_after.promql,
        "first_rule_that_fits": rules,
        "others": {name: str(share) for name, share in sampling.environments},
        "decision": {
            "wait": sampling.decision_wait.promql,
            "wait_after_root": sampling.decision_wait_after_root.promql,
            "traces_in_memory": sampling.traces_in_memory,
        },
        "cap": {
            "traces_per_second": sampling.cap_per_second,
            "of": "what is kept by its share; never errors, never slow",
        },
    }


def _arithmetic(sampling: Sampling, reference: Reference, gateways: int) -> Tree:
    """Why the cap is one and no target: at the usual load it is far away."""
    rate, wait = reference.requests_per_second, sampling.decision_wait
    spans = sampling.cap_per_second * sampling.spans_per_trace
    needed = sampling.memory_needed(rate)
    return {
        "traces_per_second": f"{reference.requests_per_month} requests in 30 d = {rate:.1f}/s, each a trace",
        "cap": f"{sampling.cap_per_second}/s is {sampling.cap_per_second / rate:.0f} times that",
        "cap_in_spans": f"{sampling.cap_per_second}/s x {sampling.spans_per_trace} spans = {spans} spans/s"
        f", over {gateways} gateways",
        "memory": f"{rate:.1f}/s x {plain(wait.seconds)} s x {HEADROOM} = {needed} undecided traces"
        f"; room for {sampling.traces_in_memory}, that is up to {sampling.holds:.0f}/s on one gateway",
    }


def _attribute(attribute: SpanAttribute) -> Tree:
    limit = {"limit": attribute.limit} if attribute.limit is not None else {}
    replaces = {"replaces": attribute.replaces} if attribute.replaces else {}
    return {**limit, **replaces}


def _redaction(redaction: SpanRedaction, logs: Logs | None) -> Tree:
    """Keys and values are those of log lines: what is private does not depend on where it stands."""
    private: dict[str, Tree] = {}
    if logs is not None:
        classes = {each.name: each.pattern for each in logs.redaction.classes if each.masked}
        private = {"keys": list(logs.redaction.keys), "values": classes}
    return {
        **private,
        "query_parameters": list(redaction.query_parameters),
        "statements": {
            "attributes": list(redaction.statements),
            "text": STATEMENT_TEXT,
            "number": STATEMENT_NUMBER,
            "becomes": "?",
        },
    }


def _retention(tracing: Tracing, pipeline: TracePipeline) -> Tree:
    server = pipeline.opensearch[0]
    days = jaeger.cleaner_days(tracing)
    return {
        "traces": tracing.retention.promql,
        "found_by_id": f"{number(tracing.searchable.seconds / 3600)}h",
        "index_cleaner": f"jaeger-es-index-cleaner {days} {server} --index-prefix {conventions.JAEGER_INDEX_PREFIX}",
    }
