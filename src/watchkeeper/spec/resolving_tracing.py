"""The section `tracing:` from what is written to what it means."""

from watchkeeper import model
from watchkeeper.spec import tracing_schema as schema


def name(kind: str, written: schema.SpanName) -> model.SpanName:
    return model.SpanName(kind, written.pattern, written.example)


def sampling(written: schema.Tracing) -> model.Sampling:
    given = written.sampling
    return model.Sampling(
        environments=tuple(given.environments.items()),
        slow_after=given.slow_after,
        rules=tuple(
            model.SamplingRule(
                each,
                rule.routes,
                rule.request_classes,
                rule.attributes,
                rule.share,
                rule.slow_after or given.slow_after,
            )
            for each, rule in given.rules.items()
        ),
        cap_per_second=given.cap,
        decision_wait=given.decision_wait,
        decision_wait_after_root=given.decision_wait_after_root,
        traces_in_memory=given.traces_in_memory,
        spans_per_trace=given.spans_per_trace,
    )


def _propagation(written: schema.Propagation) -> model.Propagation:
    baggage = model.Baggage(written.baggage.keys, written.baggage.hosts)
    return model.Propagation(written.extract, written.inject, written.inject_on_request, baggage)


def tracing(written: schema.Tracing) -> model.Tracing:
    return model.Tracing(
        names=tuple(name(kind, each) for kind, each in written.names.items()),
        propagation=_propagation(written.propagation),
        client_timeouts=tuple(written.client_timeouts.items()),
        sampling=sampling(written),
        attributes=tuple(
            model.SpanAttribute(each, attribute.group, attribute.limit, attribute.replaces)
            for each, attribute in written.attributes.items()
        ),
        pseudonyms=model.Pseudonyms(written.pseudonyms.attributes, written.pseudonyms.key_file),
        redaction=model.SpanRedaction(written.redaction.query_parameters, written.redaction.statements),
        export=model.Export(written.export.batch_spans, written.export.batch_delay, str(written.export.compression)),
        duration_buckets=written.duration_buckets,
        retention=written.retention,
    )
