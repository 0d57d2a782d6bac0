"""Time series as definitions know them: of which metric, with which labels, and which values those can have."""

from watchkeeper.model import MetricType
from watchkeeper.spec import schema
from watchkeeper.spec.definitions import Definitions
from watchkeeper.spec.references import TARGET_LABELS

OF_PROMETHEUS = frozenset(
    {
        "ALERTS", "ALERTS_FOR_STATE", "up", "scrape_duration_seconds", "scrape_samples_post_metric_relabeling",
        "scrape_samples_scraped", "scrape_series_added",
    }
)  # fmt: skip
"""Series that Prometheus makes by itself; the catalog may say more about them."""
HISTOGRAM_ENDINGS = ("_bucket", "_sum", "_count")
NAMED_LABELS = {"class": "classes", "dependency": "dependencies", "slo": "slos"}
"""Labels whose values are names of definitions."""


def metric_name(d: Definitions, series: str) -> str | None:
    """The metric that a series belongs to; None where nobody defined it."""
    known = d.named("metrics")
    if series in known:
        return series
    for ending in HISTOGRAM_ENDINGS:
        name = series.removesuffix(ending)
        if name != series and name in known:
            metric = d.metrics.get(name)
            return name if metric is None or metric.buckets else None
    return None


def metric(d: Definitions, series: str) -> schema.Metric | None:
    """None for a metric with a mistake of its own, too."""
    name = metric_name(d, series)
    return d.metrics.get(name) if name else None


def names(d: Definitions) -> frozenset[str]:
    """Every name under which samples are found, and those of histograms alone, which are near misses."""
    histograms = [name for name, each in d.metrics.items() if each.buckets]
    return d.named("metrics") | {name + ending for name in histograms for ending in HISTOGRAM_ENDINGS}


def kind(d: Definitions, series: str) -> MetricType | None:
    """What a series counts as: the parts of a histogram are counters."""
    owner = metric(d, series)
    if owner is None:
        return None
    return MetricType.COUNTER if owner.type is MetricType.HISTOGRAM and series not in d.metrics else owner.type


def labels(d: Definitions, series: str) -> frozenset[str] | None:
    """Every label that the series carry; None where others may come: an engine's metrics have labels of its own."""
    owner = metric(d, series)
    if owner is None or owner.emitter.foreign:
        return None
    return TARGET_LABELS | owner.labels.keys() | ({"le"} if series.endswith("_bucket") else set())


def domain(d: Definitions, owner: schema.Metric, label: str) -> frozenset[str]:
    """The values a label can have: those listed, and the names of what it is about. Empty where anything may come."""
    written = owner.labels.get(label)
    if written is None or (owner.emitter.foreign and label not in TARGET_LABELS):
        return frozenset()
    section = NAMED_LABELS.get(label)
    named = d.named(section) if section else frozenset()
    off = d.off.get(section, frozenset()) if section else frozenset()
    listed = frozenset(written.values)
    return (listed | named) - off if listed else frozenset()
