"""How long a start takes: to an answering console, to everything ready, to the first figure of an objective.

    python bench/start.py [--runs 1] [--clone]

Starts the stack with the demo in a directory of its own: once with nothing kept, then again with the data of the first
run. A figure counts only if Prometheus evaluated it after that start. `--clone` measures `make up` in a fresh clone as
well, downloads included. Exit code 1 when a figure is beyond its bound.
"""

import argparse
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from watchkeeper import conventions
from watchkeeper.live.errors import LiveError
from watchkeeper.live.prometheus import Prometheus
from watchkeeper.model import Credentials
from watchkeeper.quantity import Duration
from watchkeeper.stack import record
from watchkeeper.stack.layout import Layout
from watchkeeper.stack.record import Phase, Record

FIRST_PORT = 19460
BOUNDS = {"console": 8.0, "ready": 15.0, "slo": 35.0, "slo with kept data": 12.0, "clone": 240.0}
ERRORS = conventions.error_ratio(Duration.of(minutes=5))


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from the command to what was waited for."""

    console: float
    ready: float
    slo: float


def wait(condition: Callable[[], bool], began: float, seconds: float, what: str) -> float:
    """Seconds since `began` at which the condition came to hold."""
    while not condition():
        if time.monotonic() - began > seconds:
            sys.exit(f"no {what} within {seconds:g} s")
        time.sleep(0.05)
    return time.monotonic() - began


def current(layout: Layout) -> Record | None:
    return record.running(layout)


def console_answers(layout: Layout) -> bool:
    now = current(layout)
    if now is None:
        return False
    try:
        with urllib.request.urlopen(f"{now.console}/health", timeout=1) as answer:  # noqa: S310 - loopback
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def is_ready(layout: Layout) -> bool:
    now = current(layout)
    return now is not None and now.phase is Phase.READY


def has_figure(layout: Layout, since: float) -> bool:
    """An objective's ratio that was evaluated after `since` (Unix time)."""
    now = current(layout)
    if now is None:
        return False
    try:
        with Prometheus(now.prometheus, Credentials("watchkeeper", str(layout.password))) as prometheus:
            return any(sample.value > since for sample in prometheus.instant(f"timestamp({ERRORS})"))
    except LiveError:
        return False


def measure(layout: Layout) -> Start:
    command = [sys.executable, "-m", "watchkeeper.cli", "up", "--demo", "--state", str(layout.root)]
    began, at = time.monotonic(), time.time()
    with subprocess.Popen([*command, "--port-base", str(FIRST_PORT)], stdout=subprocess.DEVNULL) as supervisor:
        try:
            return Start(
                wait(lambda: console_answers(layout), began, 60, "console"),
                wait(lambda: is_ready(layout), began, 60, "ready stack"),
                wait(lambda: has_figure(layout, at), began, 120, "figure"),
            )
        finally:
            supervisor.terminate()


def measure_clone() -> float:
    """`make up` where nothing is: clone, packages, engines, configuration, start."""
    with tempfile.TemporaryDirectory(prefix="start-clone-") as folder:
        clone = Path(folder) / "watchkeeper"
        root = Path(__file__).resolve().parents[1]
        subprocess.run(["git", "clone", "--quiet", str(root), str(clone)], check=True)  # noqa: S607 - git of the PATH
        began = time.monotonic()
        with subprocess.Popen(["make", "up"], cwd=clone) as making:  # noqa: S607 - make of the PATH
            try:
                return wait(lambda: console_answers(Layout.of(clone / ".watchkeeper")), began, 600, "console")
            finally:
                making.terminate()


def judge(what: str, seconds: float, bound: float) -> bool:
    within = seconds <= bound
    print(f"{what:<42} {seconds:6.1f} s   (bound {bound:g} s){'' if within else '   BEYOND'}", flush=True)
    return within


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--clone", action="store_true", help="also make up in a fresh clone; downloads")
    asked = parser.parse_args()
    good = [judge("make up in a fresh clone: console", measure_clone(), BOUNDS["clone"])] if asked.clone else []
    for _ in range(asked.runs):
        with tempfile.TemporaryDirectory(prefix="start-") as folder:
            layout = Layout.of(Path(folder) / "state")
            for kept in (False, True):
                start, title = measure(layout), "data kept" if kept else "nothing kept"
                bound = BOUNDS["slo with kept data" if kept else "slo"]
                good += [
                    judge(f"{title}: console answers", start.console, BOUNDS["console"]),
                    judge(f"{title}: everything ready", start.ready, BOUNDS["ready"]),
                    judge(f"{title}: first figure of an objective", start.slo, bound),
                ]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
