"""The demo as processes: they start, a deploy loses nothing, SIGTERM ends each within two seconds."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from demo_bench import config_in, listens, until
from watchkeeper.demo import faults
from watchkeeper.demo.config import DemoConfig
from watchkeeper.demo.load.door import Door, Request

STOP_SECONDS = 2.0
EXACT_STATUS = dict.fromkeys(("cache", "providers", "modules", "agent", "ingress", "load"), 0)


@dataclass
class Processes:
    """What the supervisor does, in ten lines: start, and start again what ended by itself."""

    config: DemoConfig
    file: Path
    running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    async def start(self, name: str) -> None:
        self.running[name] = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", f"watchkeeper.demo.{name}", "--config", str(self.file)),
            stdout=asyncio.subprocess.DEVNULL,
        )

    async def stop(self, name: str) -> float:
        """Seconds it took."""
        began = time.monotonic()
        process = self.running.pop(name)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), timeout=20) == EXACT_STATUS[name]
        return time.monotonic() - began


@asynccontextmanager
async def processes(directory: Path) -> AsyncIterator[Processes]:
    config = msgspec.structs.replace(config_in(directory), start_hour=11.0)
    file = directory / "demo.json"
    file.write_bytes(msgspec.json.encode(msgspec.structs.asdict(config), enc_hook=str))
    ready = Processes(config, file)
    try:
        yield ready
    finally:
        for process in ready.running.values():
            process.kill()
            await process.wait()


def test_the_life_of_the_demo(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with processes(tmp_path) as demo:
            config = demo.config
            for name in EXACT_STATUS:
                await demo.start(name)
            ports = [config.cache_port, config.providers_port, config.agent_port, config.ingress_port]
            await until(lambda: all(map(listens, (*ports, *config.module_ports.values()))))
            await _deploy_under_traffic(demo, Door(config.ingress_port))
            taken = {name: await demo.stop(name) for name in EXACT_STATUS}
            assert all(seconds < STOP_SECONDS for seconds in taken.values()), taken
            assert not any(map(listens, (*ports, *config.module_ports.values())))

    asyncio.run(scenario())


async def _deploy_under_traffic(demo: Processes, door: Door) -> None:
    """Ask twenty times a second while the agent is replaced; every question is answered."""
    assert await _version(door) == "1.0.0"
    old = demo.running["agent"]
    faults.break_(demo.config.faults, "deploy", ["1.1.0"])
    asked: list[asyncio.Task[str]] = []
    new: list[str] = []
    async with asyncio.timeout(60):
        while "1.1.0" not in new:
            asked.append(asyncio.ensure_future(_version(door)))
            await asyncio.sleep(0.05)
            if old.returncode is not None and demo.running["agent"] is old:
                assert old.returncode == 0
                await demo.start("agent")
            new = [task.result() for task in asked if task.done()]
        new = await asyncio.gather(*asked)
    assert len(new) > 10
    assert new[0] == "1.0.0"
    assert new[-1] == "1.1.0"


class Health(msgspec.Struct):
    version: str


async def _version(door: Door) -> str:
    """Raises ConnectionError when the question is lost."""
    async with door.open(Request("GET", "/health")) as answer:
        assert answer.status == 200
        return (await answer.json(Health)).version


@pytest.mark.parametrize("name", EXACT_STATUS)
def test_a_bad_configuration_is_a_sentence(tmp_path: Path, name: str) -> None:
    file = tmp_path / "demo.json"
    file.write_text("{}")
    command = [sys.executable, "-m", f"watchkeeper.demo.{name}", "--config", str(file)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stderr == f"watchkeeper.demo.{name}: {file}: Object missing required field `service`\n"


def test_telling_faults_loads_neither_the_sdk_nor_the_demo() -> None:
    code = (
        "import sys, watchkeeper.demo.faults, watchkeeper.demo.config\n"
        "heavy = {'watchkeeper.sdk', 'fastapi', 'anthropic', 'openai', 'sqlalchemy', 'grpc', 'redis', 'starlette'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout == "[]\n"
