"""The modules behind gRPC, each with a deadline and a circuit breaker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import grpc.aio

from watchkeeper.demo.agent.breaker import Breaker, BreakerOpenError
from watchkeeper.demo.agent.observability import Wk
from watchkeeper.demo.config import ModuleName
from watchkeeper.demo.protocol import modules_pb2 as pb
from watchkeeper.demo.protocol import modules_pb2_grpc as rpc

CALL_SECONDS = 2.0
HEALTH_SECONDS = 1.0

# A module that is back is used again within two seconds; gRPC alone would wait up to two minutes.
_OPTIONS = (("grpc.initial_reconnect_backoff_ms", 200), ("grpc.max_reconnect_backoff_ms", 2000))


class ModuleError(Exception):
    """A module did not answer, or not in time."""

    def __init__(self, module: ModuleName, cause: str) -> None:
        super().__init__(f"{module}: {cause}")
        self.module = module


@dataclass(slots=True)
class Modules:
    ports: dict[ModuleName, int]
    wk: Wk
    _channels: dict[ModuleName, grpc.aio.Channel] = field(default_factory=dict)
    _breakers: dict[ModuleName, Breaker] = field(init=False)

    def __post_init__(self) -> None:
        self._breakers = {module: self._breaker(module) for module in self.ports}

    async def generate_tests(self, source: str) -> str:
        generations = self.wk.m.test_generations_total
        try:
            async with self._call("test-bench", "generate_tests") as channel:
                request = pb.GenerateTestsRequest(source=source, count=3)
                reply = await rpc.TestBenchStub(channel).GenerateTests(request, timeout=CALL_SECONDS)
        except ModuleError:
            generations.inc(outcome="failure")
            raise
        generations.inc(outcome="success")
        return "Generated tests: " + ", ".join(reply.names)

    async def observe(self, question: str) -> str:
        async with self._call("observatory", "query") as channel:
            request = pb.QueryRequest(question=question, minutes=60)
            reply = await rpc.ObservatoryStub(channel).Query(request, timeout=CALL_SECONDS)
            if not reply.observations:
                self.wk.degraded("observatory")
        found = ", ".join(f"{seen.name} {seen.value:.3g} {seen.unit}".rstrip() for seen in reply.observations)
        return f"Observed: {found}"

    async def open_incident(self, title: str, reporter: str) -> str:
        async with self._call("incident-manager", "open_incident") as channel:
            request = pb.OpenIncidentRequest(title=title, reporter=reporter)
            reply = await rpc.IncidentManagerStub(channel).OpenIncident(request, timeout=CALL_SECONDS)
        return f"Opened incident {reply.id}"

    async def run_workflow(self, name: str, steps: tuple[str, ...]) -> str:
        """The run's id."""
        async with self._call("orchestrator", "run_workflow") as channel:
            request = pb.RunWorkflowRequest(workflow=name, steps=steps)
            reply = await rpc.OrchestratorStub(channel).RunWorkflow(request, timeout=CALL_SECONDS)
        return str(reply.id)

    async def check(self, module: ModuleName) -> bool:
        """Whether the module says that it is well."""
        try:
            reply = await rpc.HealthStub(self._channel(module)).Check(pb.HealthRequest(), timeout=HEALTH_SECONDS)
        except grpc.aio.AioRpcError:
            healthy = False
        else:
            healthy = bool(reply.serving)
        self.wk.m.module_health_status.set(float(healthy), module=module)
        return healthy

    async def close(self) -> None:
        for channel in self._channels.values():
            await channel.close()

    @asynccontextmanager
    async def _call(self, module: ModuleName, operation: str) -> AsyncIterator[grpc.aio.Channel]:
        try:
            async with self.wk.module(module, operation):
                with self._breakers[module].call():
                    yield self._channel(module)
        except grpc.aio.AioRpcError as error:
            raise ModuleError(module, error.code().name) from error
        except BreakerOpenError as error:
            raise ModuleError(module, "left alone for a while") from error

    def _channel(self, module: ModuleName) -> grpc.aio.Channel:
        if module not in self._channels:
            self._channels[module] = grpc.aio.insecure_channel(
                f"127.0.0.1:{self.ports[module]}", options=_OPTIONS, interceptors=[self.wk.grpc_interceptor(module)]
            )
        return self._channels[module]

    def _breaker(self, module: ModuleName) -> Breaker:
        state = self.wk.m.module_circuit_breaker_state
        return Breaker(lambda now: state.set(now, module=module), grpc.aio.AioRpcError)
