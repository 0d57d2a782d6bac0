"""How a helper process of the stack begins and ends: its configuration, its signals, and the sentence if it cannot."""

import argparse
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from watchkeeper.stack.exposing import MetricsServer, Page

C = TypeVar("C")


class Misuse(Exception):  # noqa: N818 - a sentence for the person who started the process
    """The process cannot run as it was asked to."""


def decoded(path: Path, form: type[C], hook: Callable[[type, Any], object] | None = None) -> C:
    """A configuration, JSON; `hook` makes what JSON has no type for. Raises Misuse."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=form, dec_hook=hook)
    except OSError as error:
        raise Misuse(f"{path} cannot be read: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise Misuse(f"{path}: {error}") from error


def stopped() -> threading.Event:
    """Is set by SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def show(open_servers: ExitStack, port: int, shown: Page) -> None:
    """Metrics on a port until `open_servers` is closed. Raises Misuse when the port cannot be had."""
    try:
        server = open_servers.enter_context(MetricsServer(port, shown))
    except OSError as error:
        raise Misuse(f"port {port} cannot be used: {error.strerror}") from error
    threading.Thread(target=server.serve_forever, daemon=True).start()
    open_servers.callback(server.shutdown)


def log(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the process log


def run(name: str, description: str | None, work: Callable[[Path], None]) -> int:
    """The command line of `watchkeeper.stack.NAME`; the exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m watchkeeper.stack.{name}", description=description)
    parser.add_argument("--config", type=Path, required=True, help=f"the configuration of the {name}, JSON")
    try:
        work(parser.parse_args().config)
    except Misuse as problem:
        print(f"{name}: {problem}", file=sys.stderr)  # noqa: T201 - the edge of the process
        return 2
    return 0
