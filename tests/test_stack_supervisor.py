"""The supervisor with small children of its own: order, readiness, restarts, giving up, stopping."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import psutil

from watchkeeper.stack.child import Child, Wave
from watchkeeper.stack.keeper import Surroundings
from watchkeeper.stack.ports import unused
from watchkeeper.stack.ready import Listening, Lives
from watchkeeper.stack.record import ChildRecord, ChildState, Phase
from watchkeeper.stack.restart import Policy
from watchkeeper.stack.saying import Tone
from watchkeeper.stack.supervisor import Supervisor

LISTEN = """
import signal, socket, sys
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen()
print("listening", flush=True)
signal.pause()
"""
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{LISTEN}"
WITH_CHILD = f"import subprocess; subprocess.Popen(['sleep', '600'])\n{LISTEN}"
# on SIGUSR1 it closes its listener and lives on: a process that is there and does not serve
DEAF = LISTEN.replace(
    "signal.pause()", "signal.signal(signal.SIGUSR1, lambda *_: listener.close())\nwhile True: signal.pause()"
)
QUICK = Policy(first_seconds=0.02, longest_seconds=0.05, crashes=4, crashes_before_ready=3)


def _python(program: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-S", "-E", "-c", program, *arguments)


def _listener(name: str, program: str = LISTEN, *, needs: tuple[str, ...] = (), wave: Wave = Wave.TRAFFIC) -> Child:
    port = unused()
    return Child(name, _python(program, str(port)), Listening((port,)), wave, port, needs=needs, checked=False)


@dataclass
class Told:
    """Remembers what the supervisor told the reaper, and what it said."""

    pids: set[int] = field(default_factory=set)
    ever: list[int] = field(default_factory=list)
    said: list[tuple[str, Tone]] = field(default_factory=list)

    def add(self, pid: int) -> None:
        self.pids.add(pid)
        self.ever.append(pid)

    def remove(self, pid: int) -> None:
        self.pids.discard(pid)

    def say(self, text: str, tone: Tone = Tone.QUIET) -> None:
        self.said.append((text, tone))

    @property
    def complaints(self) -> list[str]:
        return [text for text, tone in self.said if tone is Tone.BAD]


class Stage:
    """One supervisor at work, and what it does seen from outside."""

    def __init__(self, directory: Path, *children: Child, policy: Policy = QUICK, checks_failed: int = 3) -> None:
        self.told = Told()
        self.seen: list[tuple[ChildRecord, ...]] = []
        self.phases: list[Phase] = []
        self.stop = asyncio.Event()
        surroundings = Surroundings(
            directory,
            {"PATH": os.environ["PATH"], "MARK": "stage"},
            lambda name: directory / f"{name}.log",
            self.told,
            self.told.say,
            policy=policy,
            chance=lambda: 0.5,
            check_seconds=0.05,
            checks_failed=checks_failed,
        )
        self.supervisor = Supervisor(children, surroundings, self._changed)

    def _changed(self) -> None:
        self.seen.append(self.supervisor.records)
        if not self.phases or self.phases[-1] is not self.supervisor.phase:
            self.phases.append(self.supervisor.phase)

    def record(self, name: str) -> ChildRecord:
        return next(record for record in self.supervisor.records if record.name == name)

    def pid(self, name: str) -> int:
        pid = self.record(name).pid
        assert pid is not None
        return pid

    async def until(self, condition: Callable[[], object], seconds: float = 10.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - the condition is the state of another process
                await asyncio.sleep(0.01)

    def play(self, scene: Callable[["Stage"], Awaitable[None]] | None = None) -> bool:
        """Start, run the scene once everything is ready, stop. Afterwards nothing may be left."""
        outcome = asyncio.run(self._play(scene))
        assert self.told.pids == set(), "the reaper still believes in processes"
        assert not [pid for pid in self.told.ever if psutil.pid_exists(pid)]
        return outcome

    async def _play(self, scene: Callable[["Stage"], Awaitable[None]] | None) -> bool:
        started = asyncio.Event()
        running = asyncio.create_task(self.supervisor.run(self.stop, started.set))
        waiting = asyncio.create_task(started.wait())
        await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        try:
            if started.is_set() and scene is not None:
                await scene(self)
        finally:
            self.stop.set()
            outcome = await running
        return outcome


def test_children_start_in_order_of_need(tmp_path: Path) -> None:
    stage = Stage(
        tmp_path,
        _listener("agent", needs=("cache", "modules")),
        _listener("cache"),
        _listener("modules"),
        _listener("ingress", needs=("agent",)),
    )
    assert stage.play()
    ready = [text.split()[0] for text, tone in stage.told.said if tone is Tone.GOOD]
    assert set(ready[:2]) == {"cache", "modules"}
    assert ready[2:] == ["agent", "ingress"]
    # nothing exists before what it needs has been ready
    for records in stage.seen:
        by_name = {record.name: record for record in records}
        if by_name["agent"].pid:
            assert by_name["cache"].state in {ChildState.READY, ChildState.STOPPED}


def test_phases_of_a_quiet_life(tmp_path: Path) -> None:
    stage = Stage(tmp_path, _listener("one"), _listener("two", needs=("one",)))
    assert stage.play()
    assert stage.phases == [Phase.STARTING, Phase.READY, Phase.STOPPING]
    assert [record.state for record in stage.supervisor.records] == [ChildState.STOPPED] * 2


def test_children_get_their_surroundings_and_nothing_else(tmp_path: Path) -> None:
    program = "import os; print(sorted(os.environ), os.getcwd(), os.getsid(0) == os.getpid(), flush=True)\n" + LISTEN
    stage = Stage(tmp_path, _listener("one", program))
    assert stage.play()
    first = (tmp_path / "one.log").read_text().splitlines()[0]
    names, rest = first.split("] ")
    assert {"'MARK'", "'PATH'"} <= set(names.strip("[]").split(", ")) <= {"'MARK'", "'PATH'", "'LC_CTYPE'"}
    assert rest == f"{tmp_path} True"


def test_a_killed_child_is_back_and_counted(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        before = stage.pid("one")
        os.kill(before, signal.SIGKILL)
        await stage.until(lambda: stage.record("one").restarts == 1 and stage.record("one").state is ChildState.READY)
        assert stage.pid("one") != before
        assert stage.record("two").restarts == 0

    stage = Stage(tmp_path, _listener("one"), _listener("two", needs=("one",)))
    assert stage.play(scene)
    assert stage.told.complaints == ["one was ended by SIGKILL; starting it again in 0.0 s"]
    assert Phase.DEGRADED in stage.phases


def test_a_child_that_ends_by_itself_is_a_crash_even_with_code_0(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.until(lambda: stage.record("brief").restarts >= 1)

    brief = Child("brief", _python("import time; time.sleep(0.2)"), Lives(0.05), Wave.TRAFFIC)
    stage = Stage(tmp_path, brief)
    assert stage.play(scene)
    assert stage.told.complaints[0].startswith("brief ended with exit code 0; starting it again")


def test_what_a_killed_child_had_started_is_gone_before_it_is_back(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        [grandchild] = psutil.Process(stage.pid("one")).children()
        os.kill(stage.pid("one"), signal.SIGKILL)
        await stage.until(lambda: stage.record("one").restarts == 1 and stage.record("one").state is ChildState.READY)
        assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE

    assert Stage(tmp_path, _listener("one", WITH_CHILD)).play(scene)


def test_a_crash_loop_is_given_up_loudly_and_the_rest_goes_on(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        while stage.record("one").state is not ChildState.FAILED:
            if pid := stage.record("one").pid:
                os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.01)
        assert stage.supervisor.phase is Phase.FAILED
        assert stage.record("two").state is ChildState.READY

    stage = Stage(tmp_path, _listener("one"), _listener("two"))
    assert stage.play(scene)
    # four crashes are allowed: three restarts, then the end
    assert [text.split("; ")[0] for text in stage.told.complaints[:3]] == ["one was ended by SIGKILL"] * 3
    assert stage.told.complaints[3].startswith("one is given up: was ended by SIGKILL")
    assert len(stage.told.complaints) == 4


def test_crashes_outside_the_window_are_forgotten(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        def back(restarts: int) -> bool:
            return stage.record("one").restarts == restarts and stage.record("one").state is ChildState.READY

        for number in range(1, 7):
            os.kill(stage.pid("one"), signal.SIGKILL)
            await stage.until(partial(back, number))

    # more crashes than allowed, but never four within a hundredth of a second
    stage = Stage(tmp_path, _listener("one"), policy=replace(QUICK, window_seconds=0.01))
    assert stage.play(scene)


def test_one_that_cannot_start_fails_the_whole_with_its_last_words(tmp_path: Path) -> None:
    broken = Child(
        "broken", _python("import sys; print('config.yml: no such file'); sys.exit(3)"), Lives(5), Wave.TRAFFIC
    )
    stage = Stage(tmp_path, _listener("fine"), broken, _listener("later", needs=("broken",)))
    assert not stage.play()
    assert stage.told.complaints[-1].splitlines()[0] == "broken is given up: ended with exit code 3"
    assert "    config.yml: no such file" in stage.told.complaints[-1].splitlines()
    assert not (tmp_path / "later.log").exists()


def test_a_missing_binary_is_named(tmp_path: Path) -> None:
    absent = Child("engine", (str(tmp_path / "no-such-engine"),), Lives(0.1), Wave.TRAFFIC)
    stage = Stage(tmp_path, absent)
    assert not stage.play()
    assert stage.told.complaints[-1] == (
        f"engine is given up: cannot be started (No such file or directory: {tmp_path / 'no-such-engine'})"
    )


def test_a_taken_port_ends_the_start_with_the_reason(tmp_path: Path) -> None:
    first, second = _listener("first"), _listener("second")
    colliding = replace(second, command=(*second.command[:-1], str(first.port)), needs=("first",))
    stage = Stage(tmp_path, first, colliding)
    assert not stage.play()
    assert "OSError: [Errno 98] Address already in use" in stage.told.complaints[-1]


def test_one_that_is_never_ready_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    dumb = Child(
        "dumb", _python("import signal; signal.pause()"), Listening((unused(),)), Wave.TRAFFIC, patience_seconds=0.1
    )
    stage = Stage(tmp_path, dumb)
    assert not stage.play()
    assert stage.told.complaints[0].startswith("dumb was not ready within 0.1 s; starting it again")


def test_one_that_stops_answering_is_started_again(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        frozen = stage.pid("one")
        os.kill(frozen, signal.SIGUSR1)
        await stage.until(lambda: stage.record("one").restarts == 1 and stage.record("one").state is ChildState.READY)
        assert stage.pid("one") != frozen

    stage = Stage(tmp_path, replace(_listener("one", DEAF), checked=True))
    assert stage.play(scene)
    assert stage.told.complaints[0].startswith("one does not answer any more; starting it again")


def test_the_demo_may_be_ill(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        ill = stage.pid("ill")
        os.kill(ill, signal.SIGUSR1)
        os.kill(stage.pid("watched"), signal.SIGUSR1)
        # long enough for the watched one to be noticed, started again and noticed to be well
        await stage.until(lambda: stage.record("watched").restarts == 1)
        assert stage.pid("ill") == ill

    stage = Stage(tmp_path, _listener("ill", DEAF), replace(_listener("watched", DEAF), checked=True))
    assert stage.play(scene)


def test_waves_stop_one_after_the_other(tmp_path: Path) -> None:
    end = "lambda *_: (print('ended', time.monotonic(), flush=True), sys.exit())"
    reporting = LISTEN.replace("signal.pause()", f"import time; signal.signal(signal.SIGTERM, {end}); signal.pause()")
    names = {"inbox": Wave.RECEIVING, "alertmanager": Wave.ROUTING, "prometheus": Wave.WATCHERS, "load": Wave.TRAFFIC}
    stage = Stage(tmp_path, *(_listener(name, reporting, wave=wave) for name, wave in names.items()))
    assert stage.play()
    ended = {name: float((tmp_path / f"{name}.log").read_text().split("ended ")[1]) for name in names}
    assert sorted(ended, key=ended.__getitem__) == ["load", "prometheus", "alertmanager", "inbox"]


def test_one_that_ignores_the_request_is_killed_within_its_waves_time(tmp_path: Path) -> None:
    stage = Stage(tmp_path, _listener("stubborn", STUBBORN, wave=Wave.RECEIVING), _listener("polite"))
    before = time.monotonic()
    assert stage.play()
    assert 1.0 <= time.monotonic() - before < 5.0


def test_kill_does_not_wait_for_anybody(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        stage.stop.set()
        await stage.until(lambda: stage.supervisor.phase is Phase.STOPPING)
        before = time.monotonic()
        await stage.supervisor.kill()
        assert time.monotonic() - before < 1.0

    assert Stage(tmp_path, _listener("stubborn", STUBBORN), _listener("two", STUBBORN)).play(scene)


def test_stop_during_the_start_leaves_nothing(tmp_path: Path) -> None:
    slow = Child("slow", _python("import signal; signal.pause()"), Listening((unused(),)), Wave.TRAFFIC)
    stage = Stage(tmp_path, slow, _listener("waiting", needs=("slow",)))

    async def play() -> bool:
        running = asyncio.create_task(stage.supervisor.run(stage.stop, lambda: None))
        await stage.until(lambda: stage.record("slow").pid)
        stage.stop.set()
        return await running

    # somebody wanted it to stop: that is no failed start
    assert asyncio.run(play())
    assert stage.told.pids == set()
    assert not [pid for pid in stage.told.ever if psutil.pid_exists(pid)]


def test_processes_are_named_in_the_record(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        record = stage.record("one")
        process = psutil.Process(stage.pid("one"))
        assert record.started is not None
        assert abs(process.create_time() - record.started) < 1
        assert record.port == psutil_port(process)

    def psutil_port(process: psutil.Process) -> int:
        [connection] = process.net_connections()
        return int(connection.laddr.port)

    assert Stage(tmp_path, _listener("one")).play(scene)
