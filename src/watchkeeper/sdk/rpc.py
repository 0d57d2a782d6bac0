"""Calls of gRPC, counted and made part of the trace where they leave: an interceptor for channels of `grpc.aio`."""

import asyncio
from collections.abc import Awaitable, Callable

import grpc
import grpc.aio

from watchkeeper.sdk.containment import attempt, contained
from watchkeeper.sdk.instruments import Counter
from watchkeeper.sdk.tracing.scopes import SpanScope
from watchkeeper.sdk.tracing.spans import Kind
from watchkeeper.sdk.tracing.tracer import Tracer

Continuation = Callable[[grpc.aio.ClientCallDetails, object], Awaitable[grpc.aio.UnaryUnaryCall]]
Headers = Callable[[str], dict[str, str]]


class Interceptor(grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[misc] # grpc.aio has no types
    """Stands before every call of one module's channel. Calls that stream pass it by."""

    def __init__(self, module: str, total: Counter, tracer: Tracer, headers: Headers) -> None:
        self._module = module
        self._total = total
        self._tracer = tracer
        self._headers = headers

    async def intercept_unary_unary(
        self, continuation: Continuation, client_call_details: grpc.aio.ClientCallDetails, request: object
    ) -> grpc.aio.UnaryUnaryCall:
        """As `grpc.aio` asks for it; the call is over when this returns."""
        path = attempt(self, "method", lambda: _path(client_call_details.method), "")
        code = grpc.StatusCode.CANCELLED
        with SpanScope(self._tracer, self._name(path), {"rpc.method": path}, Kind.CLIENT) as span:
            details = attempt(self, "metadata", lambda: self._carrying(client_call_details), client_call_details)
            call = await continuation(details, request)
            try:
                code = await call.code()
            except asyncio.CancelledError:
                call.cancel()
                raise
            finally:
                self._ended(span, path, code)
        return call

    def internal_error(self, where: str) -> None:
        self._tracer.internal_error(f"grpc.{where.strip('_')}")

    def _name(self, path: str) -> str:
        """`/llm.copilot.v1.IntentService/ClassifyIntent` has a package, a service and a method."""
        whole, _, method = path.rpartition("/")
        package, _, service = whole.rpartition(".")
        return self._tracer.name("grpc", package or "-", service, method)

    def _carrying(self, details: grpc.aio.ClientCallDetails) -> grpc.aio.ClientCallDetails:
        given = tuple(details.metadata or ())
        return details._replace(metadata=grpc.aio.Metadata(*given, *self._headers(self._module).items()))

    @contained
    def _ended(self, span: SpanScope, path: str, code: grpc.StatusCode) -> None:
        """A call that was called off is no error of the step."""
        self._total.add((self._module, path.rpartition("/")[2], code.name))
        if code not in {grpc.StatusCode.OK, grpc.StatusCode.CANCELLED}:
            span.fail(code.name)


def _path(method: str | bytes) -> str:
    """Without its first slash."""
    text = method.decode("ascii") if isinstance(method, bytes) else method
    return text.removeprefix("/")
