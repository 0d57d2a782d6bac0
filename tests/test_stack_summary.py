"""The last lines of a start: what a newcomer reads, and commands that work where they stand."""

from pathlib import Path

import pytest

from watchkeeper.stack.layout import Layout
from watchkeeper.stack.ports import NAMES, choose
from watchkeeper.stack.summary import Commands, commands, summary

PORTS = choose(NAMES, free=lambda _: True)


def test_a_demo_in_the_foreground() -> None:
    text = summary(
        ports=PORTS,
        layout=Layout(Path("/here/.watchkeeper")),
        demo=True,
        targets=(),
        detached=False,
        command=Commands("watchkeeper", ""),
    )
    assert text.splitlines() == [
        "  console                 http://127.0.0.1:8460",
        "  pages arrive at         http://127.0.0.1:8461",
        "  front door of the demo  http://127.0.0.1:8464",
        "  break something         watchkeeper demo break provider-outage",
        "  heal it                 watchkeeper demo heal",
        "  send a test page        watchkeeper notify-test --one",
        "  look closer             watchkeeper status, watchkeeper stack logs -f",
        "  stop                    Ctrl-C, or watchkeeper down",
        "  state lives in          /here/.watchkeeper (kept; watchkeeper down --purge drops it)",
    ]


def test_ones_own_service_in_the_background_with_taken_ports() -> None:
    moved = choose(NAMES[:4], free=lambda port: port not in {8460, 8463}, another=iter([50001, 50002]).__next__)
    text = summary(
        ports=moved,
        layout=Layout(Path("/here/state")),
        demo=False,
        targets=("127.0.0.1:9464",),
        detached=True,
        command=Commands("bin/watchkeeper", " --state state"),
    )
    assert text.splitlines() == [
        "  console           http://127.0.0.1:50001",
        "  pages arrive at   http://127.0.0.1:8461",
        "  scraped           127.0.0.1:9464",
        "  send a test page  bin/watchkeeper notify-test --one --state state",
        "  look closer       bin/watchkeeper status --state state, bin/watchkeeper stack logs -f --state state",
        "  stop              bin/watchkeeper down --state state",
        "  state lives in    /here/state (kept; bin/watchkeeper down --purge --state state drops it)",
        "  ports taken       8460 (console: 50001 instead), 8463 (alertmanager: 50002 instead)",
    ]


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    program = tmp_path / "project" / ".venv" / "bin" / "watchkeeper"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return program


def test_a_program_on_the_path_is_called_by_its_name(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(installed.parent))
    here = installed.parents[2]
    assert commands(Layout(here / ".watchkeeper"), here, installed) == Commands("watchkeeper", "")


def test_another_program_of_that_name_on_the_path_is_not_ours(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "watchkeeper").write_text("#!/bin/sh\n")
    (other / "watchkeeper").chmod(0o755)
    monkeypatch.setenv("PATH", str(other))
    here = installed.parents[2]
    assert commands(Layout(here / ".watchkeeper"), here, installed).program == ".venv/bin/watchkeeper"


def test_from_elsewhere_paths_are_whole_and_quoted(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    found = commands(Layout(tmp_path / "my state"), tmp_path / "elsewhere", installed)
    assert found("down") == f"{installed} down --state '{tmp_path}/my state'"
