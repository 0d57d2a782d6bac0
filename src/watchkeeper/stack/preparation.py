"""Everything between a user's wish and the first process: directory, lock, engines, ports, secrets, configuration."""

import contextlib
import os
import secrets
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from watchkeeper import files
from watchkeeper.engines import Engine, Missing, Name, advice, debian, fetched, find
from watchkeeper.model import Catalog
from watchkeeper.stack import children, configuration, lock, ports, processes, reaper, record
from watchkeeper.stack.child import Child
from watchkeeper.stack.configuration import Purpose
from watchkeeper.stack.layout import Layout
from watchkeeper.stack.lock import Lock
from watchkeeper.stack.ports import Ports
from watchkeeper.stack.record import Phase, Record
from watchkeeper.stack.saying import Refusal, Say
from watchkeeper.stack.summary import commands

_PREDECESSOR_SECONDS = 12.0
"""A supervisor that was just ended, and its reaper, are given so long to be gone."""

_LOOK_AGAIN_SECONDS = 0.2

_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONPATH", "SSL_CERT_FILE")


class AlreadyRunning(Refusal):
    def __init__(self, layout: Layout, running: Record) -> None:
        super().__init__(
            f"already running (process {running.pid}, {running.phase}): console at {running.console}\n"
            f"Stop it with: {commands(layout)('down')}"
        )


@dataclass(frozen=True, slots=True)
class Prepared:
    """A stack that can be started."""

    layout: Layout
    purpose: Purpose
    ports: Ports
    children: tuple[Child, ...]
    targets: tuple[str, ...]
    """Addresses whose metrics are scraped."""
    token: str


def claim(layout: Layout) -> Lock:
    """Take the state directory for this process; raises `Refusal` when it is not ours to take."""
    if layout.root.is_dir() and not layout.lock.exists() and any(layout.root.iterdir()):
        raise Refusal(f"{layout.root} holds other things: name a directory of its own with --state")
    try:
        for directory in (layout.root, layout.secrets, layout.data, layout.logs):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        held = _lock(layout)
    except OSError as error:
        raise Refusal(f"{layout.root} cannot be used: {error.strerror}") from error
    _end_leftovers(layout)
    return held


def _lock(layout: Layout) -> Lock:
    deadline = time.monotonic() + _PREDECESSOR_SECONDS
    while True:
        running = record.running(layout)
        if running is not None and running.phase is not Phase.STOPPING:
            raise AlreadyRunning(layout, running)
        with contextlib.suppress(lock.Held):
            return lock.acquire(layout.lock, wait_seconds=_LOOK_AGAIN_SECONDS)
        if time.monotonic() > deadline:
            raise Refusal(f"another process holds {layout.lock}: a stack is being started or stopped there")


def _end_leftovers(layout: Layout) -> None:
    """If supervisor and reaper were both killed, what they ran is still there."""
    old = record.read(layout.record)
    if old is not None:
        reaper.reap(old.leaders, old.token)
        layout.record.unlink()


def prepare(catalog: Catalog, purpose: Purpose, layout: Layout, *, first_port: int, say: Say) -> Prepared:
    """Write every file the children need. The state directory must have been claimed. Raises `Refusal`."""
    prometheus, alertmanager = engine("prometheus", say), engine("alertmanager", say)
    chosen = ports.choose(ports.NAMES if purpose.demo else ports.WITHOUT_DEMO, first=first_port)
    try:
        _write(catalog, purpose, layout, chosen)
    except OSError as error:
        raise Refusal(f"{error.filename or layout.root} cannot be written: {error.strerror}") from error
    watching = children.watching(layout, chosen, prometheus, alertmanager)
    return Prepared(
        layout,
        purpose,
        chosen,
        (*watching, *children.demonstrating(layout, chosen)) if purpose.demo else watching,
        tuple(target.address for target in configuration.targets(catalog, purpose, chosen)),
        new_token(),
    )


def _write(catalog: Catalog, purpose: Purpose, layout: Layout, chosen: Ports) -> None:
    files.write_tree(layout.config, configuration.documents(catalog, purpose, layout, chosen), mode=0o600)
    for name in ("prometheus", "alertmanager", "inbox", *(["demo"] if purpose.demo else [])):
        (layout.data / name).mkdir(parents=True, exist_ok=True, mode=0o700)


def new_token() -> str:
    """What tells this run's processes from all others."""
    return secrets.token_hex(16)


def engine(name: Name, say: Say) -> Engine:
    """The engine; Debian's packages are fetched when it is missing. Raises `Refusal` with what to do."""
    found = find(name)
    failure = ""
    if isinstance(found, Missing):
        say(f"{name} is not on this machine: getting Debian's package into {fetched()} (it is not installed)")
        try:
            debian.fetch(fetched())
        except debian.FetchError as error:
            failure = str(error)
        found = find(name)
    if isinstance(found, Missing):
        raise Refusal(advice.missing([found], failure))
    say(f"{name} {found.version or 'of unknown version'}: {found.path}")
    return found


def environment(token: str) -> dict[str, str]:
    """All that children inherit. Nothing they talk to is further away than this machine, so no proxy is asked."""
    kept = {name: value for name in _INHERITED if (value := os.environ.get(name)) is not None}
    kept["PATH"] = os.pathsep.join(part for part in kept.get("PATH", os.defpath).split(os.pathsep) if _absolute(part))
    return kept | {"NO_PROXY": "*", "no_proxy": "*", "PYTHONUNBUFFERED": "1", reaper.TOKEN_VARIABLE: token}


def _absolute(part: str) -> bool:
    return Path(part).is_absolute()


def own_identity() -> processes.Identity:
    identity = processes.identify(os.getpid())
    if identity is None:
        sys.exit("this process cannot be found in the process table")
    return identity
