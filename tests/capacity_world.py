"""Definitions small enough to count by hand: two processes, three metrics, and the recordings a test names."""

from dataclasses import replace
from decimal import Decimal

from watchkeeper.model import (
    Catalog,
    Emitter,
    Family,
    Label,
    Metric,
    MetricType,
    Pace,
    Recording,
    Reference,
    Scrape,
    Unit,
)
from watchkeeper.quantity import Duration
from watchkeeper.report.capacity.counting import Counting
from watchkeeper.report.capacity.load import Load

METHOD = Label("method", values=("GET", "POST"))
ENDPOINT = Label("endpoint", cap=5)


def metric(name: str, *labels: Label, plan: int = 0, scrape: Scrape = Scrape.STANDARD, buckets: str = "") -> Metric:
    bounds = tuple(Decimal(bound) for bound in buckets.split())
    kind = MetricType.HISTOGRAM if bounds else MetricType.COUNTER
    return Metric(name, kind, "help", labels, bounds, scrape, Duration.of(days=90), Emitter.SDK, "request", "", plan)


REQUESTS = metric("requests_total", METHOD, ENDPOINT, plan=6)
"""Six of the ten combinations a process: 12 series."""
LATENCY = metric("latency_seconds", ENDPOINT, buckets="0.5 1")
"""Two buckets, the one without end, sum and count for each endpoint: 25 a process, 50 series."""
EVENTS = metric("events_total", Label("outcome", values=("good", "bad")), scrape=Scrape.CRITICAL)
"""4 series, every 5 s."""


def recording(name: str, value: str, *, pace: Pace = Pace.STANDARD, **labels: str) -> Recording:
    return Recording(name, tuple(labels.items()), value, Family.LATENCY, Unit.NUMBER, "help", pace)


def small(
    catalog: Catalog, *recordings: Recording, metrics: tuple[Metric, ...] = (REQUESTS, LATENCY, EVENTS)
) -> Catalog:
    """`catalog` without anything but these; its outage alert remains, which reads the probe."""
    service = replace(
        catalog.services[0], slos=(), alerts=(), log_alerts=(), recordings=recordings, tests=(), dependencies=()
    )
    reference = Reference(2_592_000, ((Emitter.SDK, 2), (Emitter.PROBE, 1), (Emitter.KUBERNETES, 1)))
    probe = replace(metric("probe_success", scrape=Scrape.CRITICAL), emitter=Emitter.PROBE, type=MetricType.GAUGE)
    return replace(
        catalog, services=(service,), metrics=(*metrics, probe), reference=reference, dashboards=(), logs=None,
        tracing=None,
    )  # fmt: skip


def counting(catalog: Catalog, *recordings: Recording, times: int = 1) -> Counting:
    return Counting(Load(small(catalog, *recordings), times))
