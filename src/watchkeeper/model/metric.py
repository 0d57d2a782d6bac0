"""What is measured: metrics with declared label domains, so that series can be counted, checked and typed."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from math import prod

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
    """Who exposes a metric. Only the SDK's become typed instruments.

    What engines, kube-state-metrics (`kubernetes`) and node exporters (`node`) expose has labels beside those declared.
    """

    SDK = "sdk"
    PROBE = "probe"
    STACK = "stack"
    ENGINE = "engine"
    KUBERNETES = "kubernetes"
    NODE = "node"

    @property
    def foreign(self) -> bool:
        return self in {Emitter.ENGINE, Emitter.KUBERNETES, Emitter.NODE}

    @property
    def of_service(self) -> bool:
        """Each service has such processes, or is a target of its own at them; the others are there once for all."""
        return self in {Emitter.SDK, Emitter.PROBE, Emitter.KUBERNETES, Emitter.NODE}


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
    plan: int = 0
    """Combinations of label values expected per process; 0 for all that the domains allow."""

    @property
    def series(self) -> int:
        """Upper bound of time series per process, from the label domains."""
        return self._combinations * self._per_combination

    @property
    def planned(self) -> int:
        """Time series per process that are expected; what capacity is computed from."""
        return (self.plan or self._combinations) * self._per_combination

    @property
    def _combinations(self) -> int:
        return prod(label.size for label in self.labels)

    @property
    def _per_combination(self) -> int:
        """A histogram has its buckets, the one without end, sum and count."""
        return len(self.buckets) + 3 if self.type is MetricType.HISTOGRAM else 1
