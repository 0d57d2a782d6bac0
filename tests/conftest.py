"""Fixtures every room may use: the real engines, free ports, and a summary that never lets a skip pass unseen."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import ports
from watchkeeper import engines, spec
from watchkeeper.model import Catalog


def _engine(name: engines.Name) -> engines.Engine:
    found = engines.find(name)
    if isinstance(found, engines.Missing):
        pytest.skip(f"{name} is missing ({found.reason}); get it with: python -m watchkeeper.engines fetch")
    return found


@pytest.fixture(scope="session")
def prometheus() -> engines.Engine:
    return _engine("prometheus")


@pytest.fixture(scope="session")
def promtool() -> engines.Engine:
    return _engine("promtool")


@pytest.fixture(scope="session")
def alertmanager() -> engines.Engine:
    return _engine("alertmanager")


@pytest.fixture(scope="session")
def amtool() -> engines.Engine:
    return _engine("amtool")


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """The shipped pack's."""
    loaded = spec.load()
    assert loaded.catalog is not None, loaded.problems
    return loaded.catalog


@pytest.fixture
def free_port() -> int:
    """A port that nothing listened on a moment ago."""
    return ports.free_port()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests did not run and why: a skipped proof is not a proof."""
    reasons = Counter(_reason(report) for report in terminalreporter.getreports("skipped"))
    if reasons:
        terminalreporter.section(f"{reasons.total()} TESTS SKIPPED: they prove nothing on this machine", red=True)
        for reason, count in reasons.most_common():
            terminalreporter.write_line(f"{count:5}  {reason}")


def _reason(report: pytest.TestReport) -> str:
    location = report.longrepr
    text = str(location[2]) if isinstance(location, tuple) else str(location)
    return text.removeprefix("Skipped: ").replace(str(Path.cwd()), ".")


@pytest.fixture(scope="session")
def until() -> Callable[..., None]:
    """`until(condition, seconds, what)` returns once the condition holds, and fails the test when it never does."""

    def wait(condition: Callable[[], object], seconds: float = 10.0, what: str = "what was waited for") -> None:
        deadline, pause = time.monotonic() + seconds, threading.Event()
        while not condition():
            assert time.monotonic() < deadline, f"{what} did not come about within {seconds:g} s"
            pause.wait(0.02)

    return wait
