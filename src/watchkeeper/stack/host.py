"""What no process can tell of itself: how often those of the stack ended, and how the machine under them is.

Run as `python -m watchkeeper.stack.host --config FILE`. A process of its own, because a supervisor that has to answer
scrapes can be kept from its work by them; it reads what the supervisor writes about itself.
"""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec

from watchkeeper.entry import decoded, run, stopped
from watchkeeper.stack import machine, record
from watchkeeper.stack.exits import Cause
from watchkeeper.stack.exposing import Sample, page, show
from watchkeeper.stack.record import ChildRecord


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    record: Path
    """The supervisor's `run.json`."""
    stack_port: int
    node_port: int


class Exits:
    """The supervisor's counts as it wrote them last; while it is rewriting or gone, those before."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._children: tuple[ChildRecord, ...] = ()

    def page(self) -> str:
        current = record.read(self._file)
        if current is not None:
            self._children = current.children
        return page(self._samples())

    def _samples(self) -> Iterator[Sample]:
        for child in self._children:
            for cause in Cause:
                labels = (("process", child.name), ("cause", cause.value))
                yield Sample("stack_process_exits_total", "counter", str(child.exits.get(cause, 0)), labels)


def read(path: Path) -> Config:
    return decoded(path, Config, _path)


def _path(_: type, text: object) -> Path:
    """For the one field that JSON has no type for."""
    if not isinstance(text, str):
        raise TypeError(f"expected a path, got {text!r}")
    return Path(text)


def serve(config: Config) -> None:
    """Until SIGTERM or SIGINT."""
    stop, exits, state = stopped(), Exits(config.record), config.record.parent
    with ExitStack() as open_servers:
        show(open_servers, config.stack_port, exits.page)
        show(open_servers, config.node_port, lambda: page(machine.samples(state)))
        stop.wait()


def main() -> int:
    return run("stack.host", "Show stack and machine.", lambda path: serve(read(path)))


if __name__ == "__main__":
    sys.exit(main())
