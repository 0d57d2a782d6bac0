"""Counts gRPC calls where they are made, by method and status code."""

import asyncio
from collections.abc import Awaitable, Callable

import grpc.aio

from watchkeeper.copilot import GrpcRequestsTotal
from watchkeeper.demo.config import ModuleName

Continuation = Callable[[grpc.aio.ClientCallDetails, object], Awaitable[grpc.aio.UnaryUnaryCall]]


class CallCounter(grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[misc] # grpc.aio has no types
    """Stands before every call of one module's channel."""

    def __init__(self, module: ModuleName, total: GrpcRequestsTotal) -> None:
        self._module = module
        self._total = total

    async def intercept_unary_unary(
        self, continuation: Continuation, client_call_details: grpc.aio.ClientCallDetails, request: object
    ) -> grpc.aio.UnaryUnaryCall:
        call = await continuation(client_call_details, request)
        code = grpc.StatusCode.CANCELLED
        try:
            code = await call.code()
        except asyncio.CancelledError:
            call.cancel()
            raise
        finally:
            self._total.inc(module=self._module, method=_method(client_call_details.method), code=code.name)
        return call


def _method(path: str | bytes) -> str:
    """`/watchkeeper.demo.TestBench/GenerateTests` -> `GenerateTests`."""
    text = path.decode("ascii") if isinstance(path, bytes) else path
    return text.rpartition("/")[2]
