"""How many machines like the one that everything was measured on."""

from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal

from watchkeeper import measured
from watchkeeper.model import Logs, Tracing
from watchkeeper.report.capacity import logs as log_volume
from watchkeeper.report.capacity import storage, traces
from watchkeeper.report.capacity.counting import Counting
from watchkeeper.report.capacity.evaluation import Cost
from watchkeeper.report.capacity.figure import Amount, Figure, Section, Unit, grouped, in_bytes, said
from watchkeeper.report.capacity.load import Load

_SAID = (
    f"A node has {measured.CORES} cores and {in_bytes(measured.MEMORY)}, and is planned to"
    f" {said(measured.FULLEST_NODE, Unit.SHARE)}."
    f" The busiest hour has {measured.BUSY_HOUR} times the mean. One copy of everything: high availability doubles it."
    " More than one Prometheus needs a query layer over all of them for rules that sum over all processes."
)


def section(counting: Counting, costs: tuple[Cost, ...]) -> Section:
    catalog = counting.load.catalog
    figures = [_prometheus(counting, costs)]
    if catalog.logs is not None:
        figures.append(_loki(counting.load, catalog.logs))
    if catalog.tracing is not None:
        figures += _traces(counting.load, catalog.tracing)
    return Section("nodes", tuple(figures), (_SAID,))


def needed(share: Decimal) -> int:
    """Of one node's planned part; there is always one."""
    return max(1, int(share.to_integral_value(rounding=ROUND_CEILING)))


def _prometheus(counting: Counting, costs: tuple[Cost, ...]) -> Figure:
    streams = (*storage.scraped(counting), *storage.recorded(counting))
    memory = storage.memory(storage.total(streams)).high
    scraping = storage.per_second(storage.scraped(counting)) * measured.SECONDS_PER_SCRAPED_SAMPLE
    rules = sum((cost.cores for cost in costs), Decimal(0))
    of_memory = memory / (measured.MEMORY * measured.FULLEST_NODE)
    of_cores = (scraping + rules) / (measured.CORES * measured.FULLEST_NODE)
    return Figure(
        "Prometheus",
        Amount.of(needed(max(of_memory, of_cores)), Unit.COUNT),
        f"the larger of {in_bytes(memory)} / {in_bytes(measured.MEMORY * measured.FULLEST_NODE)} and"
        f" ({grouped(scraping)} for scrapes + {grouped(rules)} for rules) / {measured.CORES * measured.FULLEST_NODE:f}"
        " cores",
    )


def _loki(load: Load, logs: Logs) -> Figure:
    rate = log_volume.lines_per_second(load, logs).high
    return _by_rate("Loki", rate, measured.LOKI_LINES_PER_SECOND, "lines/s")


def _traces(load: Load, tracing: Tracing) -> Iterator[Figure]:
    sampling = tracing.sampling
    spans = traces.spans_per_second(load, sampling)
    by_rate = _by_rate("Collector gateways", spans, measured.GATEWAY_SPANS_PER_SECOND, "spans/s")
    waiting = sampling.memory_needed(load.requests_per_second * measured.BUSY_HOUR)
    by_memory = needed(Decimal(waiting) / sampling.traces_in_memory)
    yield Figure(
        "Collector gateways",
        Amount.of(max(by_memory, int(by_rate.amount.high)), Unit.COUNT),
        f"the larger of {by_rate.derivation} and {waiting:,} undecided traces / {sampling.traces_in_memory:,}",
    )
    kept = traces.kept_per_second(load, sampling).high
    yield _by_rate("OpenSearch data nodes", kept, measured.STORE_SPANS_PER_SECOND, "spans/s")


def _by_rate(what: str, mean: Decimal, most: Decimal, unit: str) -> Figure:
    planned = most * measured.FULLEST_NODE
    return Figure(
        what,
        Amount.of(needed(mean * measured.BUSY_HOUR / planned), Unit.COUNT),
        f"{grouped(mean)} {unit} x {measured.BUSY_HOUR} / {grouped(planned)} {unit}",
    )
