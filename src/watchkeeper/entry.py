"""How a process of ours begins and ends: its command line, its configuration, its port, its signals, its last word."""

import argparse
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

C = TypeVar("C")


class Misuse(Exception):  # noqa: N818 - a sentence for the person who started the process
    """The process cannot run as it was asked to."""


def run(module: str, description: str | None, work: Callable[[Path], None]) -> int:
    """The command line of `python -m watchkeeper.MODULE`; the exit code."""
    name = module.rpartition(".")[2]
    parser = argparse.ArgumentParser(prog=f"python -m watchkeeper.{module}", description=description)
    parser.add_argument("--config", type=Path, required=True, help=f"the configuration of the {name}, JSON")
    try:
        work(parser.parse_args().config)
    except Misuse as problem:
        print(f"{name}: {problem}", file=sys.stderr)  # noqa: T201 - the edge of the process
        return 2
    return 0


def decoded(path: Path, form: type[C], hook: Callable[[type, Any], object] | None = None) -> C:
    """A configuration, JSON; `hook` makes what JSON has no type for. Raises Misuse."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=form, dec_hook=hook)
    except OSError as error:
        raise Misuse(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise Misuse(f"{path}: {error}") from error


def listener(port: int) -> socket.socket:
    """Of loopback; it does not listen yet. Raises Misuse when the port cannot be had."""
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(("127.0.0.1", port))
    except OSError as error:
        found.close()
        raise Misuse(f"port {port} cannot be used: {error.strerror}") from error
    return found


def stopped() -> threading.Event:
    """Is set by SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def log(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the process log
