"""The inbox process: `python -m watchkeeper.inbox --config FILE`."""

import sys
from pathlib import Path

import msgspec

from watchkeeper.entry import Misuse, decoded, listener, run
from watchkeeper.inbox.app import create
from watchkeeper.inbox.reception import Reception
from watchkeeper.inbox.store import InUse, Store


class Config(msgspec.Struct, forbid_unknown_fields=True):
    port: int
    smtp_port: int
    data: str
    secrets: str


def serve(path: Path) -> None:
    """Until a signal ends the process."""
    import uvicorn

    config = decoded(path, Config)
    pages, mail = listener(config.port), listener(config.smtp_port)
    store = Store(Path(config.data))
    try:
        store.open()
    except InUse as problem:
        raise Misuse(str(problem)) from problem
    settings = uvicorn.Config(
        create(Reception(store, Path(config.secrets)), mail),
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=200,
        timeout_graceful_shutdown=1,
    )
    try:
        uvicorn.Server(settings).run(sockets=[pages])
    finally:
        store.close()


if __name__ == "__main__":
    sys.exit(run("inbox", __doc__, serve))
