"""Why a process ended: by code, last words and the kernel's count; and the supervisor's counts of it."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from test_stack_supervisor import DEAF, QUICK, Stage, _listener, _python
from watchkeeper.stack.child import Child, Wave
from watchkeeper.stack.exits import Cause, KernelKills, cause_of, last_words, oom_kills
from watchkeeper.stack.ready import Lives
from watchkeeper.stack.record import ChildState

KILLED = -signal.SIGKILL


def kernel(directory: Path, kills: int) -> Path:
    file = directory / "vmstat"
    file.write_text(f"pgfault 12\noom_kill {kills}\noom_kill_disable 3\n")
    return file


@pytest.fixture
def quiet(tmp_path: Path) -> KernelKills:
    return KernelKills(kernel(tmp_path, 7))


@pytest.mark.parametrize(
    ("code", "words", "expected"),
    [
        (0, "", Cause.EXIT),
        (3, "Traceback (most recent call last):\nKeyError: 'a'\n", Cause.EXIT),
        (1, '{"timestamp":"2026","level":"FATAL","message":"no disk"}\n', Cause.FATAL),
        (1, '{"level": "fatal"}\n', Cause.FATAL),
        (1, "ts=2026 level=fatal msg=gone\n", Cause.FATAL),
        (1, "2026-11-26 FATAL cannot listen\n", Cause.FATAL),
        (1, "it is not fatalistic, only nonfatality\n", Cause.EXIT),
        (-signal.SIGTERM, "", Cause.SIGNAL),
        (-signal.SIGSEGV, "", Cause.SIGNAL),
        (-signal.SIGABRT, "FATAL: stack smashed\n", Cause.FATAL),
        (KILLED, "", Cause.SIGNAL),
    ],
)
def test_causes(quiet: KernelKills, code: int, words: str, expected: Cause) -> None:
    assert cause_of(code, words, quiet) is expected


def test_a_kill_while_the_kernel_counts_one_is_its_own(tmp_path: Path, quiet: KernelKills) -> None:
    kernel(tmp_path, 8)
    assert cause_of(KILLED, "", quiet) is Cause.OOM
    assert cause_of(KILLED, "FATAL\n", quiet) is Cause.OOM
    # it sends no other signal, and a process that ends by itself was not killed
    assert cause_of(-signal.SIGTERM, "", quiet) is Cause.SIGNAL
    assert cause_of(137, "", quiet) is Cause.EXIT


def test_an_old_kill_is_not_blamed_for_a_new_end(tmp_path: Path, quiet: KernelKills) -> None:
    kernel(tmp_path, 8)
    quiet.look()
    quiet.look()
    assert quiet.recent()  # within the last three looks
    quiet.look()
    assert not quiet.recent()
    assert cause_of(KILLED, "", quiet) is Cause.SIGNAL


def test_a_kernel_that_says_nothing(tmp_path: Path) -> None:
    assert oom_kills(tmp_path / "missing") is None
    silent = KernelKills(tmp_path / "missing")
    silent.look()
    assert not silent.recent()
    (tmp_path / "vmstat").write_text("pgfault 1\n")
    assert oom_kills(tmp_path / "vmstat") is None


def test_last_words_are_those_of_this_life(tmp_path: Path) -> None:
    log = tmp_path / "one.log"
    log.write_text("first life\nsecond life\n")
    assert last_words(log, len("first life\n")) == "second life\n"
    log.write_text("cut\n")  # rotated: shorter than where the life began
    assert last_words(log, 11) == "cut\n"
    log.write_text("x" * 100_000 + "end")
    assert last_words(log, 5) == "x" * (65536 - 3) + "end"
    assert last_words(tmp_path / "missing", 0) == ""


# --- the supervisor's counts ----------------------------------------------------------------------


def _back(stage: Stage, restarts: int) -> bool:
    record = stage.record("one")
    return record.restarts == restarts and record.state is ChildState.READY


def test_every_end_that_nobody_asked_for_is_counted(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        assert stage.record("one").exits == {}
        os.kill(stage.pid("one"), signal.SIGKILL)
        await stage.until(lambda: _back(stage, 1))
        assert stage.record("one").exits == {"signal": 1}
        os.kill(stage.pid("one"), signal.SIGTERM)
        await stage.until(lambda: _back(stage, 2))
        assert stage.record("one").exits == {"signal": 2}
        assert stage.record("two").exits == {}

    stage = Stage(tmp_path, _listener("one"), _listener("two"))
    assert stage.play(scene)
    assert stage.record("two").exits == {}, "being stopped is no unexpected end"
    assert stage.record("one").exits == {"signal": 2}


def test_what_a_process_says_before_it_ends_counts_for_that_life_alone(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys, time\n"
        "first = not pathlib.Path('was-here').exists()\n"
        "pathlib.Path('was-here').touch()\n"
        "print('level=fatal' if first else 'level=info', flush=True)\n"
        "time.sleep(0.1)\n"
        "sys.exit(4)\n"
    )

    async def scene(stage: Stage) -> None:
        await stage.until(lambda: stage.record("brief").restarts >= 2)

    stage = Stage(
        tmp_path, Child("brief", _python(program), Lives(0.05), Wave.TRAFFIC), policy=replace(QUICK, crashes=9)
    )
    assert stage.play(scene)
    exits = stage.record("brief").exits
    assert exits["fatal"] == 1
    assert exits["exit"] >= 1


def test_one_that_is_ended_because_it_does_not_answer_was_signalled(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        os.kill(stage.pid("one"), signal.SIGUSR1)
        await stage.until(lambda: _back(stage, 1))

    stage = Stage(tmp_path, replace(_listener("one", DEAF), checked=True))
    assert stage.play(scene)
    assert stage.record("one").exits == {"signal": 1}


def test_what_never_began_did_not_end(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Child("engine", (str(tmp_path / "no-such-engine"),), Lives(0.1), Wave.TRAFFIC))
    assert not stage.play()
    assert stage.record("engine").exits == {}
