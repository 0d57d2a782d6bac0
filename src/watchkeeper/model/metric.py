"""What is measured: metrics with declared label domains, so that series can be counted, checked and typed."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from watchkeeper.quantity import Duration


class MetricType(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Scrape(StrEnum):
    """Which of the two scrape jobs carries a metric: every 5 s or every 15 s."""

    CRITICAL = "critical"
    STANDARD = "standard"


class Emitter(StrEnum):
    """Who exposes a metric. Only the SDK's become typed instruments."""

    SDK = "sdk"
    PROBE = "probe"
    STACK = "stack"
    ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class Label:
    """A label and its domain: an enumeration, or any value up to `cap` distinct ones per process."""

    name: str
    values: tuple[str, ...] = ()
    cap: int = 0

    @property
    def size(self) -> int:
        return len(self.values) or self.cap


@dataclass(frozen=True, slots=True)
class Metric:
    name: str
    type: MetricType
    help: str
    labels: tuple[Label, ...]
    buckets: tuple[Decimal, ...]
    """Finite upper bounds, ascending; empty unless a histogram."""
    scrape: Scrape
    retention: Duration
    emitter: Emitter
    category: str
    replaces: str = ""
    """The specification's own name, where it could not be kept."""

    @property
    def series(self) -> int:
        """Upper bound of time series per process, from the label domains."""
        combinations = 1
        for label in self.labels:
            combinations *= label.size
        per_combination = len(self.buckets) + 3 if self.type is MetricType.HISTOGRAM else 1
        return combinations * per_combination
