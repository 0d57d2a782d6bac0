"""`MONITORING-SUMMARY.md`: what there is, in true numbers, and how to measure what cannot be stated beforehand."""

from collections.abc import Iterator
from decimal import Decimal

from watchkeeper import conventions, measured
from watchkeeper.compile import metrics_catalog
from watchkeeper.compile.guide import alerting, architecture, contents
from watchkeeper.compile.guide.facts import Facts
from watchkeeper.compile.guide.markdown import Blocks, link, page, table
from watchkeeper.compile.slo import sli
from watchkeeper.model import Catalog, Service, Severity

MEASURED = (
    ("availability, error rate, latency, budget left", "`watchkeeper slo`", "the executive dashboard shows the same"),
    (
        "time to detect",
        "the column *found* of every alert is its bound",
        "the time from a fault to the first page is measured on the demo by `bench/detect.py`",
    ),
    (
        "time to resolve",
        "from the first message to the resolve, in PagerDuty's analytics",
        "targets to hold it against: 15 minutes for P0, an hour for P1",
    ),
    (
        "true pages",
        "the weekly review: pages somebody acted on, of all pages",
        "`bench/healthy.py` counts pages in hours of healthy traffic",
    ),
    (
        "found before people were hurt",
        "the incidents whose first page came before the first report, in the monthly review",
        "a probe outside the service finds what no request shows",
    ),
    ("queries below a second", "Prometheus' query log (`query_log_file`)", "`bench/rules.py` measures the rules"),
    ("dashboards used, runbooks that solved it", "two questions of the weekly review", ""),
)
"""The specification's measures of success. It states values for a service nobody has run; here is how to get them."""


def text(facts: Facts, made: str) -> str:
    catalog = facts.catalog
    return page(
        (
            "# Monitoring: what there is",
            made,
            f"How to use it: {link('the guide', conventions.GUIDE_FILE)}.",
            *_totals(facts),
            *_metrics(catalog),
            *_objectives(catalog),
            *_alerts(facts),
            *_dashboards(catalog),
            *_files(facts.paths),
            *_architecture(catalog),
            *_success(),
        )
    )


def _totals(facts: Facts) -> Blocks:
    counted = facts.totals
    yield "## Totals"
    low, high = counted.disk_bytes
    samples = f"{counted.samples_per_second:,.0f}"
    least, most = measured.BYTES_PER_SAMPLE
    yield table(
        ("what", "how many", "counted how"),
        (
            ("metrics", str(counted.metrics), "declared"),
            (
                "series scraped",
                f"{counted.series:,}",
                f"planned, in the reference deployment: {_reference(facts.catalog)}",
            ),
            ("samples", f"{samples}/s", "each series once per scrape of its class"),
            ("recording rules", str(counted.recording_rules), ""),
            ("alerts", str(counted.alerts), f"{counted.alert_rules} rules: those about objectives are one for each"),
            (
                "alerts on log lines",
                str(counted.log_alerts),
                "also as LogQL; the same alerts read counters in Prometheus",
            ),
            ("dashboards", str(counted.dashboards), f"{counted.panels} panels"),
            (
                "runbooks",
                str(sum(path.startswith("runbooks/") for path in facts.paths)),
                "a page for every alert, and shared ones",
            ),
            (
                f"disk for {measured.RETENTION.words}",
                f"{_gigabytes(low)} to {_gigabytes(high)} GB",
                f"{samples}/s x {measured.RETENTION.words} x {least} to {most} bytes a sample, as measured",
            ),
        ),
    )
    yield (
        "Disk is that of the series scraped. `watchkeeper capacity` adds recorded series, logs, spans and the time that"
        " rules take, for your own definitions and for multiples of the traffic."
    )


def _reference(catalog: Catalog) -> str:
    processes = (f"{number} {emitter.value}" for emitter, number in catalog.reference.instances)
    of_each = " of each service or shared" if len(catalog.services) > 1 else ""
    return f"{catalog.reference.requests_per_month:,} requests a month, processes{of_each}: {', '.join(processes)}"


def _gigabytes(value: Decimal) -> str:
    return f"{value / 10**9:.1f}"


def _metrics(catalog: Catalog) -> Blocks:
    yield "## Metrics"
    categories = dict.fromkeys(metric.category for metric in catalog.metrics)
    yield table(("category", "metrics", "series"), (_category(catalog, category) for category in categories))
    renamed = [metric for metric in catalog.metrics if metric.replaces]
    if renamed:
        yield "Renamed: " + ", ".join(f"`{metric.replaces}` is `{metric.name}`" for metric in renamed) + "."


def _category(catalog: Catalog, category: str) -> tuple[str, str, str]:
    own = [metric for metric in catalog.metrics if metric.category == category]
    series = sum(metrics_catalog.planned(catalog, metric) for metric in own)
    return category, ", ".join(f"`{metric.name}`" for metric in own), f"{series:,}"


def _objectives(catalog: Catalog) -> Blocks:
    yield "## Objectives"
    for service in catalog.services:
        yield table(
            ("objective", "target", "window", "budget as a total outage", "burn alerts"), _of_service(catalog, service)
        )
        yield table(
            ("budget state", "from consumed", "alert", "what is done"),
            (
                (s.name, s.consumed.words, s.severity.value if s.severity else "none", s.action)
                for s in service.budget_policy
            ),
        )


def _of_service(catalog: Catalog, service: Service) -> Iterator[tuple[str, ...]]:
    for slo in service.slos:
        o = sli(catalog, service, slo)
        burns = (
            f"{burn.severity}: {burn.alert.budget_share.words} in {burn.alert.long_window.words}" for burn in o.burns
        )
        yield slo.title, slo.target.words, slo.window.words, o.objective.budget_time.words, "\n".join(burns)


def _alerts(facts: Facts) -> Blocks:
    yield "## Alerts"
    yield table(
        ("severity", "told", "alerts"),
        (
            (
                severity.value,
                alerting.told(facts.catalog, severity),
                ", ".join(dict.fromkeys(f"`{told.name}`" for told in facts.of(severity))),
            )
            for severity in Severity
        ),
    )


def _dashboards(catalog: Catalog) -> Blocks:
    if catalog.dashboards:
        yield "## Dashboards"
        yield table(
            ("dashboard", "for", "panels"),
            (
                (dashboard.title, dashboard.audience, ", ".join(panel.title for panel in dashboard.panels))
                for dashboard in catalog.dashboards
            ),
        )


def _files(paths: tuple[str, ...]) -> Blocks:
    yield "## Files"
    yield table(("file", "holds"), contents.rows(paths))


def _architecture(catalog: Catalog) -> Blocks:
    yield "## Deployment"
    yield table(("layer", "what", "how"), architecture.layers(catalog))


def _success() -> Blocks:
    yield "## How success is measured"
    yield "No figure is claimed here for a service that has not run. Each is measured like this:"
    yield table(("what", "measured by", "beside it"), MEASURED)
