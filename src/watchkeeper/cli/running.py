"""The stack that runs in a state directory, for verbs that ask it something."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import typer

from watchkeeper.live.alertmanager import Alertmanager
from watchkeeper.live.errors import LiveError
from watchkeeper.live.inbox import Inbox
from watchkeeper.live.prometheus import Prometheus
from watchkeeper.model import Credentials
from watchkeeper.stack import record
from watchkeeper.stack.layout import Layout
from watchkeeper.stack.ready import USERNAME
from watchkeeper.stack.record import Record
from watchkeeper.stack.summary import commands


class Running:
    """A running stack's record, and clients of its engines."""

    def __init__(self, layout: Layout, found: Record) -> None:
        self.record = found
        self._credentials = Credentials(USERNAME, str(layout.password))

    def prometheus(self) -> Prometheus:
        return Prometheus(self.record.prometheus, self._credentials)

    def alertmanager(self) -> Alertmanager:
        return Alertmanager(self.record.alertmanager, self._credentials)

    def inbox(self) -> Inbox:
        return Inbox(self.record.inbox)


def running_or_exit(state: Path) -> Running:
    layout = Layout.of(state)
    found = record.running(layout)
    if found is None:
        _end(f"no stack runs in {state}; start one with: {commands(layout)('up --demo --detach')}", code=2)
    return Running(layout, found)


@contextlib.contextmanager
def live_errors() -> Iterator[None]:
    """What an engine could not answer is printed as a sentence and ends the command with code 1."""
    try:
        yield
    except LiveError as error:
        _end(str(error), code=1)


def _end(text: str, *, code: int) -> NoReturn:
    typer.echo(f"watchkeeper: {text}", err=True)
    raise typer.Exit(code)
