"""The inbox process: `python -m watchkeeper.inbox --config FILE`."""

import argparse
import socket
import sys
from pathlib import Path

import msgspec

from watchkeeper.inbox.app import create
from watchkeeper.inbox.reception import Reception
from watchkeeper.inbox.store import InUse, Store


class Config(msgspec.Struct, forbid_unknown_fields=True):
    port: int
    smtp_port: int
    data: str
    secrets: str


class Misuse(Exception):  # noqa: N818 - a sentence for the person who started the process
    """The process cannot run as it was asked to."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m watchkeeper.inbox", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="JSON file with port, smtp_port, data and secrets")
    try:
        return serve(read(parser.parse_args().config))
    except (Misuse, InUse) as problem:
        print(f"inbox: {problem}", file=sys.stderr)  # noqa: T201 - the edge of the process
        return 2


def read(path: Path) -> Config:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Config)
    except OSError as error:
        raise Misuse(f"{path} cannot be read: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise Misuse(f"{path}: {error}") from error


def serve(config: Config) -> int:
    """Until a signal ends the process."""
    import uvicorn

    listener, mail = _listener(config.port), _listener(config.smtp_port)
    store = Store(Path(config.data))
    store.open()
    settings = uvicorn.Config(
        create(Reception(store, Path(config.secrets)), mail),
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=200,
        timeout_graceful_shutdown=1,
    )
    try:
        uvicorn.Server(settings).run(sockets=[listener])
    finally:
        store.close()
    return 0


def _listener(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise Misuse(f"port {port} cannot be used: {error.strerror}") from error
    return listener


if __name__ == "__main__":
    sys.exit(main())
