"""The console process: `python -m watchkeeper.console --config FILE`."""

import os
import sys
import time
from datetime import UTC, tzinfo
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from watchkeeper.console.application import app
from watchkeeper.console.reader import Reader
from watchkeeper.console.received import Received
from watchkeeper.console.runbooks import Runbooks
from watchkeeper.console.sources import Sources
from watchkeeper.entry import decoded, listener, run
from watchkeeper.live.alertmanager import Alertmanager
from watchkeeper.live.inbox import Inbox
from watchkeeper.live.prometheus import Prometheus
from watchkeeper.model.deployment import Credentials

ENGINE_TIMEOUT_SECONDS = 5.0
MOST_CONNECTIONS = 64


class Config(msgspec.Struct, forbid_unknown_fields=True):
    port: int
    project: str
    """`watchkeeper.yaml`; empty for the shipped pack alone."""
    prometheus: str
    alertmanager: str
    username: str
    password_file: str
    inbox: str
    environment: str
    state: str


def serve(path: Path) -> None:
    """Until a signal ends the process."""
    import uvicorn

    config = decoded(path, Config)
    pages = listener(config.port)
    project = Path(config.project) if config.project else None
    reader = Reader(project)
    sources = _sources(config, reader)
    settings = uvicorn.Config(
        app(sources, port=config.port, pages=Runbooks(_runbook_folders(project))),
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=1,
    )
    reader.start()
    uvicorn.Server(settings).run(sockets=[pages])
    sources.threads.shutdown(wait=False, cancel_futures=True)


def _sources(config: Config, reader: Reader) -> Sources:
    credentials = Credentials(config.username, config.password_file) if config.username else None
    return Sources(
        metrics=Prometheus(config.prometheus, credentials, timeout_seconds=ENGINE_TIMEOUT_SECONDS),
        notifications=Alertmanager(config.alertmanager, credentials, timeout_seconds=ENGINE_TIMEOUT_SECONDS),
        inbox=Received(Inbox(config.inbox, timeout_seconds=ENGINE_TIMEOUT_SECONDS)),
        definitions=reader,
        clock=time.time,
        zone=_local_zone(),
        environment=config.environment,
        started=time.time(),
    )


def _local_zone() -> tzinfo:
    """The zone of this machine: the console is read where it runs."""
    named = os.environ.get("TZ", "").lstrip(":")
    try:
        if named:
            return ZoneInfo(named)
        with Path("/etc/localtime").open("rb") as file:
            return ZoneInfo.from_file(file)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _runbook_folders(project: Path | None) -> tuple[Traversable, ...]:
    shipped = files("watchkeeper") / "pack" / "runbooks"
    return (project.parent / "runbooks", shipped) if project else (shipped,)


if __name__ == "__main__":
    sys.exit(run("console", __doc__, serve))
