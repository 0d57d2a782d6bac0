"""The section `tracing:` as it is written."""

from pydantic import Field

from watchkeeper.spec import scalars as s
from watchkeeper.spec.written import Written


class SpanName(Written):
    pattern: s.Text = Field(description="Words and {fields}; a field's value is one word.")
    example: s.Text


class Baggage(Written):
    keys: tuple[s.AttributeName, ...] = ()
    hosts: tuple[s.Host, ...] = Field(default=(), description="Your own hosts, or *. and a domain of your own.")


class Propagation(Written):
    extract: tuple[s.Carrier, ...] = Field(min_length=1, description="Where a request has several, the first wins.")
    inject: tuple[s.Carrier, ...] = Field(min_length=1)
    inject_on_request: tuple[s.Carrier, ...] = ()
    baggage: Baggage = Baggage()


class SamplingRule(Written):
    routes: tuple[s.Route, ...] = ()
    request_classes: tuple[s.Name, ...] = ()
    attributes: tuple[s.AttributeName, ...] = ()
    share: s.Part
    slow_after: s.Time | None = None


class Sampling(Written):
    environments: dict[s.Name, s.Part] = Field(min_length=1)
    slow_after: s.Time
    rules: dict[s.Name, SamplingRule] = Field(default_factory=dict, description="The first rule that fits counts.")
    cap: s.PerSecond
    decision_wait: s.Time
    decision_wait_after_root: s.Time
    traces_in_memory: s.Many
    spans_per_trace: s.Whole


class SpanAttribute(Written):
    group: s.Name
    limit: s.Whole | None = Field(default=None, description="Characters; what is longer is cut.")
    replaces: s.AttributeName = ""


class Pseudonyms(Written):
    attributes: tuple[s.AttributeName, ...] = Field(min_length=1)
    key_file: s.SecretFile


class Redaction(Written):
    query_parameters: tuple[s.Text, ...] = Field(min_length=1)
    statements: tuple[s.AttributeName, ...] = Field(min_length=1)


class Export(Written):
    batch_spans: s.Whole
    batch_delay: s.Time
    compression: s.Compressed


class Tracing(Written):
    """How the service is traced, and what becomes of its traces."""

    names: dict[s.Name, SpanName] = Field(min_length=1)
    propagation: Propagation
    client_timeouts: dict[s.Name, s.Time] = Field(default_factory=dict)
    sampling: Sampling
    attributes: dict[s.AttributeName, SpanAttribute] = Field(min_length=1)
    pseudonyms: Pseudonyms
    redaction: Redaction
    export: Export
    duration_buckets: tuple[s.Time, ...] = Field(min_length=1)
    retention: s.Time
