"""What the host process shows: ends of the stack's processes, and the machine under node exporter's names."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ports import free_ports
from watchkeeper.entry import Misuse
from watchkeeper.model import Catalog, Emitter
from watchkeeper.stack import machine, record
from watchkeeper.stack.exposing import MetricsServer, Sample, page
from watchkeeper.stack.host import Exits, main, read
from watchkeeper.stack.layout import Layout
from watchkeeper.stack.record import ChildRecord, ChildState, Phase, Record

Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def series(text: str) -> Series:
    """Read by Prometheus' own parser."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def child(name: str, **exits: int) -> ChildRecord:
    return ChildRecord(name, ChildState.READY, 1, 1.0, None, sum(exits.values()), exits=exits)


def written(layout: Layout, *children: ChildRecord) -> Path:
    layout.root.mkdir(exist_ok=True)
    addresses = ("console", "inbox", "prometheus", "alertmanager")
    record.write(layout, Record(1, 1.0, False, "test", Phase.READY, *addresses, {}, children, "token"))
    return layout.record


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout.of(tmp_path / "state")


# --- the stack ------------------------------------------------------------------------------------


def exits(text: str) -> dict[str, float]:
    """`agent oom` -> how often."""
    return {" ".join(value for _, value in reversed(labels)): count for (_, labels), count in series(text).items()}


def test_ends_by_process_and_cause_each_from_zero(layout: Layout) -> None:
    shown = Exits(written(layout, child("agent", oom=2, exit=1), child("probe"))).page()
    assert exits(shown) == {
        "agent exit": 1,
        "agent signal": 0,
        "agent oom": 2,
        "agent fatal": 0,
        "probe exit": 0,
        "probe signal": 0,
        "probe oom": 0,
        "probe fatal": 0,
    }
    assert "# TYPE stack_process_exits_total counter\n" in shown


def test_the_counts_follow_the_record_and_outlive_it(layout: Layout) -> None:
    made = Exits(written(layout, child("agent")))
    assert exits(made.page())["agent signal"] == 0
    written(layout, child("agent", signal=1))
    assert exits(made.page())["agent signal"] == 1
    layout.record.write_text("{")
    assert exits(made.page())["agent signal"] == 1
    layout.record.unlink()
    assert exits(made.page())["agent signal"] == 1


def test_before_the_first_record_there_is_nothing(tmp_path: Path) -> None:
    assert series(Exits(tmp_path / "run.json").page()) == {}


# --- the machine ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Series:
    return series(page(machine.samples(tmp_path_factory.mktemp("state"))))


def test_file_systems_as_the_kernel_counts_them(shown: Series) -> None:
    [root] = {labels for name, labels in shown if name.startswith("node_filesystem") and ("mountpoint", "/") in labels}
    kinds = {disk.mountpoint: disk.fstype for disk in psutil.disk_partitions(all=True)}
    assert dict(root)["fstype"] == kinds.get("/", "")  # nothing is mounted there in a chroot
    found = os.statvfs("/")
    assert shown["node_filesystem_size_bytes", root] == found.f_blocks * found.f_frsize
    assert shown["node_filesystem_avail_bytes", root] == pytest.approx(found.f_bavail * found.f_frsize, rel=0.2)
    mounts = {labels for name, labels in shown if name == "node_filesystem_size_bytes"}
    assert mounts == {labels for name, labels in shown if name == "node_filesystem_avail_bytes"}
    assert 1 <= len(mounts) <= 20


def test_the_file_system_of_the_state_is_shown_whatever_it_is() -> None:
    memory = Path("/dev/shm")
    if not memory.is_mount():
        pytest.skip("no /dev/shm: no file system that is no disk")
    assert machine.mount_of(memory / "below") == "/dev/shm"
    found = series(page(machine.samples(memory)))
    assert ("node_filesystem_size_bytes", (("fstype", "tmpfs"), ("mountpoint", "/dev/shm"))) in found


def test_memory(shown: Series) -> None:
    total = shown["node_memory_MemTotal_bytes", ()]
    assert total == psutil.virtual_memory().total
    assert 0 < shown["node_memory_MemAvailable_bytes", ()] < total


def test_processors_one_by_one(shown: Series) -> None:
    cpus = {dict(labels)["cpu"] for name, labels in shown if name == "node_cpu_seconds_total"}
    assert cpus == {str(number) for number in range(psutil.cpu_count() or 0)}
    idle = shown["node_cpu_seconds_total", (("cpu", "0"), ("mode", "idle"))]
    assert idle == pytest.approx(psutil.cpu_times(percpu=True)[0].idle, abs=60)


def test_kills_for_want_of_memory(shown: Series) -> None:
    vmstat = Path("/proc/vmstat")
    counted = re.search(r"^oom_kill (\d+)$", vmstat.read_text(), re.MULTILINE) if vmstat.exists() else None
    if counted is None:
        pytest.skip("this kernel does not count them")
    assert shown["node_vmstat_oom_kill", ()] == int(counted[1])


def test_names_types_and_labels_are_those_of_the_catalog(catalog: Catalog, layout: Layout) -> None:
    text = page(machine.samples(layout.root.parent)) + Exits(written(layout, child("agent"))).page()
    declared = {metric.name: metric for metric in catalog.metrics if metric.emitter in {Emitter.NODE, Emitter.STACK}}
    found = series(text)
    assert {name for name, _ in found} == declared.keys()
    for name, labels in found:
        domains = {label.name: label.values for label in declared[name].labels}
        beside = {"fstype"} if name.startswith("node_filesystem") else set()  # node exporter's own
        assert {label for label, _ in labels} == domains.keys() | beside
        assert all(value in domains[label] for label, value in labels if domains.get(label))
    types = {name: metric.type.value for name, metric in declared.items()} | {"node_vmstat_oom_kill": "untyped"}
    assert all(f"# TYPE {name} {kind}\n" in text for name, kind in types.items())


# --- exposing -------------------------------------------------------------------------------------


def test_a_page() -> None:
    made = page(
        [
            Sample("a_total", "counter", "1", (("x", 'quo"te\\back\nline'),)),
            Sample("a_total", "counter", "2"),
            Sample("b", "gauge", "0.5"),
        ]
    )
    assert made == '# TYPE a_total counter\na_total{x="quo\\"te\\\\back\\nline"} 1\na_total 2\n# TYPE b gauge\nb 0.5\n'
    assert series(made)["a_total", (("x", 'quo"te\\back\nline'),)] == 1


def test_a_taken_port_is_an_error() -> None:
    with MetricsServer(0, str) as server, pytest.raises(OSError, match="in use"):
        MetricsServer(server.port, str)


# --- the process ----------------------------------------------------------------------------------


def document(layout: Layout, stack: int, node: int) -> str:
    return f'{{"record": "{layout.record}", "stack_port": {stack}, "node_port": {node}}}'


@pytest.fixture
def process(layout: Layout, tmp_path: Path) -> Iterator[tuple["subprocess.Popen[bytes]", int, int]]:
    written(layout, child("agent", exit=3))
    stack, node = free_ports(2)
    config = tmp_path / "host.json"
    config.write_text(document(layout, stack, node))
    made = subprocess.Popen([sys.executable, "-m", "watchkeeper.stack.host", "--config", str(config)])
    yield made, stack, node
    made.kill()
    made.wait()


def test_the_process_shows_both_and_ends_at_sigterm(process: tuple["subprocess.Popen[bytes]", int, int]) -> None:
    running, stack, node = process
    until(lambda: 'cause="exit"} 3\n' in _metrics(stack))
    assert "node_memory_MemTotal_bytes " in _metrics(node)
    assert "node_" not in _metrics(stack)
    assert "stack_" not in _metrics(node)
    running.send_signal(signal.SIGTERM)
    began = time.monotonic()
    assert running.wait(10) == 0
    assert time.monotonic() - began < 2


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def _metrics(port: int) -> str:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
    except httpx2.HTTPError:
        return ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "truncated"),
        ('{"record": 3, "stack_port": 1, "node_port": 2}', r"expected a path, got 3 - at `\$.record`"),
        ('{"record": "run.json", "stack_port": 1}', "missing required field `node_port`"),
        ('{"record": "run.json", "stack_port": 1, "node_port": 2, "x": 1}', "unknown field `x`"),
    ],
)
def test_a_wrong_configuration_is_explained(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "host.json"
    path.write_text(text)
    with pytest.raises(Misuse, match=message) as misuse:
        read(path)
    assert str(misuse.value).startswith(str(path))


def test_a_taken_port_ends_the_process_with_a_sentence(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "host.json"
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with MetricsServer(0, str) as taken:
        path.write_text(document(layout, 0, taken.port))
        monkeypatch.setattr(sys, "argv", ["host", "--config", str(path)])
        assert main() == 2
        assert f"host: port {taken.port} cannot be used: Address already in use" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["host", "--config", str(tmp_path / "gone.json")])
    assert main() == 2
    assert "gone.json cannot be read: No such file or directory" in capsys.readouterr().err
