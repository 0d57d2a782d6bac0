"""The supervisor process: from a prepared stack to its last process gone."""

import asyncio
import contextlib
import signal
from collections.abc import Callable

from watchkeeper.stack import logs, preparation, record
from watchkeeper.stack.exits import LOOK_SECONDS, KernelKills
from watchkeeper.stack.keeper import Surroundings
from watchkeeper.stack.layout import Layout
from watchkeeper.stack.leash import Leash
from watchkeeper.stack.lock import Lock
from watchkeeper.stack.preparation import Prepared
from watchkeeper.stack.record import Record
from watchkeeper.stack.saying import Say, Tone
from watchkeeper.stack.supervisor import Supervisor

_RECORD_SECONDS = 0.1
_ROTATE_SECONDS = 10.0
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def run(prepared: Prepared, held: Lock, *, say: Say, started: Callable[[], None]) -> bool:
    """Until a stop signal. False if the stack could not be started. Removes the record; the lock stays the caller's."""
    try:
        return asyncio.run(_run(prepared, held, say, started))
    finally:
        prepared.layout.record.unlink(missing_ok=True)


async def _run(prepared: Prepared, held: Lock, say: Say, started: Callable[[], None]) -> bool:
    layout, environment = prepared.layout, preparation.environment(prepared.token)
    leash = Leash(
        layout.record, prepared.token, lock=held.descriptor, log=layout.log("reaper"), environment=environment
    )
    surroundings = Surroundings(layout.root, environment, layout.log, leash, say)
    recorder = Recorder(layout, lambda: _record(prepared, supervisor))
    supervisor = Supervisor(prepared.children, surroundings, recorder.changed)
    recorder.write()
    await leash.tie()
    chores = (asyncio.create_task(_rotate(layout)), asyncio.create_task(_look_at(surroundings.kernel)))
    try:
        return await supervisor.run(_stop_on_signals(supervisor, say), started)
    finally:
        for chore in chores:
            chore.cancel()
        recorder.close()
        await leash.untie()


def _stop_on_signals(supervisor: Supervisor, say: Say) -> asyncio.Event:
    """Set at the first signal; a second one means that asking politely takes too long."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    killing: list[asyncio.Task[None]] = []

    def received(number: signal.Signals) -> None:
        if stop.is_set():
            killing.append(loop.create_task(supervisor.kill()))
            return
        stop.set()
        say(f"{number.name}: stopping", Tone.QUIET)

    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, received, number)
    return stop


def _record(prepared: Prepared, supervisor: Supervisor) -> Record:
    ports, me = prepared.ports, preparation.own_identity()
    return Record(
        pid=me.pid,
        started=me.started,
        demo=prepared.purpose.demo,
        environment=prepared.purpose.environment,
        phase=supervisor.phase,
        console=ports.url("console"),
        inbox=ports.url("inbox"),
        prometheus=ports.url("prometheus"),
        alertmanager=ports.url("alertmanager"),
        ports=dict(ports.by_name),
        children=supervisor.records,
        token=prepared.token,
    )


class Recorder:
    """Writes `run.json` soon after a change, and not for each of twenty changes in the same moment."""

    def __init__(self, layout: Layout, current: Callable[[], Record]) -> None:
        self._layout = layout
        self._current = current
        self._timer: asyncio.TimerHandle | None = None

    def changed(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_RECORD_SECONDS, self.write)

    def write(self) -> None:
        self._timer = None
        # a full disk must not end what still works; the next change tries again
        with contextlib.suppress(OSError):
            record.write(self._layout, self._current())

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


async def _look_at(kernel: KernelKills) -> None:
    while True:
        kernel.look()
        await asyncio.sleep(LOOK_SECONDS)


async def _rotate(layout: Layout) -> None:
    while True:
        for name in logs.names(layout.logs):
            with contextlib.suppress(OSError):
                logs.rotate(layout.log(name))
        await asyncio.sleep(_ROTATE_SECONDS)
