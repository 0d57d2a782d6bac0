"""How long from a fault to the first page? Real engines, real agent, real time.

    python bench/detect.py [--only FAULT ...] [--repeat N] [--json]

For each fault: a fresh stack with the demo, whose Prometheus already holds an hour of healthy counters (remote write,
the same labels as the live ones). When the objective has its first live figures, the fault begins; measured is the time
until the first PagerDuty event is in the inbox, by the inbox' clock. Beside it: the share of requests that failed until
then, and what the alert that paged says of its own detection time. Takes two minutes a row; exit code 1 when a page
came later than its bound.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from watchkeeper import engines
from watchkeeper.engines.process import run
from watchkeeper.live.inbox import Inbox, InboxMessage
from watchkeeper.live.prometheus import AlertState, Prometheus
from watchkeeper.live.remote_write import WrittenSeries, write
from watchkeeper.model import Credentials
from watchkeeper.stack import ports, record
from watchkeeper.stack.layout import Layout
from watchkeeper.stack.record import Record

FIRST_PORT = 23460
SERVICE, ENVIRONMENT = "llm-copilot-agent", "demo"
STEP, HISTORY = 5.0, 3600.0
WARM_SECONDS = 90.0
HEALTHY_BEFORE = 45.0
"""Seconds of live traffic before the fault, so that the shortest windows hold nothing else."""
EVENTS = 'sli_events_total{slo="availability",outcome=~"good|bad"}'


@dataclass(frozen=True, slots=True)
class Fault:
    words: tuple[str, ...]
    bound: float

    @property
    def name(self) -> str:
        return " ".join(self.words)


FAULTS = (
    Fault(("provider-outage",), 90),
    Fault(("database-down",), 90),
    Fault(("ingress-down",), 90),
    Fault(("error-rate", "1.0"), 90),
    Fault(("error-rate", "0.3"), 120),
    Fault(("module-down", "incident-manager"), 120),
)


@dataclass(frozen=True, slots=True)
class Row:
    fault: str
    failing: float | None
    """Share of the requests between the fault and the page; None when none arrived."""
    page: str
    stated: str
    """Detection time in the alert's own annotation."""
    measured: float | None
    bound: float

    @property
    def good(self) -> bool:
        return self.measured is not None and self.measured <= self.bound

    def __str__(self) -> str:
        failing = "no requests" if self.failing is None else f"{self.failing:.0%}"
        measured = "no page" if self.measured is None else f"{self.measured:.1f} s"
        verdict = "" if self.good else "  TOO LATE"
        return (
            f"{self.fault:<29} {failing:>11} {measured:>9} {self.bound:>5.0f} s  {self.page:<28} {self.stated}{verdict}"
        )


class Watched:
    """One running stack and its clients."""

    def __init__(self, layout: Layout, current: Record, closing: ExitStack) -> None:
        self.layout = layout
        credentials = Credentials("watchkeeper", str(layout.password))
        self.prometheus = closing.enter_context(Prometheus(current.prometheus, credentials))
        self.inbox = closing.enter_context(Inbox(current.inbox))

    def events(self) -> dict[str, float]:
        """Classified requests so far, by outcome."""
        found = self.prometheus.instant(f"sum by (outcome) ({EVENTS})")
        return {sample.labels["outcome"]: sample.value for sample in found}

    def warm(self, since: float) -> bool:
        """Whether the objective was evaluated on enough traffic of this start."""
        fresh = self.prometheus.instant("min(timestamp(slo:sli_error:ratio_rate5m))")
        return any(sample.value > since + HEALTHY_BEFORE for sample in fresh)

    def first_page(self, since: int) -> InboxMessage | None:
        messages = self.inbox.messages(kind="pagerduty", since=since)
        return next((one for one in messages if one.action == "trigger"), None)

    def stated(self, alert: str) -> str:
        """The first sentence of the alert's annotation `detection`."""
        firing = [one for one in self.prometheus.alerts() if one.name == alert and one.state is AlertState.FIRING]
        return firing[0].annotations.get("detection", "").partition(" (")[0] if firing else "it has ended"


def wait(condition: Callable[[], bool], seconds: float, what: str) -> None:
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            sys.exit(f"no {what} within {seconds:g} s")
        time.sleep(0.2)


def healthy_hour(until: float) -> Iterator[WrittenSeries]:
    """What an hour of eight good requests a second looks like, with the labels of the live scrape."""
    steps = int(HISTORY / STEP)
    times = [until - HISTORY + STEP * step for step in range(steps + 1)]
    target = {"service": SERVICE, "environment": ENVIRONMENT}
    agent = target | {
        "role": "service",
        "job": "watchkeeper-critical",
        "instance": f"127.0.0.1:{FIRST_PORT + ports.NAMES.index('agent-metrics')}",
    }
    per_second = {("availability", "simple"): 3.0, ("availability", "complex"): 5.0} | {
        ("latency-simple", "simple"): 3.0,
        ("latency-complex", "complex"): 5.0,
    }
    for (slo, request_class), rate in per_second.items():
        for outcome in ("good", "bad", "excluded"):
            labels = agent | {"__name__": "sli_events_total", "slo": slo, "class": request_class, "outcome": outcome}
            pace = rate * STEP if outcome == "good" else 0.0
            yield WrittenSeries(labels, [(at, pace * step) for step, at in enumerate(times)])
    for dependency in ("database", "cache"):
        labels = agent | {"__name__": "dependency_up", "dependency": dependency}
        yield WrittenSeries(labels, [(at, 1.0) for at in times])
    probe = target | {
        "role": "probe",
        "job": "watchkeeper-probe",
        "instance": f"127.0.0.1:{FIRST_PORT + ports.NAMES.index('probe')}",
        "__name__": "probe_success",
    }
    yield WrittenSeries(probe, [(at, 1.0) for at in times])


def backfill(layout: Layout) -> None:
    """Write the hour into the data directory that the stack's Prometheus will open."""
    engine = engines.find("prometheus")
    if isinstance(engine, engines.Missing):
        sys.exit(f"prometheus is missing ({engine.reason})")
    data, empty = layout.data / "prometheus", layout.root / "backfill.yml"
    data.mkdir(parents=True)
    layout.lock.touch(mode=0o600)
    empty.write_text("{}\n")
    url = f"http://127.0.0.1:{FIRST_PORT}"
    arguments = (
        f"--config.file={empty}",
        f"--storage.tsdb.path={data}",
        f"--web.listen-address=127.0.0.1:{FIRST_PORT}",
        "--web.enable-remote-write-receiver",
    )
    with run(engine, arguments, url=url, log=layout.root / "backfill.log"):
        write(url, healthy_hour(time.time()))


def measure(fault: Fault) -> Row:
    with tempfile.TemporaryDirectory(prefix="detect-") as folder, ExitStack() as closing:
        layout = Layout.of(Path(folder) / "state")
        cli = (sys.executable, "-m", "watchkeeper.cli")
        state = ("--state", str(layout.root))
        backfill(layout)
        up = subprocess.run(
            (*cli, "up", "--demo", "--detach", *state, "--port-base", str(FIRST_PORT)),
            check=False,
            capture_output=True,
            text=True,
        )
        closing.callback(subprocess.run, (*cli, "down", *state), check=False, capture_output=True)
        current = record.running(layout)
        if up.returncode != 0 or current is None:
            sys.exit(f"the stack did not start:\n{up.stdout}{up.stderr}")
        watched = Watched(layout, current, closing)
        started = time.time()
        wait(lambda: watched.warm(started), WARM_SECONDS, "figure of the objective")
        newest, before, at = watched.inbox.health().newest, watched.events(), time.time()
        subprocess.run((*cli, "demo", "break", *fault.words, *state), check=True, capture_output=True)
        return _outcome(watched, fault, newest, before, at)


def _outcome(watched: Watched, fault: Fault, newest: int, before: dict[str, float], at: float) -> Row:
    page = None
    while page is None and time.time() - at < fault.bound * 2:
        page = watched.first_page(newest)
        time.sleep(0.2)
    after = watched.events()
    grown = {outcome: after.get(outcome, 0.0) - before.get(outcome, 0.0) for outcome in ("good", "bad")}
    total = sum(grown.values())
    failing = grown["bad"] / total if total else None
    if page is None:
        return Row(fault.name, failing, "none", "", None, fault.bound)
    alert = msgspec.json.decode(bytes(page.payload), type=_Payload).alert(page.summary)
    return Row(fault.name, failing, alert, watched.stated(alert), page.at.timestamp() - at, fault.bound)


class _Payload(msgspec.Struct):
    """The part of a stored PagerDuty event that names the alert."""

    class_: str = msgspec.field(name="class", default="")

    def alert(self, summary: str) -> str:
        """`[critical] ServiceOutage llm-copilot-agent demo` names it too."""
        return self.class_ or summary.split()[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=[fault.name for fault in FAULTS], help="these faults alone")
    parser.add_argument("--repeat", type=int, default=1, help="how often each, every time on a fresh stack")
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    asked = parser.parse_args()
    if not asked.json:
        print(f"{'fault':<29} {'failing':>11} {'page':>9} {'bound':>7}  {'first alert':<28} it says itself", flush=True)
    good = True
    chosen = [fault for fault in FAULTS if not asked.only or fault.name in asked.only]
    for fault in chosen * asked.repeat:
        row = measure(fault)
        good = good and row.good
        print(json.dumps(asdict(row)) if asked.json else row, flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
