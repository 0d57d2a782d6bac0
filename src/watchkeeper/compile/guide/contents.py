"""The files of the folder, each with what it is for."""

from collections.abc import Iterable

from watchkeeper import conventions
from watchkeeper.compile.guide.markdown import Blocks, link, table

FILES = (
    (
        conventions.METRICS_CATALOG_FILE,
        "every metric: type, unit, labels with their domains, buckets, retention, series",
    ),
    (conventions.SLI_SLO_FILE, "objectives, error budgets, burn alerts with their arithmetic, the budget policy"),
    (conventions.RECORDING_RULES_FILE, "Prometheus: what is computed ahead, and the alerts that read it"),
    (conventions.ALERT_RULES_FILE, "Prometheus: the other alerts"),
    (conventions.PROMETHEUS_FILE, "Prometheus: what is scraped, how often, and where alerts go"),
    (conventions.ALERTMANAGER_FILE, "Alertmanager: routes, receivers, schedules, inhibitions"),
    (conventions.TEMPLATES_FILE, "Alertmanager: the words of messages"),
    (conventions.DASHBOARDS_FILE, "all dashboards in one file, for people and for Grafana's API"),
    (conventions.LOG_AGGREGATION_FILE, "the log line, levels, events, alerts, retention, private data"),
    (conventions.TRACING_FILE, "span names, propagation, sampling, attributes, retention"),
)
FOLDERS = (
    ("grafana/", "the dashboards one a file, and the files that provision them"),
    ("loki/", "Loki in one process or several, its limits and its rules"),
    ("agents/", "who reads the log files: OpenTelemetry Collector, Alloy, Promtail"),
    ("collector/", "the OpenTelemetry Collector for traces: agent and gateway"),
    ("jaeger/", "Jaeger with its storage, strategies and index lifecycle"),
    ("kubernetes/", "the same rules and scrapes for the Prometheus operator"),
    ("runbooks/", "a page for every alert"),
    ("tests/", "series that make each alert fire and series that must not, for `promtool test rules`"),
    ("examples/", "a service that is watched, to copy from"),
)


def blocks(paths: Iterable[str]) -> Blocks:
    yield "## Files"
    yield table(("file", "holds"), rows(tuple(paths)))


def rows(paths: tuple[str, ...]) -> Iterable[tuple[str, str]]:
    """Of those that were built."""
    for name, words in FILES:
        if name in paths:
            yield link(name, name), words
    for folder, words in FOLDERS:
        count = sum(path.startswith(folder) for path in paths)
        if count:
            yield link(folder, folder), f"{words} ({count} {'files' if count > 1 else 'file'})"
