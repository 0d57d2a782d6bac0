"""Calls of gRPC between a real client and a real server: counted, a span each, with the ids as metadata."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import grpc.aio
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from sdk_bench import Wk, internal_errors, of, watched
from tracing_bench import Collector, Keeping, attributes, collector
from watchkeeper import Traces

CLASSIFY, REFUSE, HANG = (f"/llm.copilot.v1.IntentService/{name}" for name in ("Classify", "Refuse", "Hang"))


@dataclass
class Server:
    """Answers each method in its own way, and remembers the metadata."""

    heard: list[dict[str, str]] = field(default_factory=list)
    called: asyncio.Event = field(default_factory=asyncio.Event)

    def handlers(self) -> grpc.GenericRpcHandler:
        async def classify(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
            self.heard.append(dict(context.invocation_metadata()))
            return request[::-1]

        async def refuse(_: bytes, context: grpc.aio.ServicerContext) -> bytes:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "no more")
            return b""

        async def hang(_: bytes, __: grpc.aio.ServicerContext) -> bytes:
            self.called.set()
            await asyncio.Event().wait()
            return b""

        methods = {"Classify": classify, "Refuse": refuse, "Hang": hang}
        made = {name: grpc.unary_unary_rpc_method_handler(method) for name, method in methods.items()}
        return grpc.method_handlers_generic_handler("llm.copilot.v1.IntentService", made)


@asynccontextmanager
async def channel(wk: Wk, server: Server) -> AsyncIterator[grpc.aio.Channel]:
    listening = grpc.aio.server()
    listening.add_generic_rpc_handlers((server.handlers(),))
    port = listening.add_insecure_port("127.0.0.1:0")
    await listening.start()
    interceptor = wk.grpc_interceptor("orchestrator")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", interceptors=[interceptor]) as open_channel:
        yield open_channel
    await listening.stop(0)


@pytest.fixture
def there() -> Iterator[Collector]:
    with collector() as found:
        yield found


@pytest.fixture
def wk(there: Collector) -> Iterator[Wk]:
    with watched(instruments=Keeping, traces=Traces(there.url)) as process:
        yield process
    assert internal_errors(process) == {}


def run(wk: Wk, scenario: Callable[[grpc.aio.Channel, Server], Awaitable[None]]) -> Server:
    server = Server()

    async def whole() -> None:
        async with channel(wk, server) as open_channel:
            await scenario(open_channel, server)

    asyncio.run(whole())
    return server


def test_a_call(wk: Wk, there: Collector) -> None:
    async def scenario(open_channel: grpc.aio.Channel, _: Server) -> None:
        with wk.span("job") as span:
            span.set_attributes({"user.id": "f" * 64})
            assert await open_channel.unary_unary(CLASSIFY)(b"abc", metadata=(("mine", "1"),)) == b"cba"

    (heard,) = run(wk, scenario).heard
    there.wait_for("job", "llm.copilot.v1.IntentService/Classify")
    span = there.named("llm.copilot.v1.IntentService/Classify")
    assert span.parent_span_id == there.named("job").span_id
    assert span.kind == Span.SPAN_KIND_CLIENT
    assert attributes(span.attributes) == {"rpc.method": "llm.copilot.v1.IntentService/Classify"}
    assert not span.HasField("status")
    assert heard["mine"] == "1"
    assert heard["traceparent"] == f"00-{span.trace_id.hex()}-{span.span_id.hex()}-01"
    assert heard["baggage"] == "user.id=" + "f" * 64
    assert of(wk, "grpc_requests_total") == {'{code="OK",method="Classify",module="orchestrator"}': 1}


def test_a_call_that_is_refused(wk: Wk, there: Collector) -> None:
    async def scenario(open_channel: grpc.aio.Channel, _: Server) -> None:
        with pytest.raises(grpc.aio.AioRpcError, match="no more"):
            await open_channel.unary_unary(REFUSE)(b"")

    run(wk, scenario)
    there.wait_for("llm.copilot.v1.IntentService/Refuse")
    span = there.named("llm.copilot.v1.IntentService/Refuse")
    assert span.status.code == Status.STATUS_CODE_ERROR
    assert attributes(span.attributes)["error.type"] == "RESOURCE_EXHAUSTED"
    assert of(wk, "grpc_requests_total") == {'{code="RESOURCE_EXHAUSTED",method="Refuse",module="orchestrator"}': 1}


def test_a_call_that_is_called_off(wk: Wk, there: Collector) -> None:
    async def scenario(open_channel: grpc.aio.Channel, server: Server) -> None:
        async def call() -> None:
            await open_channel.unary_unary(HANG)(b"")

        task = asyncio.ensure_future(call())
        await server.called.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(wk, scenario)
    there.wait_for("llm.copilot.v1.IntentService/Hang")
    assert not there.named("llm.copilot.v1.IntentService/Hang").HasField("status")
    assert of(wk, "grpc_requests_total") == {'{code="CANCELLED",method="Hang",module="orchestrator"}': 1}


def test_a_call_in_time(wk: Wk, there: Collector) -> None:
    async def scenario(open_channel: grpc.aio.Channel, _: Server) -> None:
        with pytest.raises(grpc.aio.AioRpcError):
            await open_channel.unary_unary(HANG)(b"", timeout=0.05)

    run(wk, scenario)
    there.wait_for("llm.copilot.v1.IntentService/Hang")
    assert of(wk, "grpc_requests_total") == {'{code="DEADLINE_EXCEEDED",method="Hang",module="orchestrator"}': 1}
