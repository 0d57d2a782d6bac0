"""What the compiled whole amounts to: counted, and what follows from the counts."""

from dataclasses import dataclass
from decimal import Decimal

from watchkeeper import measured
from watchkeeper.compile import metrics_catalog
from watchkeeper.compile.rules import Rules
from watchkeeper.model import Catalog, Scrape
from watchkeeper.quantity import Duration


@dataclass(frozen=True, slots=True)
class Totals:
    metrics: int
    series: int
    """Scraped, in the reference deployment."""
    samples_per_second: Decimal
    recording_rules: int
    alerts: int
    """By name; an alert about objectives has a rule for each."""
    alert_rules: int
    dashboards: int
    panels: int
    log_alerts: int

    @property
    def disk_bytes(self) -> tuple[Decimal, Decimal]:
        """Of the scraped series while Prometheus keeps them: at the least and at the most bytes a sample seen."""
        samples = self.samples_per_second * measured.RETENTION.seconds
        low, high = measured.BYTES_PER_SAMPLE
        return samples * low, samples * high


def totals(catalog: Catalog, compiled: Rules) -> Totals:
    by_scrape = {
        scrape: sum(metrics_catalog.planned(catalog, m) for m in catalog.metrics if m.scrape is scrape)
        for scrape in Scrape
    }
    return Totals(
        metrics=len(catalog.metrics),
        series=sum(by_scrape.values()),
        samples_per_second=sum(
            (number / _every(catalog, scrape).seconds for scrape, number in by_scrape.items()), Decimal(0)
        ),
        recording_rules=len(compiled.recordings),
        alerts=len({rule.alert for rule in compiled.alerts}),
        alert_rules=len(compiled.alerts),
        dashboards=len(catalog.dashboards),
        panels=sum(len(dashboard.panels) for dashboard in catalog.dashboards),
        log_alerts=len({alert.name for service in catalog.services for alert in service.log_alerts}),
    )


def _every(catalog: Catalog, scrape: Scrape) -> Duration:
    return catalog.intervals.scrape_critical if scrape is Scrape.CRITICAL else catalog.intervals.scrape_standard
