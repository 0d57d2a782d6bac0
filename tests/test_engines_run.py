"""Running real engines: arguments they accept, readiness, authentication, foreign origins, a certain end."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import bcrypt
import psutil
import pytest

from http_bench import ask
from watchkeeper.engines import Engine, arguments, process, templates
from watchkeeper.engines.arguments import Server
from watchkeeper.engines.process import EngineError, Login

pytestmark = pytest.mark.engine

LOGIN = Login("watchkeeper", "correct horse battery staple")
CONSOLE = "http://127.0.0.1:8460"
EVIL = "http://evil.example"


@dataclass(frozen=True)
class Running:
    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str]]:
        return ask(self.url + path, method, **headers)


def _server(directory: Path, port: int, config: str) -> Server:
    (directory / "config.yml").write_text(config)
    hashed = bcrypt.hashpw(LOGIN.password.encode(), bcrypt.gensalt(4)).decode()
    (directory / "web.yml").write_text(f'basic_auth_users: {{{LOGIN.username}: "{hashed}"}}\n')
    return Server(port, directory / "config.yml", directory / "data", directory / "web.yml")


PROMETHEUS = "global: {scrape_interval: 15s}\n"
ALERTMANAGER = "route: {receiver: none}\nreceivers: [{name: none}]\n"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as exits:
        yield exits


def _start(stack: ExitStack, engine: Engine, argv: tuple[str, ...], port: int, log: Path) -> Running:
    url = f"http://127.0.0.1:{port}"
    return Running(url, stack.enter_context(process.run(engine, argv, url=url, log=log, login=LOGIN)), log)


def _prometheus(stack: ExitStack, engine: Engine, directory: Path, port: int) -> Running:
    argv = arguments.prometheus(_server(directory, port, PROMETHEUS), origin=CONSOLE)
    return _start(stack, engine, argv, port, directory / "log")


def _alertmanager(stack: ExitStack, engine: Engine, directory: Path, port: int) -> Running:
    argv = arguments.alertmanager(_server(directory, port, ALERTMANAGER))
    return _start(stack, engine, argv, port, directory / "log")


def test_prometheus_answers_only_who_logs_in(
    stack: ExitStack, prometheus: Engine, tmp_path: Path, free_port: int
) -> None:
    running = _prometheus(stack, prometheus, tmp_path, free_port)
    assert running.ask("/api/v1/query?query=1")[0] == 401
    wrong = Login(LOGIN.username, "guess")
    assert running.ask("/api/v1/query?query=1", Authorization=wrong.header)[0] == 401
    assert running.ask("/api/v1/query?query=1", Authorization=LOGIN.header)[0] == 200


def test_prometheus_lets_no_foreign_page_read(
    stack: ExitStack, prometheus: Engine, tmp_path: Path, free_port: int
) -> None:
    running = _prometheus(stack, prometheus, tmp_path, free_port)
    query = "/api/v1/query?query=1"
    allowed = "access-control-allow-origin"
    # the answers a browser would see: a preflight without credentials, then a request that has them
    for origin in (EVIL, "null", "http://127.0.0.1:9999", "http://127a0b0c1:8460", CONSOLE + ".evil.example"):
        status, headers = running.ask(query, "OPTIONS", Origin=origin, Access_Control_Request_Method="GET")
        assert (status, headers.get(allowed)) == (401, None)
        status, headers = running.ask(query, Origin=origin, Authorization=LOGIN.header)
        assert (status, headers.get(allowed)) == (200, None)
    assert running.ask(query, Origin=CONSOLE, Authorization=LOGIN.header)[1][allowed] == CONSOLE


def test_prometheus_reloads_and_takes_remote_writes(
    stack: ExitStack, prometheus: Engine, tmp_path: Path, free_port: int
) -> None:
    running = _prometheus(stack, prometheus, tmp_path, free_port)
    assert running.ask("/-/reload", "POST", Authorization=LOGIN.header)[0] == 200
    # an empty body is no snappy: refused as a bad request, which a switched-off receiver (404) would not say
    assert running.ask("/api/v1/write", "POST", Authorization=LOGIN.header)[0] == 400


def test_alertmanager_answers_only_who_logs_in_and_no_foreign_page(
    stack: ExitStack, alertmanager: Engine, tmp_path: Path, free_port: int
) -> None:
    running = _alertmanager(stack, alertmanager, tmp_path, free_port)
    silences = "/api/v2/silences"
    assert running.ask(silences)[0] == 401
    assert running.ask(silences, Authorization=LOGIN.header)[0] == 200
    # Alertmanager allows every origin, so the preflight itself has to fail
    status, headers = running.ask(silences, "OPTIONS", Origin=EVIL, Access_Control_Request_Method="POST")
    assert status == 401
    assert "access-control-allow-origin" not in headers
    assert running.ask(silences, "POST", Origin=EVIL, Content_Type="application/json")[0] == 401


def test_engines_listen_on_loopback_alone(
    stack: ExitStack, prometheus: Engine, alertmanager: Engine, tmp_path: Path
) -> None:
    from watchkeeper.stack.ports import unused

    for name in ("p", "a"):
        (tmp_path / name).mkdir()
    for running in (
        _prometheus(stack, prometheus, tmp_path / "p", unused()),
        _alertmanager(stack, alertmanager, tmp_path / "a", unused()),
    ):
        listening = [c.laddr for c in psutil.Process(running.process.pid).net_connections() if c.status == "LISTEN"]
        assert [address.ip for address in listening] == ["127.0.0.1"], "one door, on loopback: no cluster port either"


def test_the_process_started_is_the_engine_itself(
    stack: ExitStack, alertmanager: Engine, tmp_path: Path, free_port: int
) -> None:
    running = _alertmanager(stack, alertmanager, tmp_path, free_port)
    assert psutil.Process(running.process.pid).name() in {"prometheus-alertmanager", "prometheus-aler", "alertmanager"}
    assert psutil.Process(running.process.pid).children() == []
    os.kill(running.process.pid, signal.SIGKILL)
    assert running.process.wait(5) == -signal.SIGKILL


def test_alertmanager_finds_its_templates_where_namespaces_are_refused(
    stack: ExitStack, alertmanager: Engine, tmp_path: Path, free_port: int
) -> None:
    """The copy of the binary, as in a container: it does not start unless it has read its default templates."""
    if not alertmanager.prefix:
        pytest.skip("this Alertmanager carries or has installed its templates: nothing to lead it to")
    tree = alertmanager.path.parents[2]
    prefix = ("sh", "-c", 'cd "$0" && exec "$@"', str(tree / "usr/share/prometheus/alertmanager"))
    copied = tmp_path / "prometheus-alertmanager"
    copied.write_bytes(alertmanager.path.read_bytes())
    relocated = replace(alertmanager, path=templates.relocated(copied), prefix=prefix)
    running = _alertmanager(stack, relocated, tmp_path, free_port)
    assert running.ask("/api/v2/status", Authorization=LOGIN.header)[0] == 200


def test_without_help_the_unpacked_alertmanager_would_not_start(
    alertmanager: Engine, tmp_path: Path, free_port: int
) -> None:
    if not alertmanager.prefix:
        pytest.skip("this Alertmanager carries or has installed its templates: nothing to lead it to")
    argv = arguments.alertmanager(_server(tmp_path, free_port, ALERTMANAGER))
    bare, url = replace(alertmanager, prefix=()), f"http://127.0.0.1:{free_port}"
    with pytest.raises(EngineError, match=r"default\.tmpl"), process.run(bare, argv, url=url, log=tmp_path / "log"):
        pytest.fail("it started")


def test_an_engine_that_ends_says_why(prometheus: Engine, tmp_path: Path, free_port: int) -> None:
    argv = arguments.prometheus(_server(tmp_path, free_port, "scrape_configs: 7\n"), origin=CONSOLE)
    url = f"http://127.0.0.1:{free_port}"
    with (
        pytest.raises(EngineError, match=r"prometheus ended with code \d+:\n(.|\n)*config\.yml"),
        process.run(prometheus, argv, url=url, log=tmp_path / "log"),
    ):
        pytest.fail("it started")


def test_data_survives_a_kill(stack: ExitStack, prometheus: Engine, tmp_path: Path, free_port: int) -> None:
    first = _prometheus(stack, prometheus, tmp_path, free_port)
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait(5)
    again = _prometheus(stack, prometheus, tmp_path, free_port)
    assert again.ask("/-/ready", Authorization=LOGIN.header)[0] == 200


def test_stop_ends_what_ignores_the_request_and_what_it_started() -> None:
    program = (
        "import signal, subprocess, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "child = subprocess.Popen(['sleep', '600']); print(child.pid, flush=True); child.wait()"
    )
    started = subprocess.Popen([sys.executable, "-S", "-c", program], stdout=subprocess.PIPE, start_new_session=True)
    assert started.stdout is not None
    grandchild = psutil.Process(int(started.stdout.readline()))
    assert process.stop(started, seconds=0.2) == -signal.SIGKILL
    started.stdout.close()
    assert grandchild.wait(5) in {None, -signal.SIGKILL, -signal.SIGTERM}


def test_one_that_never_answers_is_given_up(prometheus: Engine, tmp_path: Path, free_port: int) -> None:
    slow = replace(prometheus, path=Path("/bin/sleep"))
    with (
        pytest.raises(EngineError, match=r"did not answer at .* within 0\.1 s:\n  \(it printed nothing\)"),
        process.run(slow, ("600",), url=f"http://127.0.0.1:{free_port}", log=tmp_path / "log", ready_seconds=0.1),
    ):
        pytest.fail("it answered")
