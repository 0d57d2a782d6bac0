"""What no process can tell of itself: how often those of the stack ended, and how the machine under them is.

Run as `python -m watchkeeper.stack.host --config FILE`. A process of its own, because a supervisor that has to answer
scrapes can be kept from its work by them; it reads what the supervisor writes about itself.
"""

import argparse
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec

from watchkeeper.stack import machine, record
from watchkeeper.stack.exits import Cause
from watchkeeper.stack.exposing import MetricsServer, Page, Sample, page
from watchkeeper.stack.record import ChildRecord


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    record: Path
    """The supervisor's `run.json`."""
    stack_port: int
    node_port: int


class Misuse(Exception):  # noqa: N818 - a sentence for the person who started the process
    """The process cannot run as it was asked to."""


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
    try:
        return msgspec.json.decode(path.read_bytes(), type=Config, dec_hook=_path)
    except OSError as error:
        raise Misuse(f"{path} cannot be read: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise Misuse(f"{path}: {error}") from error


def _path(_: type, text: object) -> Path:
    """For the one field that JSON has no type for."""
    if not isinstance(text, str):
        raise TypeError(f"expected a path, got {text!r}")
    return Path(text)


def serve(config: Config) -> None:
    """Until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    exits, state = Exits(config.record), config.record.parent
    with ExitStack() as open_servers:
        _show(open_servers, config.stack_port, exits.page)
        _show(open_servers, config.node_port, lambda: page(machine.samples(state)))
        stop.wait()


def _show(open_servers: ExitStack, port: int, shown: Page) -> None:
    try:
        server = open_servers.enter_context(MetricsServer(port, shown))
    except OSError as error:
        raise Misuse(f"port {port} cannot be used: {error.strerror}") from error
    threading.Thread(target=server.serve_forever, daemon=True).start()
    open_servers.callback(server.shutdown)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m watchkeeper.stack.host", description="Show stack and machine.")
    parser.add_argument("--config", type=Path, required=True, help="the configuration, JSON")
    try:
        serve(read(parser.parse_args().config))
    except Misuse as problem:
        print(f"host: {problem}", file=sys.stderr)  # noqa: T201 - the edge of the process
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
