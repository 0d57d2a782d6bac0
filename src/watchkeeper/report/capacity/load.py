"""The reference deployment with so many times its traffic."""

from dataclasses import dataclass
from decimal import Decimal

from watchkeeper.model import Catalog, Emitter, Metric, Scrape
from watchkeeper.quantity import Duration

ENVIRONMENT = "production"
"""What the reference deployment is."""
MONTH = Duration.of(days=30)
_MORE_PROCESSES = frozenset({Emitter.SDK, Emitter.NODE})
"""What serves requests, and the machines it runs on. Probe, supervisor, engines and kube-state-metrics stay as many."""


@dataclass(frozen=True, slots=True)
class Load:
    catalog: Catalog
    times: int

    @property
    def requests_per_second(self) -> Decimal:
        """On average over a month of 30 days."""
        return self.catalog.reference.requests_per_month * self.times / MONTH.seconds

    def processes(self, emitter: Emitter) -> int:
        """Of each service, or shared. A process serves what it serves today: more traffic is more of them."""
        return self.catalog.reference.of(emitter) * (self.times if emitter in _MORE_PROCESSES else 1)

    def combinations(self, metric: Metric) -> int:
        """Series of one process. The one process that tells of all pods tells of more pods."""
        pods = metric.emitter is Emitter.KUBERNETES and any(label.name == "pod" for label in metric.labels)
        return metric.planned * (self.times if pods else 1)

    def series(self, metric: Metric) -> int:
        """Of all services."""
        return self.combinations(metric) * self.processes(metric.emitter) * self.catalog.times(metric.emitter)

    def derivation(self, metric: Metric) -> str:
        services = f" x {times} services" if (times := self.catalog.times(metric.emitter)) > 1 else ""
        return f"{self.combinations(metric)} x {self.processes(metric.emitter)} {metric.emitter}{services}"

    def scrape(self, metric: Metric) -> Duration:
        intervals = self.catalog.intervals
        return intervals.scrape_critical if metric.scrape is Scrape.CRITICAL else intervals.scrape_standard
