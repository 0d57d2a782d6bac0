"""What a notification passes on its way: a real Alertmanager and a real inbox, configured as the stack does it."""

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2

from watchkeeper import conventions, files, spec
from watchkeeper.engines import Engine
from watchkeeper.engines.arguments import Server
from watchkeeper.engines.arguments import alertmanager as arguments
from watchkeeper.engines.process import Login, answers, run
from watchkeeper.live.alertmanager import Alertmanager
from watchkeeper.live.inbox import Inbox
from watchkeeper.model import Catalog, Credentials, Receiver, Route, Timing, Webhook
from watchkeeper.quantity import Duration
from watchkeeper.stack import configuration, ports, preparation, record
from watchkeeper.stack.configuration import Purpose
from watchkeeper.stack.layout import Layout
from watchkeeper.stack.ready import USERNAME
from watchkeeper.stack.record import Phase, Record

SILENT = "http://127.0.0.1:9"
SHORT = Timing(Duration.of(), Duration.of(seconds=1), Duration.of(hours=1))


@dataclass(frozen=True)
class World:
    layout: Layout
    inbox_url: str
    alertmanager_url: str

    def alertmanager(self) -> Alertmanager:
        return Alertmanager(self.alertmanager_url, Credentials(USERNAME, str(self.layout.password)))

    def inbox(self) -> Inbox:
        return Inbox(self.inbox_url)

    def silence(self, **labels: str) -> str:
        """A silence for an hour; returns its identifier."""
        now = datetime.now(UTC)
        document = {
            "matchers": [{"name": n, "value": v, "isRegex": False, "isEqual": True} for n, v in labels.items()],
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(hours=1)).isoformat(),
            "createdBy": "someone",
            "comment": "deploying",
        }
        login = (USERNAME, self.layout.password.read_text())
        url = f"{self.alertmanager_url}/api/v2/silences"
        return str(httpx2.post(url, json=document, auth=login, trust_env=False).json()["silenceID"])

    @contextmanager
    def wrong_key(self, *receivers: str) -> Iterator[None]:
        """Alertmanager reads key files at every notification; the inbox knows only what was there before."""
        kept = {self.layout.secrets / name: (self.layout.secrets / name).read_text() for name in receivers}
        try:
            for path, secret in kept.items():
                path.write_text(secret[:-6] + "000000")
            yield
        finally:
            for path, secret in kept.items():
                path.write_text(secret)


def recorded(layout: Layout, *, inbox: str = SILENT, alertmanager: str = SILENT, prometheus: str = SILENT) -> None:
    """Make this very process the stack that runs in a state directory."""
    me = preparation.own_identity()
    layout.secrets.mkdir(parents=True, exist_ok=True)
    if not layout.password.exists():
        layout.password.write_text("word")
    record.write(
        layout,
        Record(me.pid, me.started, True, "demo", Phase.READY, SILENT, inbox, prometheus, alertmanager, {}, (), "t"),
    )


@contextmanager
def world(engine: Engine, root: Path) -> Iterator[World]:
    """The shipped definitions, except: everything at once and at every hour, and two routes of its own."""
    layout = Layout.of(root)
    chosen = ports.choose(ports.WITHOUT_DEMO, free=lambda _: False)
    layout.root.mkdir(exist_ok=True)
    documents = configuration.documents(_catalog(), Purpose(False, "demo", None), layout, chosen)
    known = root / "known-to-the-inbox"
    shutil.copytree(layout.secrets, known)
    settings = json.loads(documents["inbox.json"]) | {"secrets": str(known)}
    files.write_tree(layout.config, documents | {"inbox.json": json.dumps(settings)}, mode=0o600)
    for name in ("inbox", "alertmanager"):
        (layout.data / name).mkdir(parents=True)
    url = chosen.url("alertmanager")
    config = layout.config / conventions.ALERTMANAGER_FILE
    server = Server(chosen["alertmanager"], config, layout.data / "alertmanager", layout.config / "web.yml")
    login = Login(USERNAME, layout.password.read_text())
    with (
        _inbox(layout, chosen.url("inbox")),
        run(engine, arguments(server), url=url, log=root / "alertmanager.log", login=login),
    ):
        recorded(layout, inbox=chosen.url("inbox"), alertmanager=url)
        yield World(layout, chosen.url("inbox"), url)


def _catalog() -> Catalog:
    catalog = spec.load().catalog
    assert catalog is not None
    routes = [replace(route, timing=SHORT, active=(), mute=()) for route in catalog.routing.routes]
    # one receiver by two routes, and its address is not called like it
    twice = Route((("service", ("twice",)),), ("ops-bot", "ops-bot"), SHORT)
    nowhere = Route((("service", ("nowhere",)),), ("console-only",), SHORT)
    routing = replace(catalog.routing, routes=(twice, nowhere, *routes))
    return replace(catalog, routing=routing, receivers=(*catalog.receivers, Receiver("ops-bot", Webhook("bot"))))


@contextmanager
def _inbox(layout: Layout, url: str) -> Iterator[None]:
    command = [sys.executable, "-m", "watchkeeper.inbox", "--config", str(layout.config / "inbox.json")]
    process = subprocess.Popen(command)
    deadline, pause = time.monotonic() + 20, threading.Event()
    try:
        while not answers(f"{url}/health"):
            assert process.poll() is None, "the inbox ended"
            assert time.monotonic() < deadline, "the inbox does not answer"
            pause.wait(0.05)
        yield
    finally:
        process.kill()
        process.wait()
