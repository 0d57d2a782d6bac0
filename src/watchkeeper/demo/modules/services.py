"""What the modules do: little, at a plausible pace."""

import asyncio
import random
from dataclasses import dataclass, field

import grpc.aio

from watchkeeper.demo.protocol import modules_pb2 as pb
from watchkeeper.demo.protocol import modules_pb2_grpc as rpc

_WORK_SECONDS = (0.005, 0.04)


@dataclass(frozen=True, slots=True)
class Workload:
    """Takes a moment, as work does."""

    seconds: tuple[float, float] = _WORK_SECONDS
    dice: random.Random = field(default_factory=random.Random)

    async def do(self) -> None:
        await asyncio.sleep(self.dice.uniform(*self.seconds))

    def number(self) -> str:
        return f"{self.dice.randrange(10**6):06d}"


@dataclass(frozen=True, slots=True)
class TestBench:
    work: Workload

    async def GenerateTests(  # noqa: N802  the name in the protocol
        self, request: pb.GenerateTestsRequest, _context: grpc.aio.ServicerContext
    ) -> pb.GenerateTestsReply:
        await self.work.do()
        return pb.GenerateTestsReply(names=[f"test_case_{number}" for number in range(1, request.count + 1)])


@dataclass(frozen=True, slots=True)
class Observatory:
    work: Workload

    async def Query(self, request: pb.QueryRequest, _context: grpc.aio.ServicerContext) -> pb.QueryReply:  # noqa: N802
        await self.work.do()
        requests = pb.Observation(name="requests", value=self.work.dice.uniform(5, 20) * request.minutes * 60, unit="")
        p95 = pb.Observation(name="p95", value=self.work.dice.uniform(0.4, 0.9), unit="s")
        return pb.QueryReply(observations=[requests, p95])


@dataclass(frozen=True, slots=True)
class IncidentManager:
    work: Workload

    async def OpenIncident(  # noqa: N802  the name in the protocol
        self, _request: pb.OpenIncidentRequest, _context: grpc.aio.ServicerContext
    ) -> pb.OpenIncidentReply:
        await self.work.do()
        return pb.OpenIncidentReply(id=f"INC-{self.work.number()}")


@dataclass(frozen=True, slots=True)
class Orchestrator:
    work: Workload

    async def RunWorkflow(  # noqa: N802  the name in the protocol
        self, request: pb.RunWorkflowRequest, _context: grpc.aio.ServicerContext
    ) -> pb.RunWorkflowReply:
        for _ in request.steps:
            await self.work.do()
        return pb.RunWorkflowReply(id=f"RUN-{self.work.number()}", steps_done=len(request.steps))


class Health:
    async def Check(self, _request: pb.HealthRequest, _context: grpc.aio.ServicerContext) -> pb.HealthReply:  # noqa: N802
        return pb.HealthReply(serving=True)


def add_module(name: str, server: grpc.aio.Server, work: Workload) -> None:
    """Let `server` answer for the module of this name."""
    match name:
        case "test-bench":
            rpc.add_TestBenchServicer_to_server(TestBench(work), server)
        case "observatory":
            rpc.add_ObservatoryServicer_to_server(Observatory(work), server)
        case "incident-manager":
            rpc.add_IncidentManagerServicer_to_server(IncidentManager(work), server)
        case "orchestrator":
            rpc.add_OrchestratorServicer_to_server(Orchestrator(work), server)
        case _:
            raise ValueError(f"there is no module `{name}`")
    rpc.add_HealthServicer_to_server(Health(), server)
