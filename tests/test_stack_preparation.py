"""Before the first process: whose directory it is, who else is there, what children may inherit."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from watchkeeper.engines import debian, places
from watchkeeper.stack import lock, preparation, processes, record, stopping
from watchkeeper.stack.layout import Layout
from watchkeeper.stack.preparation import AlreadyRunning
from watchkeeper.stack.reaper import TOKEN_VARIABLE
from watchkeeper.stack.record import ChildRecord, ChildState, Phase, Record
from watchkeeper.stack.saying import Refusal, Tone


def _silent(text: str, tone: Tone = Tone.QUIET) -> None: ...


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout.of(tmp_path / "state")


def _record(children: tuple[ChildRecord, ...] = (), token: str = "") -> Record:
    me = preparation.own_identity()
    return Record(
        pid=me.pid,
        started=me.started,
        demo=True,
        environment="demo",
        phase=Phase.READY,
        console="http://127.0.0.1:8460",
        inbox="http://127.0.0.1:1",
        prometheus="http://127.0.0.1:2",
        alertmanager="http://127.0.0.1:3",
        ports={"console": 8460},
        children=children,
        token=token,
    )


def test_a_claim_makes_a_private_directory(layout: Layout) -> None:
    held = preparation.claim(layout)
    assert {path.name for path in layout.root.iterdir()} == {"data", "lock", "logs", "secrets"}
    assert {path.stat().st_mode & 0o077 for path in (layout.root, layout.secrets, layout.data, layout.logs)} == {0}
    held.release()
    preparation.claim(layout).release()


def test_a_directory_with_other_things_is_left_alone(layout: Layout) -> None:
    layout.data.mkdir(parents=True)
    (layout.data / "thesis.txt").write_text("years of work")
    with pytest.raises(Refusal, match="holds other things: name a directory of its own with --state"):
        preparation.claim(layout)
    with pytest.raises(Refusal, match="was not made by watchkeeper up: nothing is dropped"):
        stopping.purge(layout)
    assert (layout.data / "thesis.txt").exists()
    assert not layout.lock.exists()


def test_a_path_that_cannot_be_a_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refusal, match=r"file/state cannot be used: Not a directory"):
        preparation.claim(Layout(tmp_path / "file" / "state"))


def test_whoever_runs_is_named(layout: Layout) -> None:
    held = preparation.claim(layout)
    record.write(layout, _record())
    with pytest.raises(AlreadyRunning, match=f"already running \\(process {os.getpid()}, ready\\): console at http:"):
        preparation.claim(layout)
    held.release()


def test_a_holder_without_a_record_is_waited_for_and_then_named(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparation, "_PREDECESSOR_SECONDS", 0.1)
    held = preparation.claim(layout)
    with pytest.raises(Refusal, match="a stack is being started or stopped there"):
        preparation.claim(layout)
    held.release()


def test_leftovers_of_a_dead_stack_are_ended(layout: Layout) -> None:
    preparation.claim(layout).release()
    environment = {**os.environ, TOKEN_VARIABLE: "of-a-dead-stack"}
    with subprocess.Popen(["/bin/sleep", "600"], env=environment, start_new_session=True) as orphan:
        identity = processes.identify(orphan.pid)
        assert identity is not None
        child = ChildRecord("agent", ChildState.READY, orphan.pid, identity.started, 8465, 0)
        # its supervisor was a process that is not there any more
        record.write(layout, replace_pid(_record((child,), "of-a-dead-stack"), 2**22 - 1))
        preparation.claim(layout).release()
        assert orphan.wait(5) == -15
    assert not layout.record.exists()


def replace_pid(old: Record, pid: int) -> Record:
    return msgspec.structs.replace(old, pid=pid)


def test_a_number_used_again_is_not_the_process_that_had_it(layout: Layout) -> None:
    """A stranger has the number of a dead supervisor's child: it must live."""
    preparation.claim(layout).release()
    with subprocess.Popen(["/bin/sleep", "600"], start_new_session=True) as stranger:
        identity = processes.identify(stranger.pid)
        assert identity is not None
        child = ChildRecord("agent", ChildState.READY, stranger.pid, identity.started - 3600, 8465, 0)
        dead = replace_pid(_record((child,), "of-a-dead-stack"), 2**22 - 1)
        record.write(layout, dead)
        preparation.claim(layout).release()
        assert stranger.poll() is None
        assert not processes.alive(replace(identity, started=identity.started - 3600))
        assert processes.alive(identity)
        stranger.kill()


def test_a_record_of_another_version_is_no_record(layout: Layout) -> None:
    layout.root.mkdir()
    layout.record.write_text('{"pid": 1}')
    assert record.read(layout.record) is None
    layout.record.write_text("not json")
    assert record.read(layout.record) is None
    assert record.running(layout) is None


def test_a_record_survives_being_written(layout: Layout) -> None:
    layout.root.mkdir()
    written = _record((ChildRecord("load", ChildState.WAITING, None, None, None, 2),))
    record.write(layout, written)
    assert record.read(layout.record) == written
    assert layout.record.stat().st_mode & 0o777 == 0o600
    assert record.running(layout) == written


def test_children_inherit_little(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "LD_PRELOAD": "/opt/evil.so",
        "HTTP_PROXY": "http://proxy.example",
        "AWS_SECRET_ACCESS_KEY": "x",
        "PYTHONSTARTUP": "/opt/x.py",
        "LANG": "de_DE.UTF-8",
        "PATH": "/usr/bin:.::relative/bin:/bin",
    }.items():
        monkeypatch.setenv(name, value)
    environment = preparation.environment("token")
    assert environment["PATH"] == "/usr/bin:/bin"
    assert environment["LANG"] == "de_DE.UTF-8"
    assert environment["NO_PROXY"] == "*"
    assert environment[TOKEN_VARIABLE] == "token"
    assert not {"LD_PRELOAD", "HTTP_PROXY", "AWS_SECRET_ACCESS_KEY", "PYTHONSTARTUP"} & set(environment)


def test_where_no_engine_can_be_had_the_start_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv(places.VARIABLE, str(tmp_path / "engines"))
    with pytest.raises(Refusal) as refused:
        preparation.engine("prometheus", _silent)
    text = str(refused.value)
    assert text.startswith(
        f"prometheus not found: not on PATH, not in {tmp_path}/engines.\nGetting them by itself failed"
    )
    assert "brew install prometheus alertmanager" in text


def test_a_missing_engine_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/bin")
    monkeypatch.setenv(places.VARIABLE, str(tmp_path))

    def fetch(directory: Path) -> Path:
        binary = directory / "debian/usr/bin/prometheus"
        binary.parent.mkdir(parents=True)
        binary.write_text("#!/bin/sh\necho 'prometheus, version 2.42.0 (x)'\n")
        binary.chmod(0o755)
        return directory / "debian"

    monkeypatch.setattr(debian, "fetch", fetch)
    said: list[str] = []

    def say(text: str, tone: Tone = Tone.QUIET) -> None:
        said.append(f"{tone}: {text}")

    found = preparation.engine("prometheus", say)
    assert found.version == "2.42.0"
    assert said[0].startswith("quiet: prometheus is not on this machine: getting Debian's package into")


def test_purge_drops_what_a_stack_made_and_nothing_else(layout: Layout) -> None:
    preparation.claim(layout).release()
    (layout.data / "prometheus").mkdir()
    (layout.root / "notes.txt").write_text("mine")
    stopping.purge(layout)
    assert [path.name for path in layout.root.iterdir()] == ["notes.txt"]
    (layout.root / "notes.txt").unlink()
    layout.root.rmdir()
    preparation.claim(layout).release()
    stopping.purge(layout)
    assert not layout.root.exists()
    stopping.purge(layout)


def test_purge_waits_for_nobody(layout: Layout) -> None:
    held = preparation.claim(layout)
    with pytest.raises(Refusal, match=r"a stack runs in .*: nothing is dropped"):
        stopping.purge(layout)
    held.release()
    assert layout.data.is_dir()


def test_stop_where_nothing_runs(layout: Layout) -> None:
    assert not stopping.stop(layout)
    preparation.claim(layout).release()
    assert not stopping.stop(layout)


def test_what_even_kill_does_not_end_is_reported() -> None:
    now = iter(float(second) for second in range(100))
    with subprocess.Popen([sys.executable, "-S", "-c", "import signal; signal.pause()"]) as process:
        # a finder that never stops finding stands for a process in uninterruptible sleep
        assert processes.end(lambda: {process.pid}, patience_seconds=2, clock=lambda: next(now)) == {process.pid}
        assert process.wait(5) < 0


def test_the_lock_is_not_lost_with_its_file(layout: Layout) -> None:
    held = preparation.claim(layout)
    with pytest.raises(lock.Held):
        lock.acquire(layout.lock)
    held.release()
