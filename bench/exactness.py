"""How far the compiled 30-day error budget is from the truth, beside the average of ratios that others report.

    python bench/exactness.py [--days 30]

A month of a service with eight processes is invented event by event: 1 to 100 requests a second over the day, two
hours at 50 % errors by night, ten minutes at the peak, three bursts of 15 to 30 s, a restart of every process each six
hours. Scrapes are 5 s apart and never at the same moment. The samples go into a real Prometheus, the compiled recording
rules are evaluated over the whole month in virtual time and written back, as they would have been live; then the budget
is asked. Four worlds: processes that keep their name or get a new one, series of failures that exist from the start or
only from the first failure on. Exit code 1 when a figure is further than 1.5 % from the truth.
"""

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import throwaway

from watchkeeper import conventions, spec
from watchkeeper.compile import rules
from watchkeeper.live.prometheus import Prometheus
from watchkeeper.live.remote_write import WrittenSeries, write
from watchkeeper.model import Catalog
from watchkeeper.quantity import Duration

PODS = 8
SCRAPE = 5
EVALUATION = 30
"""Of the group that records events."""
HOUR, DAY = 3600, 86400
BOUND = 0.015
START = 1_760_000_000 - 1_760_000_000 % DAY
LABELS = {"slo": "availability", "class": "simple", "service": "llm-copilot-agent", "environment": "production"}
SLO_LABELS = {key: LABELS[key] for key in ("slo", "service", "environment")}


Samples = dict[tuple[int, int, str], list[tuple[float, float]]]
"""Process, when it was started, outcome -> samples."""


@dataclass(frozen=True, slots=True)
class World:
    name: str
    new_names: bool
    late_failures: bool


WORLDS = (
    World("processes keep their names", new_names=False, late_failures=False),
    World("processes keep their names, failures from the first one on", new_names=False, late_failures=True),
    World("a new name at each restart", new_names=True, late_failures=False),
    World("a new name at each restart, failures from the first one on", new_names=True, late_failures=True),
)


def requests(second: int) -> float:
    """Per second, of the whole service: 1 in the night, 100 at noon."""
    return 50.5 - 49.5 * math.cos(2 * math.pi * (second % DAY) / DAY)


def failing(second: int) -> float:
    """Share of requests: a bad night, a bad noon, three bursts, and a trickle that is always there."""
    day, clock = divmod(second, DAY)
    if day == 9 and HOUR <= clock < 3 * HOUR:
        return 0.5
    if day == 16 and 12 * HOUR <= clock < 12 * HOUR + 600:
        return 0.5
    bursts = ((4, 10 * HOUR, 30), (12, 15 * HOUR, 15), (21, 18 * HOUR + 98, 20))
    if any(day == on and at <= clock < at + long for on, at, long in bursts):
        return 1.0
    return 0.0001


@dataclass(slots=True)
class Pod:
    """Whole events since the beginning; a restart begins to count at zero."""

    number: int
    good: float = 0.0
    bad: float = 0.0
    born: int = 0
    good_before: int = 0
    bad_before: int = 0

    def restart(self, at: int) -> None:
        self.good_before, self.bad_before, self.born = int(self.good), int(self.bad), at

    def counted(self) -> tuple[tuple[str, int], ...]:
        return ("good", int(self.good) - self.good_before), ("bad", int(self.bad) - self.bad_before)


def restarts(pod: int, second: int) -> bool:
    """Each six hours, one process after the other."""
    return second > 0 and (second - 600 * pod) % (6 * HOUR) == 0


def month(world: World, days: int) -> Iterator[tuple[list[WrittenSeries], int, int]]:
    """A few hours at a time: the samples as they are scraped, and how many events there truly were until then."""
    pods = [Pod(number) for number in range(PODS)]
    for begin in range(0, days * DAY, 6 * HOUR):
        samples: Samples = {}
        for second in range(begin, begin + 6 * HOUR):
            share, each = failing(second), requests(second) / PODS
            for pod in pods:
                if restarts(pod.number, second):
                    pod.restart(second)
                pod.good += each * (1 - share)
                pod.bad += each * share
                if (second + pod.number) % SCRAPE == 0:
                    _scrape(samples, pod, START + second + 0.1 * pod.number, late=world.late_failures)
        written = [_written(world, key, taken) for key, taken in samples.items()]
        yield written, sum(int(pod.good) for pod in pods), sum(int(pod.bad) for pod in pods)


def _scrape(samples: Samples, pod: Pod, at: float, *, late: bool) -> None:
    """A late series of failures is not there before it counts one."""
    for outcome, count in pod.counted():
        if count or outcome == "good" or not late:
            samples.setdefault((pod.number, pod.born, outcome), []).append((at, float(count)))


def _written(world: World, key: tuple[int, int, str], samples: list[tuple[float, float]]) -> WrittenSeries:
    pod, born, outcome = key
    instance = f"pod-{pod}-{born}" if world.new_names else f"pod-{pod}"
    labels = {"__name__": conventions.SLI_EVENTS, "instance": instance, "outcome": outcome, **LABELS}
    return WrittenSeries(labels, samples)


# --- the rules over the month -----------------------------------------------------------------------


def compiled(catalog: Catalog) -> dict[str, str]:
    """The recording rules of the availability objective, by name."""
    return {
        rule.record: rule.expr
        for rule in rules.compiled(catalog).recordings
        if dict(rule.labels).get("slo") == "availability"
    }


def replay(prometheus: Prometheus, url: str, rule: tuple[str, str], begin: int) -> None:
    """What a rule, a name and an expression, would have recorded in the six hours from then on, as one series."""
    name, expression = rule
    last = float(begin + 6 * HOUR - EVALUATION)
    found = prometheus.range(expression, float(begin), last, float(EVALUATION))
    points = sorted(point for series in found for point in series.points)
    write(url, [WrittenSeries({"__name__": name, **SLO_LABELS}, points)])


def asked(prometheus: Prometheus, expression: str, at: int) -> float:
    (sample,) = prometheus.instant(expression, float(at))
    return sample.value


def measure(world: World, catalog: Catalog, days: int) -> tuple[float, float, float]:
    """Share of the budget consumed: truly, as compiled, as the average of ratios."""
    with throwaway.prometheus({"global": {}}) as server:
        return _replayed(world, catalog, server.url, days)


def _replayed(world: World, catalog: Catalog, url: str, days: int) -> tuple[float, float, float]:
    rule, events = compiled(catalog), (0, 0)
    five = conventions.error_ratio(Duration.of(minutes=5))
    with Prometheus(url) as prometheus:
        begin = START
        for series, *counted in month(world, days):
            write(url, series)
            events = (counted[0], counted[1])
            for name in (conventions.SLI_TOTAL, conventions.SLI_ERRORS, five):
                replay(prometheus, url, (name, rule[name]), begin)
            begin += 6 * HOUR
        share = next(float(s.target.complement.value) for s in catalog.services[0].slos if s.name == "availability")
        window = Duration.of(days=30)
        average = f'avg_over_time({five}{{slo="availability"}}[{window.promql}])'
        names = (conventions.bad_events(window), conventions.total_events(window))
        counted_bad, counted_total = (asked(prometheus, rule[name], begin) for name in names)
        truth = events[1] / sum(events)
        return truth / share, counted_bad / counted_total / share, asked(prometheus, average, begin) / share


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=30)
    days = parser.parse_args().days
    catalog = spec.load().catalog
    if catalog is None:
        sys.exit("the shipped definitions do not load; run `watchkeeper check`")
    print(f"{'budget spent, 30 d':<58} {'truth':>8} {'compiled':>9} {'off':>7} {'average':>9} {'off':>7}")
    worst = 0.0
    for world in WORLDS:
        truth, ours, average = measure(world, catalog, days)
        off = ours / truth - 1
        worst = max(worst, abs(off))
        told = f"{truth:8.2%} {ours:9.2%} {off:7.2%} {average:9.2%} {average / truth - 1:7.1%}"
        print(f"{world.name:<58} {told}", flush=True)
    print(f"furthest from the truth: {worst:.2%} (bound {BOUND:.1%})")
    return 0 if worst <= BOUND else 1


if __name__ == "__main__":
    raise SystemExit(main())
