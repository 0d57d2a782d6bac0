"""What the whole rule set costs a real Prometheus that holds the reference deployment's series.

    python bench/rules.py [--minutes 5] [--factor 1]

Every series of the reference deployment (`monitoring/metrics-catalog.yaml`), in which nothing fails, is written into a
throw-away Prometheus: six hours of raw samples at their scrape interval, and thirty days of the events that objectives
record, so that the longest windows are full. Then samples keep arriving while the compiled rules are evaluated.
Printed: processor time a cycle of 30 s (with rules less without), the slowest rules, and one objective beside the usual
shape of its rules (`bench/beside.py`; its windows of a day and longer would cost more on more than six hours of raw
samples). `--factor` multiplies the processes. Exit code 1 beyond a bound.
"""

import argparse
import contextlib
import json
import os
import statistics
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import beside
import deployment
import psutil
import throwaway
from deployment import Series
from throwaway import Throwaway

from watchkeeper import compile as compiler
from watchkeeper import conventions, spec
from watchkeeper.compile.reference import reference
from watchkeeper.live.remote_write import WrittenSeries, write
from watchkeeper.model import Catalog
from watchkeeper.report.capacity.counting import Counting
from watchkeeper.report.capacity.evaluation import costs
from watchkeeper.report.capacity.load import Load

CYCLE_SECONDS = 30
RAW_HOURS = 6
RECORDED_DAYS = 30
CPU_BOUND, SLOWEST_BOUND = 0.5, 0.050
SETTINGS: dict[str, object] = {"global": {"external_labels": {"environment": "production"}}}


# --- writing ----------------------------------------------------------------------------------------


def backfill(url: str, catalog: Catalog, raw: list[Series], now: int) -> int:
    """In the order of time, as a head takes it: the recorded month first, then the last hours of everything."""
    sent, start = 0, now - RAW_HOURS * 3600
    recorded = [
        *deployment.recorded(catalog),
        Series({"__name__": beside.USUAL_SERIES, **beside.USUAL_LABELS}, 30, counts=False, level=0.0),
    ]
    for begin in range(now - RECORDED_DAYS * 86400, start, 11 * 3600):
        sent += write(url, _slice(recorded, begin, min(begin + 11 * 3600, start)))
    for begin in range(start, now, 1800):
        sent += write(url, _slice([*raw, *recorded], begin, begin + 1800))
    return sent


def _slice(series: list[Series], begin: int, end: int) -> Iterator[WrittenSeries]:
    for one in series:
        yield WrittenSeries(one.labels, [(float(at), one.at(at)) for at in range(begin, end, one.every)])


def feed(url: str, raw: list[Series], stop: threading.Event) -> None:
    """Scrapes, as far as storage and rules can tell: each class of series at its interval."""
    by_interval = {every: [one for one in raw if one.every == every] for every in {one.every for one in raw}}
    due = dict.fromkeys(by_interval, time.time())
    while not stop.is_set():
        for every, series in by_interval.items():
            if time.time() >= due[every]:
                at = time.time()
                write(url, (WrittenSeries(one.labels, [(at, one.at(int(at)))]) for one in series))
                due[every] += every
        stop.wait(max(0.0, min(due.values()) - time.time()))


# --- measuring --------------------------------------------------------------------------------------


def processor_seconds(process: psutil.Process, seconds: float) -> float:
    """Used within the coming `seconds`, as a share of one processor."""
    begun, before = time.monotonic(), sum(process.cpu_times()[:2])
    time.sleep(seconds)
    return float(sum(process.cpu_times()[:2]) - before) / (time.monotonic() - begun)


@dataclass(slots=True)
class Evaluated:
    """One rule as the server tells of it."""

    name: str
    interval: float
    seconds: list[float] = field(default_factory=list)
    """Its latest evaluation, each time it was looked at."""

    @property
    def worst(self) -> float:
        return statistics.quantiles(self.seconds, n=100)[98]

    @property
    def cycle(self) -> float:
        return statistics.fmean(self.seconds) * CYCLE_SECONDS / self.interval


@dataclass(frozen=True, slots=True)
class Measured:
    without: float
    """Processors, before there are rules."""
    share: float
    """Processors, with them."""
    rules: list[Evaluated]
    active: list[str]
    """Alerts that fire or are about to."""
    ours: beside.Cost
    usual: beside.Cost


def evaluations(url: str, rules: dict[tuple[str, int], Evaluated]) -> None:
    with urllib.request.urlopen(f"{url}/api/v1/rules", timeout=10) as answer:  # noqa: S310 - loopback
        groups = json.load(answer)["data"]["groups"]
    for group in groups:
        for place, rule in enumerate(group["rules"]):
            if rule["health"] == "err":
                sys.exit(f"{rule['name']} cannot be evaluated: {rule['lastError']}")
            name = f"{rule['name']} {rule.get('labels', {}).get('slo', '')} ({group['name']})"
            seen = rules.setdefault((group["name"], place), Evaluated(name, group["interval"]))
            seen.seconds.append(rule["evaluationTime"])


def active(url: str) -> list[str]:
    with urllib.request.urlopen(f"{url}/api/v1/alerts", timeout=10) as answer:  # noqa: S310 - loopback
        return sorted({alert["labels"]["alertname"] for alert in json.load(answer)["data"]["alerts"]})


def watched(url: str, process: psutil.Process, minutes: float) -> tuple[float, list[Evaluated]]:
    """The share of a processor over so many minutes, and every rule."""
    rules: dict[tuple[str, int], Evaluated] = {}
    shares = []
    for _ in range(int(minutes * 60 / 15)):
        shares.append(processor_seconds(process, 15))
        evaluations(url, rules)
    return statistics.fmean(shares), list(rules.values())


def configured(folder: Path, catalog: Catalog) -> dict[str, object]:
    """The compiled rules beside it, and what reads them."""
    names = (conventions.RECORDING_RULES_FILE, conventions.ALERT_RULES_FILE)
    for document in compiler.running(catalog, reference(catalog)):
        if document.path in names:
            (folder / document.path).write_text(document.text)
    return {"rule_files": list(names), **SETTINGS}


def measure(server: Throwaway, catalog: Catalog, raw: list[Series], minutes: float) -> Measured:
    os.nice(19)  # what writes here must not keep the server waiting that is measured
    url, process = server.url, psutil.Process(server.pid)
    begun = time.monotonic()
    sent = backfill(url, catalog, raw, int(time.time()) - 60)
    print(f"written         {sent:,} samples in {time.monotonic() - begun:.0f} s", flush=True)
    stop = threading.Event()
    feeder = threading.Thread(target=feed, args=(url, raw, stop), daemon=True)
    feeder.start()
    with contextlib.ExitStack() as stack:
        stack.callback(stop.set)
        time.sleep(30)
        without = processor_seconds(process, 60)
        throwaway.configure(server.folder, configured(server.folder, catalog))
        urllib.request.urlopen(urllib.request.Request(f"{url}/-/reload", method="POST"), timeout=30).close()  # noqa: S310
        time.sleep(150)  # every group was evaluated once, the slow ones, too
        share, rules = watched(url, process, minutes)
    slo = catalog.services[0].slos[0]
    ours = beside.ours(url, catalog, slo, CYCLE_SECONDS)
    return Measured(without, share, rules, active(url), ours, beside.usual(url, catalog, slo))


def computed(catalog: Catalog, factor: int, seen: float) -> str:
    """What the capacity plan makes of the same rules, and the time a sample took if samples were all that takes any."""
    rules = costs(Counting(Load(catalog, factor)))
    cycle = float(sum(rule.cores for rule in rules)) * CYCLE_SECONDS
    samples = float(sum(rule.samples_per_second for rule in rules)) * CYCLE_SECONDS
    return f"{cycle:.2f} s by `watchkeeper capacity`; {samples:,.0f} samples read, {seen / samples * 1e9:.0f} ns each"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--factor", type=int, default=1)
    options = parser.parse_args()
    catalog = spec.load().catalog
    if catalog is None:
        sys.exit("the shipped definitions do not load; run `watchkeeper check`")
    raw = deployment.series_of(catalog, options.factor)
    print(
        f"series          {len(raw):,} live, {RAW_HOURS} h of history; recorded events: {RECORDED_DAYS} d", flush=True
    )
    with throwaway.prometheus(SETTINGS) as server:
        seen = measure(server, catalog, raw, options.minutes)
    cycle = (seen.share - seen.without) * CYCLE_SECONDS
    slowest = sorted(seen.rules, key=lambda rule: -rule.worst)
    worst = slowest[0].worst
    print(f"rules           {len(seen.rules)}; active alerts: {', '.join(seen.active)}")
    print(f"processor       {cycle:.2f} s a cycle of {CYCLE_SECONDS} s (bound {CPU_BOUND} s)")
    print(f"in evaluations  {sum(rule.cycle for rule in seen.rules):.2f} s of it")
    print(f"computed        {computed(catalog, options.factor, cycle)}")
    print(f"without rules   {seen.without:.3f} cores")
    for name, cost in (("one objective", seen.ours), ("the usual shape", seen.usual)):
        print(f"{name:<16}{cost.rules} rules, {cost.seconds * 1000:.1f} ms a cycle")
    print(f"slowest rule    p99 {worst * 1000:.0f} ms (bound {SLOWEST_BOUND * 1000:.0f} ms)")
    for rule in slowest[:8]:
        print(f"  {rule.worst * 1000:6.1f} ms  {rule.name}")
    print("dearest rules")
    for rule in sorted(seen.rules, key=lambda rule: -rule.cycle)[:8]:
        print(f"  {rule.cycle * 1000:6.1f} ms a cycle  {rule.name}")
    return 0 if cycle <= CPU_BOUND and worst <= SLOWEST_BOUND else 1


if __name__ == "__main__":
    raise SystemExit(main())
