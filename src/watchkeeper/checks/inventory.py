"""Which metrics there are, and what is known about each. Not known is an answer of its own: None, never a guess."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

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

    @property
    def histogram(self) -> bool:
        return self.type is MetricType.HISTOGRAM

    def kind(self, series: str) -> MetricType | None:
        """What a series of this metric counts as."""
        return MetricType.COUNTER if self.histogram and series != self.name else self.type

    def labels_of(self, series: str) -> frozenset[str] | None:
        if self.labels is None:
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
    return Inventory({family.name: family for family in families}, complete=True)


def of_catalog(catalog: Catalog) -> Inventory:
    named = {
        "class": frozenset(each.name for service in catalog.services for each in service.classes),
        "dependency": frozenset(each.name for service in catalog.services for each in service.dependencies),
        "slo": frozenset(each.name for service in catalog.services for each in service.slos),
    }
    return of_families(_of_metric(metric, catalog, named) for metric in catalog.metrics)


def _of_metric(metric: Metric, catalog: Catalog, named: Mapping[str, frozenset[str]]) -> Family:
    critical = metric.scrape is Scrape.CRITICAL
    labels: dict[str, frozenset[str] | None] | None = None
    if metric.emitter is not Emitter.ENGINE:  # an engine's metrics have more labels than the catalog lists
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
    )
