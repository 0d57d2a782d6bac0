"""A Collector for tests: takes what the SDK sends, and reads it with OpenTelemetry's own messages."""

import gzip
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from http_bench import Handler, serving
from sdk_bench import until
from watchkeeper.copilot import Instruments
from watchkeeper.sdk.tracing.policy import Kept


class Keeping(Instruments):
    """Keeps every trace, and sends it at once."""

    tracing = replace(Instruments.tracing, rules=(), others=Kept(), batch_seconds=0.02)


Scalar = str | bool | int | float


@dataclass
class Collector:
    """Statuses that are planned are answered first, in order; then all is well."""

    url: str = ""
    plan: deque[int] = field(default_factory=deque)
    requests: list[ExportTraceServiceRequest] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    asked: int = 0
    gate: threading.Event = field(default_factory=threading.Event)
    """Closed, it answers nobody."""

    def __post_init__(self) -> None:
        self.gate.set()

    @property
    def spans(self) -> list[Span]:
        scopes = (scope for request in self.requests for each in request.resource_spans for scope in each.scope_spans)
        return [span for scope in scopes for span in scope.spans]

    def named(self, name: str) -> Span:
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def wait_for(self, *names: str) -> list[Span]:
        """Until spans of these names are there."""
        until(lambda: {span.name for span in self.spans} >= set(names), f"{names}, only {[s.name for s in self.spans]}")
        return self.spans


@contextmanager
def collector() -> Iterator[Collector]:
    taken = Collector()

    class Taking(Handler):
        def post(self) -> None:
            body = self.body()
            taken.asked += 1
            taken.gate.wait(10)
            status = taken.plan.popleft() if taken.plan else 200
            if status == 200:
                taken.paths.append(self.path)
                taken.headers.append({name.lower(): value for name, value in self.headers.items()})
                taken.requests.append(ExportTraceServiceRequest.FromString(gzip.decompress(body)))
            self.reply(b"", status)

    with serving(Taking) as taken.url:
        try:
            yield taken
        finally:
            taken.gate.set()


def attributes(pairs: Iterable[KeyValue]) -> dict[str, Scalar]:
    """Of a span, an event, a resource."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "string_value") for pair in pairs}
