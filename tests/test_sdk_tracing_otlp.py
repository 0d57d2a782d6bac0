"""The bytes of spans, read with OpenTelemetry's own messages."""

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Judged
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from tracing_bench import attributes
from watchkeeper.sdk.tracing.otlp import Encoder
from watchkeeper.sdk.tracing.policy import Scrubbing
from watchkeeper.sdk.tracing.scrubbing import Scrubber
from watchkeeper.sdk.tracing.spans import Event, Kind, Span, Trace, Value

ENCODER = Encoder({"service.name": "agent"}, "1.2", Scrubber(Scrubbing(), None))


def read(*spans: Span) -> ExportTraceServiceRequest:
    return ExportTraceServiceRequest.FromString(ENCODER.request(spans))


def only(span: Span) -> Judged:
    (found,) = read(span).resource_spans[0].scope_spans[0].spans
    return found


def test_a_span_with_everything() -> None:
    span = Span(Trace(0x1F, "ot=th:8"), "DB SELECT t", Kind.CLIENT, 0x2F, 0x3F, started=10**18, ended=10**18 + 7)
    span.attributes = {"a": "ä", "b": True, "c": -3, "d": 0.5, "e": 1 << 80, "f": "", "g": 0}
    span.events = [Event("exception", 10**18 + 3, {"exception.type": "ValueError"})]
    span.error, span.message = "ValueError", "no"
    read_back = only(span)
    assert read_back.trace_id == bytes(15) + b"\x1f"
    assert read_back.span_id == bytes(7) + b"\x2f"
    assert read_back.parent_span_id == bytes(7) + b"\x3f"
    assert read_back.trace_state == "ot=th:8"
    assert (read_back.name, read_back.kind) == ("DB SELECT t", Judged.SPAN_KIND_CLIENT)
    assert (read_back.start_time_unix_nano, read_back.end_time_unix_nano) == (10**18, 10**18 + 7)
    assert attributes(read_back.attributes) == {
        "a": "ä",
        "b": True,
        "c": -3,
        "d": 0.5,
        "e": float(1 << 80),
        "f": "",
        "g": 0,
    }
    (event,) = read_back.events
    assert (event.name, event.time_unix_nano) == ("exception", 10**18 + 3)
    assert attributes(event.attributes) == {"exception.type": "ValueError"}
    assert (read_back.status.code, read_back.status.message) == (Status.STATUS_CODE_ERROR, "no")
    assert read_back.flags == 1


def test_a_span_with_nothing() -> None:
    read_back = only(Span(Trace(1), "x", Kind.SERVER, 2, 0, started=5, ended=5))
    assert read_back.parent_span_id == b""
    assert not read_back.HasField("status")
    assert not read_back.attributes
    assert read_back.kind == Judged.SPAN_KIND_SERVER


def test_who_sends() -> None:
    request = read(*(Span(Trace(1), f"x{number}", Kind.INTERNAL, 2, 0, 5, 5) for number in range(3)))
    (resource,) = request.resource_spans
    assert attributes(resource.resource.attributes) == {"service.name": "agent"}
    (scope,) = resource.scope_spans
    assert (scope.scope.name, scope.scope.version) == ("watchkeeper", "1.2")
    assert [span.name for span in scope.spans] == ["x0", "x1", "x2"]


VALUES = st.one_of(
    st.text(), st.booleans(), st.integers(-(1 << 63), (1 << 63) - 1), st.floats(allow_nan=False, width=64)
)


@given(facts=st.dictionaries(st.text(min_size=1), VALUES, max_size=20), trace=st.integers(1, (1 << 128) - 1))
def test_whatever_it_carries(facts: dict[str, Value], trace: int) -> None:
    span = Span(Trace(trace), "x", Kind.INTERNAL, 1, 0, 1, 2)
    span.attributes = facts
    scrubbed = Scrubber(Scrubbing(), None).attributes(facts)
    read_back = only(span)
    assert attributes(read_back.attributes) == scrubbed
    assert int.from_bytes(read_back.trace_id) == trace
