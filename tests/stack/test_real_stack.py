"""The stack with its real engines, through the command as a person types it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import psutil
import pytest

from http_bench import ask
from watchkeeper.engines import Engine
from watchkeeper.engines.process import Login
from watchkeeper.stack import ports, record, stopping
from watchkeeper.stack.layout import Layout
from watchkeeper.stack.record import Phase, Record

pytestmark = [pytest.mark.stack, pytest.mark.engine]

Facts: TypeAlias = "dict[str, str | int | bool | list[dict[str, str | int | None]] | None]"


class Command:
    """`watchkeeper` in a directory of its own."""

    def __init__(self, here: Path) -> None:
        self.layout = Layout.of(here / ".watchkeeper")
        self._here = here
        # a range of its own, so that this machine's other stacks do not matter
        self.base = str(min(ports.unused(), 60000))

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "watchkeeper.cli", *arguments],
            cwd=self._here,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def facts(self) -> Facts:
        facts: Facts = json.loads(self("status", "--json").stdout)
        return facts

    @property
    def record(self) -> Record:
        current = record.running(self.layout)
        assert current is not None
        return current


@pytest.fixture(scope="module")
def watchkeeper(
    prometheus: Engine, alertmanager: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Command]:
    """One stack without the demo, running for all tests of this module."""
    assert {prometheus.name, alertmanager.name} == {"prometheus", "alertmanager"}
    command = Command(tmp_path_factory.mktemp("stack"))
    done = command("up", "--detach", "--port-base", command.base)
    assert done.returncode == 0, done.stdout + done.stderr
    yield command
    stopping.stop(command.layout)


def test_everything_answers(watchkeeper: Command) -> None:
    now = watchkeeper.record
    login = Login("watchkeeper", watchkeeper.layout.password.read_text())
    assert ask(f"{now.console}/health")[0] == 200
    assert ask(f"{now.inbox}/health")[0] == 200
    for engine in (now.prometheus, now.alertmanager):
        assert ask(f"{engine}/-/ready", Authorization=login.header)[0] == 200


def test_engines_refuse_strangers_and_foreign_pages(watchkeeper: Command) -> None:
    now = watchkeeper.record
    login = Login("watchkeeper", watchkeeper.layout.password.read_text())
    for url in (f"{now.prometheus}/api/v1/query?query=1", f"{now.alertmanager}/api/v2/silences"):
        assert ask(url)[0] == 401
        status, headers = ask(url, "OPTIONS", Origin="http://evil.example", Access_Control_Request_Method="POST")
        assert status == 401
        assert "access-control-allow-origin" not in headers
    headers = ask(f"{now.prometheus}/api/v1/query?query=1", Authorization=login.header, Origin="http://evil.example")[1]
    assert "access-control-allow-origin" not in headers


def test_nothing_listens_beyond_loopback(watchkeeper: Command) -> None:
    supervisor = psutil.Process(watchkeeper.record.pid)
    listening = [
        connection.laddr.ip
        for process in supervisor.children(recursive=True)
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening
    assert set(listening) == {"127.0.0.1"}


def test_status_tells_the_same_as_the_record(watchkeeper: Command) -> None:
    facts = watchkeeper.facts()
    assert (facts["running"], facts["healthy"], facts["demo"], facts["pages"]) == (True, True, False, 0)
    children = facts["children"]
    assert isinstance(children, list)
    assert [child["name"] for child in children] == [
        "inbox",
        "alertmanager",
        "prometheus",
        "reconciler",
        "console",
        "host",
    ]
    assert {child["restarts"] for child in children} == {0}


def test_a_second_up_says_so(watchkeeper: Command) -> None:
    for arguments in (("up",), ("up", "--detach"), ("up", "--demo")):
        second = watchkeeper(*arguments)
        assert second.returncode == 1
        text = second.stdout + second.stderr
        assert (
            f"already running (process {watchkeeper.record.pid}, ready): console at {watchkeeper.record.console}"
            in text
        )


def test_a_killed_prometheus_is_back_in_a_second(watchkeeper: Command, until: Callable[..., None]) -> None:
    def prometheus() -> record.ChildRecord:
        [child] = [child for child in watchkeeper.record.children if child.name == "prometheus"]
        return child

    pid = prometheus().pid
    assert pid is not None
    before = prometheus().restarts
    os.kill(pid, signal.SIGKILL)
    until(lambda: prometheus().restarts == before + 1 and watchkeeper.record.phase is Phase.READY, 5)
    assert prometheus().pid != pid


def test_secrets_are_in_no_process_list_and_no_log(watchkeeper: Command) -> None:
    secrets = [path.read_text() for path in watchkeeper.layout.secrets.iterdir()]
    processes = psutil.Process(watchkeeper.record.pid).children(recursive=True)
    shown = [" ".join(process.cmdline()) + str(process.environ()) for process in processes]
    logs = [path.read_text(errors="replace") for path in watchkeeper.layout.logs.iterdir()]
    assert not [text for text in (*shown, *logs) for secret in secrets if secret in text]


def test_logs_can_be_read(watchkeeper: Command) -> None:
    done = watchkeeper("stack", "logs", "prometheus", "-n", "200")
    assert done.returncode == 0
    assert "Server is ready to receive web requests" in done.stdout


def test_data_is_kept_and_purged_when_asked(watchkeeper: Command) -> None:
    """Runs last: it ends the stack of this module, starts it again, and drops it."""
    password = watchkeeper.layout.password.read_text()
    console = watchkeeper.record.console
    assert watchkeeper("down").stdout == "stopped\n"
    assert record.running(watchkeeper.layout) is None
    assert list((watchkeeper.layout.data / "prometheus").iterdir())
    again = watchkeeper("up", "--detach", "--port-base", watchkeeper.base)
    assert again.returncode == 0, again.stdout + again.stderr
    assert watchkeeper.record.console == console, "its ports are free again at once"
    assert watchkeeper.layout.password.read_text() == password
    done = watchkeeper("down", "--purge")
    assert (done.returncode, done.stdout) == (0, f"stopped\ndropped {watchkeeper.layout.root}\n")
    assert not watchkeeper.layout.root.exists()


def test_a_start_that_fails_in_the_background_says_why(tmp_path: Path, prometheus: Engine) -> None:
    assert prometheus.name == "prometheus"
    command = Command(tmp_path)
    (command.layout.data / "prometheus").mkdir(parents=True)
    command.layout.lock.touch()
    # a file where Prometheus wants the directory of its log
    (command.layout.data / "prometheus" / "wal").write_text("in the way")
    done = command("up", "--detach", "--port-base", command.base)
    assert done.returncode == 1
    assert "! prometheus is given up: ended with exit code 1" in done.stdout
    assert "wal" in done.stdout
    assert "Traceback" not in done.stdout
    assert record.running(command.layout) is None


def test_a_state_directory_that_is_in_the_way_is_named(tmp_path: Path, prometheus: Engine) -> None:
    assert prometheus.name == "prometheus"
    command = Command(tmp_path)
    command.layout.data.mkdir(parents=True)
    command.layout.lock.touch()
    (command.layout.data / "inbox").write_text("in the way")
    done = command("up", "--port-base", command.base)
    assert done.returncode == 1
    assert done.stderr == f"watchkeeper: {command.layout.data}/inbox cannot be written: File exists\n"
