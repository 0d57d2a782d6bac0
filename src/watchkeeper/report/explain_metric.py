"""A metric or a recorded series: what it counts, how many series it is, and who reads it."""

from collections.abc import Iterator

from watchkeeper import promql
from watchkeeper.compile import rules
from watchkeeper.compile.metrics_catalog import planned, unit
from watchkeeper.formats.prometheus import Alerting
from watchkeeper.model import Catalog, Label, Metric, MetricType, Scrape
from watchkeeper.report.explanation import Explanation, Fact

_ENDINGS = ("_bucket", "_count", "_sum")


def names(catalog: Catalog) -> Iterator[str]:
    yield from (metric.name for metric in catalog.metrics)
    yield from dict.fromkeys(each.name for service in catalog.services for each in service.recordings)


def metrics(catalog: Catalog, name: str) -> Iterator[Explanation]:
    for metric in catalog.metrics:
        if metric.name == name:
            yield Explanation("metric", name, metric.help, (*_declared(catalog, metric), *_series(catalog, metric)))
    yield from _recorded(catalog, name)


def _declared(catalog: Catalog, metric: Metric) -> Iterator[Fact]:
    critical = metric.scrape is Scrape.CRITICAL
    every = catalog.intervals.scrape_critical if critical else catalog.intervals.scrape_standard
    yield Fact("type", " ".join(filter(None, (metric.type.value, unit(metric) and f"in {unit(metric)}"))))
    yield Fact("labels", "; ".join(map(_domain, metric.labels)) or "none of its own")
    if metric.buckets:
        yield Fact("buckets", ", ".join(f"{bound:f}" for bound in metric.buckets))
    yield Fact("from", metric.emitter.value)
    yield Fact("scraped", f"every {every.words}, kept {metric.retention.words}")
    if metric.replaces:
        yield Fact("replaces", metric.replaces)


def _domain(label: Label) -> str:
    return f"{label.name}: {', '.join(label.values)}" if label.values else f"{label.name}: up to {label.cap} values"


def _series(catalog: Catalog, metric: Metric) -> Iterator[Fact]:
    sizes = [str(label.size) for label in metric.labels]
    histogram = metric.type is MetricType.HISTOGRAM
    parts = [*sizes, *([f"({len(metric.buckets)} buckets + 3)"] if histogram else [])]
    yield Fact("series at most", f"{metric.series} a process", " x ".join(parts) or "no labels")
    if metric.plan:
        each = f" x ({len(metric.buckets)} + 3)" if histogram else ""
        yield Fact("series planned", f"{metric.planned} a process", f"{metric.plan} combinations{each}")
    processes = f"{metric.planned} x {catalog.reference.of(metric.emitter)} processes"
    services = f" x {times} services" if (times := catalog.times(metric.emitter)) > 1 else ""
    yield Fact("in the reference", f"{planned(catalog, metric)} series", processes + services)
    yield Fact("read by", ", ".join(readers(catalog, metric.name)) or "nothing")


def _recorded(catalog: Catalog, name: str) -> Iterator[Explanation]:
    found = [each for service in catalog.services for each in service.recordings if each.name == name]
    if not found:
        return
    rules_ = (Fact(", ".join(f"{k}={v}" for k, v in each.labels) or "value", each.value) for each in found)
    family = Fact("family", f"{found[0].family}, in {found[0].unit}")
    yield Explanation("recording", name, found[0].help, (family, *rules_, _read_by(catalog, name)))


def _read_by(catalog: Catalog, name: str) -> Fact:
    return Fact("read by", ", ".join(readers(catalog, name)) or "nothing")


def readers(catalog: Catalog, name: str) -> tuple[str, ...]:
    """Alerts, recorded series and panels whose expressions read the series of this name."""
    series = {name, *(name + ending for ending in _ENDINGS)}
    rule_readers = (
        rule.alert if isinstance(rule, Alerting) else rule.record
        for group in rules.compiled(catalog).groups
        for rule in group.rules
        if series & set(promql.metrics(promql.parse(rule.expr)))
    )
    panels = (
        f"{dashboard.key}/{panel.key}"
        for dashboard in catalog.dashboards
        for panel in dashboard.panels
        if any(series & set(promql.metrics(promql.parse(query.value))) for query in panel.queries)
    )
    return tuple(dict.fromkeys((*rule_readers, *panels)))
