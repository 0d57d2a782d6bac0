"""The plan of one multiple of traffic, and of several beside each other."""

from dataclasses import dataclass
from decimal import Decimal

from watchkeeper import measured
from watchkeeper.model import Catalog
from watchkeeper.report.capacity import logs, nodes, storage, traces
from watchkeeper.report.capacity.counting import Counting
from watchkeeper.report.capacity.evaluation import Cost, Together, costs, together
from watchkeeper.report.capacity.figure import Amount, Figure, Section, Unit, grouped
from watchkeeper.report.capacity.load import Load

CYCLE = Decimal(30)
"""Seconds: what `bench/rules.py` counts in."""


@dataclass(frozen=True, slots=True)
class MetricSeries:
    name: str
    series: int
    derivation: str


@dataclass(frozen=True, slots=True)
class Plan:
    times: int
    requests_per_second: Decimal
    sections: tuple[Section, ...]
    metrics: tuple[MetricSeries, ...]
    """The largest first."""
    rules: tuple[Together, ...]
    """The dearest first."""
    undeclared: tuple[str, ...]
    """Names that rules read and no definition declares."""


@dataclass(frozen=True, slots=True)
class Capacity:
    services: tuple[str, ...]
    requests_per_month: int
    plans: tuple[Plan, ...]
    """One for each multiple asked for, in that order."""


def capacity(catalog: Catalog, times: tuple[int, ...] = (1, 10, 100)) -> Capacity:
    """What the reference deployment and its multiples of traffic need. Raises ValueError for less than one multiple."""
    if not times or min(times) < 1:
        raise ValueError("multiples of traffic are whole numbers from 1 on")
    return Capacity(
        tuple(service.name for service in catalog.services),
        catalog.reference.requests_per_month,
        tuple(_plan(Load(catalog, each)) for each in times),
    )


def _plan(load: Load) -> Plan:
    counting = Counting(load)
    dearest = costs(counting)
    catalog = load.catalog
    sections = [storage.section(counting), _rules(dearest)]
    if catalog.logs is not None:
        sections.append(logs.section(load, catalog.logs))
    if catalog.tracing is not None:
        sections.append(traces.section(load, catalog.tracing))
    sections.append(nodes.section(counting, dearest))
    return Plan(
        load.times,
        load.requests_per_second,
        tuple(sections),
        _metrics(load),
        together(dearest, catalog),
        counting.undeclared(),
    )


def _rules(dearest: tuple[Cost, ...]) -> Section:
    samples = sum((cost.samples_per_second for cost in dearest), Decimal(0))
    cores = sum((cost.cores for cost in dearest), Decimal(0))
    slowest = max((cost.seconds for cost in dearest), default=Decimal(0))
    figures = (
        Figure("rules", Amount.of(len(dearest), Unit.COUNT), "recording rules and alerts, of all groups"),
        Figure("samples read", Amount.of(samples, Unit.PER_SECOND), "series x window / pace of its samples, each rule"),
        Figure(
            f"processor time in {CYCLE} s",
            Amount.of(cores * CYCLE, Unit.SECONDS),
            f"each rule {_micro(measured.SECONDS_PER_RULE)}, each series read"
            f" {_micro(measured.SECONDS_PER_SERIES_READ)}, each sample {_micro(measured.SECONDS_PER_SAMPLE_READ)}",
        ),
        Figure("dearest rule", Amount.of(slowest, Unit.SECONDS), "one evaluation"),
    )
    return Section("rules", figures)


def _micro(seconds: Decimal) -> str:
    return f"{grouped(seconds * 10**6)} us"


def _metrics(load: Load) -> tuple[MetricSeries, ...]:
    found = (MetricSeries(metric.name, load.series(metric), load.derivation(metric)) for metric in load.catalog.metrics)
    return tuple(sorted(found, key=lambda each: (-each.series, each.name)))
