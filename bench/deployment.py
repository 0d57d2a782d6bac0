"""A healthy deployment as large as the reference deployment: every series it exposes, and what each says at a moment.

Nothing fails, so hardly an alert is active: one that is costs ten times the reading, for its texts are made anew at
every evaluation. Traffic goes up and down by half within an hour.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from watchkeeper import conventions
from watchkeeper.model import Catalog, Emitter, Metric, MetricType, Scrape

ROLES = {Emitter.SDK: "service-detail", Emitter.PROBE: "probe", Emitter.ENGINE: "engine"}
GOOD = {
    "outcome": {"good", "ok", "success", "hit"},
    "code": {"OK"},
    "level": {"debug", "info", "warn"},
    "cause": set(),
}
"""Values of labels that tell how something ended: counters of any other stand still."""
TROUBLE = (
    "_failures_", "_failed_", "_missed_", "_errors_", "_dropped_", "_overflow_", "_exits_", "_restarts_", "oom_kill",
    "unpriced", "usage_missing",
)  # fmt: skip
"""Counters named like this stand still."""
IDLE = (
    "llm_fallback_active", "module_circuit_breaker_state", "queue_oldest_age_seconds",
    "kube_pod_container_status_last_terminated_reason",
)  # fmt: skip
ROOMY = ("_max", "_limit_", "_size_", "Total_")
FREE = ("avail_bytes", "MemAvailable")
MONTHS = 90 * 86400
PER_SAMPLE = 10


@dataclass(frozen=True, slots=True)
class Series:
    labels: dict[str, str]
    every: int
    counts: bool
    level: float
    """A gauge's value; a counter's growth a sample."""

    def at(self, moment: int) -> float:
        if self.counts:
            return float(round(self.level * _busy(moment) / self.every))
        return moment + self.level if "timestamp" in self.labels["__name__"] else self.level


def _busy(moment: int) -> float:
    """The integral of 1 + sin(t / 600) / 2: how much was done by a moment, in seconds of usual traffic."""
    return moment - 300 * math.cos(moment / 600)


def series_of(catalog: Catalog, factor: int) -> list[Series]:
    found: list[Series] = []
    for metric in catalog.metrics:
        for instance in range(catalog.reference.of(metric.emitter) * (factor if metric.emitter is Emitter.SDK else 1)):
            found += _of_process(catalog, metric, instance)
    return found


def recorded(catalog: Catalog) -> list[Series]:
    """What objectives record of their events: constant traffic without a failure."""
    every = int(catalog.intervals.rules_standard.seconds)
    fixed = {"service": catalog.services[0].name, "environment": "production"}
    return [
        Series({"__name__": name, "slo": slo.name, **fixed}, every, counts=False, level=level)
        for slo in catalog.services[0].slos
        for name, level in ((conventions.SLI_TOTAL, 20.0), (conventions.SLI_ERRORS, 0.0))
    ]


def _of_process(catalog: Catalog, metric: Metric, instance: int) -> Iterator[Series]:
    service = catalog.services[0].name
    fixed = {"instance": f"{metric.emitter.value}-{instance}:9464", "service": service, "environment": "production"}
    role = {} if any(label.name == "role" for label in metric.labels) else {"role": ROLES.get(metric.emitter, "node")}
    critical = metric.scrape is Scrape.CRITICAL
    every = int((catalog.intervals.scrape_critical if critical else catalog.intervals.scrape_standard).seconds)
    domains = [_values(label.name, label.values, label.cap) for label in metric.labels]
    combinations = itertools.islice(_spread(domains), metric.plan or None)
    names = [label.name for label in metric.labels]
    for values in combinations:
        labels = fixed | role | dict(zip(names, values, strict=True))
        yield from _family(metric, labels, every)


def _values(name: str, values: tuple[str, ...], cap: int) -> list[str]:
    return list(values) or [f"{name}-{number}" for number in range(cap)]


def _spread(domains: list[list[str]]) -> Iterator[tuple[str, ...]]:
    """Every combination, the last label turning slowest, so that a plan's share of them has many values of each."""
    return (tuple(reversed(combination)) for combination in itertools.product(*reversed(domains)))


def _family(metric: Metric, labels: dict[str, str], every: int) -> Iterator[Series]:
    if metric.type is not MetricType.HISTOGRAM:
        counts = metric.type is MetricType.COUNTER
        yield Series(
            {"__name__": metric.name, **labels},
            every,
            counts,
            _growth(metric.name, labels) if counts else _level(metric.name, labels),
        )
        return
    bounds = [*(f"{float(bound):g}" for bound in metric.buckets), "+Inf"]
    for name, more in (*(("_bucket", {"le": bound}) for bound in bounds), ("_count", {}), ("_sum", {})):
        # everything is faster than the first bound
        yield Series({"__name__": metric.name + name, **labels, **more}, every, counts=True, level=PER_SAMPLE)


def _growth(name: str, labels: dict[str, str]) -> float:
    ended_well = all(value in GOOD.get(label, {value}) for label, value in labels.items())
    return PER_SAMPLE if ended_well and not any(word in name for word in TROUBLE) else 0


def _level(name: str, labels: dict[str, str]) -> float:
    if "timestamp" in name:
        return MONTHS if "expiry" in name else 0
    if name in IDLE or labels.get("condition", "true") != "true":
        return 0
    if any(word in name for word in ROOMY):
        return 10
    return 9 if any(word in name for word in FREE) else 1
