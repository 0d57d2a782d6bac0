"""Which metrics there are, and what is known about each. Not known is an answer of its own: None, never a guess."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from watchkeeper.formats import exposition
from watchkeeper.model import Catalog, Emitter, Metric, MetricType, Scrape
from watchkeeper.quantity import Duration
from watchkeeper.spec.references import TARGET_LABELS
from watchkeeper.spec.series import HISTOGRAM_ENDINGS, NAMED_LABELS, OF_PROMETHEUS


@dataclass(frozen=True, slots=True)
class Family:
    """One metric. A histogram's series are `_bucket`, `_sum` and `_count` of its name."""

    name: str
    type: MetricType | None = None
    """None where unknown, and for kinds the catalog has no word for (summaries, say)."""
    labels: Mapping[str, frozenset[str] | None] | None = None
    """Each label with its values; None instead of values where any may come, None instead of labels where unknown."""
    buckets: tuple[Decimal, ...] | None = None
    """Finite upper bounds, ascending."""
    scrape: Duration | None = None
    emitter: Emitter | None = None
    retention: Duration | None = None
    """How long its samples are kept."""
    closed: bool = True
    """No series has a label beyond `labels`."""
    everywhere: bool = True
    """Every series has each of `labels`."""

    @property
    def histogram(self) -> bool:
        return self.type is MetricType.HISTOGRAM

    def kind(self, series: str) -> MetricType | None:
        """What a series of this metric counts as."""
        return MetricType.COUNTER if self.histogram and series != self.name else self.type

    def labels_of(self, series: str) -> frozenset[str] | None:
        """Every label of a series; None where one of them may be missing, or others may come."""
        if self.labels is None or not (self.closed and self.everywhere):
            return None
        return frozenset(self.labels) | ({"le"} if self.histogram and series.endswith("_bucket") else set())

    def values_of(self, label: str) -> frozenset[str] | None:
        """The values a label can have; None where any may come."""
        return None if self.labels is None else self.labels.get(label)

    @property
    def starts_at_zero(self) -> bool:
        """The SDK exposes every declared combination of labels from its start."""
        return self.emitter is Emitter.SDK


@dataclass(frozen=True, slots=True)
class Inventory:
    families: Mapping[str, Family]
    complete: bool
    """What is not in it does not exist. False for the inventory of nothing: then nobody knows."""
    retention: Duration | None = None
    """How long recorded series are kept: as long as whatever is kept longest, in the same database."""

    def family(self, series: str) -> Family | None:
        found = self.families.get(series)
        if found is not None:
            return found
        for ending in HISTOGRAM_ENDINGS:
            histogram = self.families.get(series.removesuffix(ending))
            if series.endswith(ending) and histogram is not None and histogram.type in {None, MetricType.HISTOGRAM}:
                return histogram
        return None

    def knows(self, series: str) -> bool | None:
        """Whether a series exists; None where nobody can say."""
        if self.family(series) is not None or series in OF_PROMETHEUS:
            return True
        return False if self.complete else None

    @property
    def names(self) -> frozenset[str]:
        """Every name under which samples are found."""
        found = set(self.families)
        for family in self.families.values():
            if family.histogram:
                found |= {family.name + ending for ending in HISTOGRAM_ENDINGS}
        return frozenset(found)


UNKNOWN = Inventory({}, complete=False)
"""A foreign rule file and nothing beside it."""


def of_families(families: Iterable[Family]) -> Inventory:
    """A complete inventory."""
    named = {family.name: family for family in families}
    kept = [family.retention for family in named.values() if family.retention is not None]
    return Inventory(named, complete=True, retention=max(kept, default=None))


def of_catalog(catalog: Catalog) -> Inventory:
    named = {
        "class": frozenset(each.name for service in catalog.services for each in service.classes),
        "dependency": frozenset(each.name for service in catalog.services for each in service.dependencies),
        "slo": frozenset(each.name for service in catalog.services for each in service.slos),
    }
    return of_families(_of_metric(metric, catalog, named) for metric in catalog.metrics)


def of_page(families: Iterable[exposition.Family]) -> Inventory:
    """What one page exposes. The scrape adds labels to it, and no one knows which."""
    return of_families(_of_exposed(family) for family in families)


def _of_exposed(family: exposition.Family) -> Family:
    sets = [frozenset(label for label, _ in labels) for labels in family.label_sets()]
    bounds = {value for sample in family.samples for label, value in sample.labels if label == "le"}
    return Family(
        family.name,
        MetricType(family.type) if family.type in set(MetricType) else None,
        dict.fromkeys(frozenset().union(*sets)),
        finite(bounds),
        closed=False,
        everywhere=len(set(sets)) == 1,
    )


@dataclass(frozen=True, slots=True)
class Served:
    """What a Prometheus server tells of its series."""

    names: frozenset[str]
    types: Mapping[str, str]
    labels: Mapping[str, frozenset[str]]
    """Every label of a series, for those that were asked about."""
    bounds: Mapping[str, frozenset[str]]
    """The values of `le`, for the buckets that were asked about."""
    scrape: Duration | None
    """The shortest of all intervals: what is too short for it is too short for any."""


def of_server(served: Served) -> Inventory:
    """A server knows of each label whether it exists at all, not whether every series has it."""
    histograms = {name for name, kind in served.types.items() if kind == MetricType.HISTOGRAM}
    parts = {name + ending for name in histograms for ending in HISTOGRAM_ENDINGS}
    return of_families(_of_served(name, served) for name in (served.names - parts) | histograms)


def _of_served(name: str, served: Served) -> Family:
    # OpenMetrics names a counter without its ending
    kind = served.types.get(name) or served.types.get(name.removesuffix("_total"), "")
    buckets = f"{name}_bucket"
    labels = served.labels.get(name) or served.labels.get(buckets)
    return Family(
        name,
        MetricType(kind) if kind in set(MetricType) else None,
        None if labels is None else dict.fromkeys(labels - {"le"}),
        finite(served.bounds.get(buckets, ())),
        served.scrape,
        everywhere=False,
    )


def finite(bounds: Iterable[str]) -> tuple[Decimal, ...] | None:
    """The values of `le` as numbers, ascending, each once; None where there is none."""
    found = {Decimal(bound) for bound in bounds if re.fullmatch(r"-?[0-9.]+(?:[eE][+-]?[0-9]+)?", bound)}
    return tuple(sorted(found)) or None


def _of_metric(metric: Metric, catalog: Catalog, named: Mapping[str, frozenset[str]]) -> Family:
    critical = metric.scrape is Scrape.CRITICAL
    labels: dict[str, frozenset[str] | None] | None = None
    if not metric.emitter.foreign:  # engines and exporters add labels that the catalog does not list
        labels = dict.fromkeys(TARGET_LABELS)
        for label in metric.labels:
            more = named[label.name] if label.name in NAMED_LABELS else frozenset()
            labels[label.name] = frozenset(label.values) | more if label.values else None
    return Family(
        metric.name,
        metric.type,
        labels,
        metric.buckets or None,
        catalog.intervals.scrape_critical if critical else catalog.intervals.scrape_standard,
        metric.emitter,
        metric.retention,
    )
