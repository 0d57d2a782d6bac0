"""A Prometheus that exists for one measurement, with nothing in it."""

import contextlib
import socket
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from watchkeeper import engines
from watchkeeper.engines import arguments
from watchkeeper.engines.process import run

# hidden flags: blocks of a day let a month be written in order into a fresh head
FLAGS = (
    "--storage.tsdb.min-block-duration=24h",
    "--storage.tsdb.max-block-duration=24h",
    "--storage.tsdb.retention.time=20y",
)


@dataclass(frozen=True, slots=True)
class Throwaway:
    url: str
    pid: int
    folder: Path
    """Holds `prometheus.yaml`, which it reads again at a reload."""


@contextlib.contextmanager
def prometheus(settings: dict[str, object]) -> Iterator[Throwaway]:
    engine = engines.find("prometheus")
    if isinstance(engine, engines.Missing):
        sys.exit(f"prometheus is missing: {engine.reason}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        configure(folder, settings)
        server = arguments.Server(_free_port(), folder / "prometheus.yaml", folder / "data")
        url = f"http://127.0.0.1:{server.port}"
        kept = [each for each in arguments.prometheus(server, origin=url) if "retention.time" not in each]
        with run(engine, (*kept, *FLAGS), url=url, log=folder / "log") as started:
            yield Throwaway(url, started.pid, folder)


def configure(folder: Path, settings: dict[str, object]) -> None:
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(settings))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
