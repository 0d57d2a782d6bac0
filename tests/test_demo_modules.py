"""The modules behind gRPC: what they answer, and that a broken one really closes its port."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import grpc.aio
import pytest

from demo_bench import config_in, dice, listens, until
from watchkeeper.demo.config import MODULES, ModuleName
from watchkeeper.demo.faults import Active, Fault, Faults
from watchkeeper.demo.modules.hosting import ModuleHost
from watchkeeper.demo.modules.services import Workload, add_module
from watchkeeper.demo.protocol import modules_pb2 as pb
from watchkeeper.demo.protocol import modules_pb2_grpc as rpc

PROTOCOL = Path(pb.__file__).parent


@asynccontextmanager
async def hosted(directory: Path) -> AsyncIterator[ModuleHost]:
    host = ModuleHost(config_in(directory).module_ports, Workload((0.0, 0.001), dice(1)))
    await host.apply(Faults())
    try:
        yield host
    finally:
        await host.close()


def run(directory: Path, scenario: Callable[[ModuleHost], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with hosted(directory) as host:
            await scenario(host)

    asyncio.run(whole())


def channel(host: ModuleHost, module: ModuleName) -> grpc.aio.Channel:
    return grpc.aio.insecure_channel(f"127.0.0.1:{host.ports[module]}")


def down(*modules: str) -> Faults:
    return Faults(tuple(Active(Fault.MODULE_DOWN, 0.0, {"name": module}) for module in modules))


def test_each_module_does_its_work(tmp_path: Path) -> None:
    async def scenario(host: ModuleHost) -> None:
        async with channel(host, "test-bench") as test_bench:
            tests = await rpc.TestBenchStub(test_bench).GenerateTests(pb.GenerateTestsRequest(source="x", count=2))
        assert list(tests.names) == ["test_case_1", "test_case_2"]
        async with channel(host, "observatory") as observatory:
            seen = await rpc.ObservatoryStub(observatory).Query(pb.QueryRequest(question="x", minutes=60))
        assert [observation.name for observation in seen.observations] == ["requests", "p95"]
        assert 5 * 3600 <= seen.observations[0].value <= 20 * 3600
        async with channel(host, "incident-manager") as manager:
            opened = await rpc.IncidentManagerStub(manager).OpenIncident(pb.OpenIncidentRequest(title="x"))
        assert opened.id.startswith("INC-")
        async with channel(host, "orchestrator") as orchestrator:
            done = await rpc.OrchestratorStub(orchestrator).RunWorkflow(pb.RunWorkflowRequest(steps=["a", "b"]))
        assert done.steps_done == 2

    run(tmp_path, scenario)


def test_every_module_says_it_is_well(tmp_path: Path) -> None:
    async def scenario(host: ModuleHost) -> None:
        for module in MODULES:
            async with channel(host, module) as open_channel:
                assert (await rpc.HealthStub(open_channel).Check(pb.HealthRequest())).serving

    run(tmp_path, scenario)


def test_a_broken_module_closes_its_port_and_no_other(tmp_path: Path) -> None:
    async def scenario(host: ModuleHost) -> None:
        await host.apply(down("observatory", "orchestrator"))
        assert {module: listens(port) for module, port in host.ports.items()} == {
            "test-bench": True,
            "observatory": False,
            "incident-manager": True,
            "orchestrator": False,
        }
        async with channel(host, "observatory") as observatory:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await rpc.ObservatoryStub(observatory).Query(pb.QueryRequest(), timeout=2)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        await host.apply(down("orchestrator"))
        await until(lambda: listens(host.ports["observatory"]))
        assert not listens(host.ports["orchestrator"])

    run(tmp_path, scenario)


def test_an_unknown_module() -> None:
    async def scenario() -> None:
        with pytest.raises(ValueError, match="there is no module `ledger`"):
            add_module("ledger", grpc.aio.server(), Workload())

    asyncio.run(scenario())


def test_the_generated_protocol_is_up_to_date(tmp_path: Path) -> None:
    protoc = pytest.importorskip("grpc_tools.protoc", reason="grpcio-tools, a developer's package, is missing")
    root = PROTOCOL.parents[2]
    proto = PROTOCOL / "modules.proto"
    status = protoc.main(
        ["protoc", f"-I{root}", f"--python_out={tmp_path}", f"--grpc_python_out={tmp_path}", str(proto)]
    )
    assert status == 0
    for made in (tmp_path / PROTOCOL.relative_to(root)).iterdir():
        assert made.read_text() == (PROTOCOL / made.name).read_text(), (
            f"generate {made.name} again: {proto.name} says how"
        )
