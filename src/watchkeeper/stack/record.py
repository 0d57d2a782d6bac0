"""`run.json`: what the supervisor says about itself, for every other command. Replaced as a whole at each change."""

from enum import StrEnum
from pathlib import Path

import msgspec

from watchkeeper import files
from watchkeeper.stack import processes
from watchkeeper.stack.layout import Layout
from watchkeeper.stack.processes import Identity


class Phase(StrEnum):
    STARTING = "starting"
    READY = "ready"
    DEGRADED = "degraded"
    """Something is being restarted."""
    FAILED = "failed"
    """Something was given up."""
    STOPPING = "stopping"


class ChildState(StrEnum):
    WAITING = "waiting"
    """For others that it needs."""
    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    FAILED = "failed"
    STOPPED = "stopped"


class ChildRecord(msgspec.Struct, frozen=True):
    name: str
    state: ChildState
    pid: int | None
    started: float | None
    """Unix time the process began; with `pid` it names one process for ever."""
    port: int | None
    restarts: int
    exits: dict[str, int] = {}
    """Ends that nobody asked for, by cause."""


class Record(msgspec.Struct, frozen=True):
    pid: int
    started: float
    demo: bool
    environment: str
    phase: Phase
    console: str
    inbox: str
    prometheus: str
    alertmanager: str
    ports: dict[str, int]
    children: tuple[ChildRecord, ...]
    token: str
    """In the environment of every child, so that leftovers can be told from strangers."""

    @property
    def identity(self) -> Identity:
        return Identity(self.pid, self.started)

    @property
    def leaders(self) -> tuple[Identity, ...]:
        return tuple(Identity(c.pid, c.started) for c in self.children if c.pid is not None and c.started is not None)


def write(layout: Layout, record: Record) -> None:
    files.write(layout.record, msgspec.json.format(msgspec.json.encode(record), indent=2).decode() + "\n", mode=0o600)


def read(path: Path) -> Record | None:
    """None when there is none, or one of another version."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Record)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
        return None


def running(layout: Layout) -> Record | None:
    """The record of the supervisor that runs in this state directory now; None when none does."""
    record = read(layout.record)
    return record if record is not None and processes.alive(record.identity) else None
