"""How it hangs together, in text: the layers, who speaks to whom, and how long each keeps what it is told."""

from watchkeeper import measured
from watchkeeper.compile.guide.markdown import Blocks, code, table
from watchkeeper.model import Catalog, Mail, PagerDuty, Slack, Webhook


def blocks(catalog: Catalog) -> Blocks:
    yield "## How it hangs together"
    yield code("text", flow(catalog))
    yield table(("layer", "what", "how"), layers(catalog))
    intervals = catalog.intervals
    yield (
        f"Two scrape jobs read one port: what decides about pages every {intervals.scrape_critical.words}, everything"
        f" else every {intervals.scrape_standard.words}. Rules that page are evaluated every"
        f" {intervals.rules_critical.words}, the others every {intervals.rules_standard.words}, windows of a day and"
        f" more every {intervals.rules_slow.words}."
    )


def flow(catalog: Catalog) -> str:
    """One line for each way a signal takes."""
    lines = [
        "service with the SDK --/metrics--> Prometheus --rules--> Alertmanager --> people",
        "probe outside        --/metrics----^   |",
        "machine, cluster     --/metrics----^   `--recorded series--> Grafana",
    ]
    if catalog.logs is not None:
        lines.append("service --JSON lines on stdout--> agent --> Loki --> Grafana; its ruler --> Alertmanager")
    if catalog.tracing is not None:
        lines.append("service --OTLP--> Collector agent --> Collector gateway (sampling) --> Jaeger --> Grafana")
    return "\n".join(lines)


def layers(catalog: Catalog) -> list[tuple[str, str, str]]:
    """The specification's layers, with what this folder makes of each."""
    tracing = catalog.tracing
    logs = catalog.logs is not None
    probed = ", ".join(service.name for service in catalog.services)
    return [
        (
            "application",
            "Watchkeeper SDK in the service",
            "metrics at `/metrics`, JSON log lines with a correlation id",
        ),
        ("application", "probe", f"conversations with {probed} from outside"),
        ("collection", "Prometheus", "scrapes"),
        *([("collection", "log agent", "OpenTelemetry Collector; Alloy and Promtail beside it")] if logs else []),
        *([("collection", "OpenTelemetry Collector", "takes spans, decides which traces are kept")] if tracing else []),
        ("storage", "Prometheus", f"metrics, {measured.RETENTION.words}"),
        *([("storage", "Loki", _kept(catalog))] if logs else []),
        *(
            [("storage", "Jaeger with Elasticsearch or OpenSearch", f"traces, {tracing.retention.words}")]
            if tracing
            else []
        ),
        ("processing", "recording rules", "what panels and alerts would else compute again and again"),
        ("processing", "alert rules", "when somebody is told"),
        ("processing", "Alertmanager", "who is told, together with what, how often"),
        *(("notification", kind, names) for kind, names in _receivers(catalog)),
        *(("visualization", "Grafana", dashboard.title) for dashboard in catalog.dashboards),
    ]


def _kept(catalog: Catalog) -> str:
    kept = catalog.logs.retention if catalog.logs else ()
    return "logs, " + ", ".join(f"{each.environment} {each.keep.words}" for each in kept)


def _receivers(catalog: Catalog) -> list[tuple[str, str]]:
    kinds = ((PagerDuty, "PagerDuty"), (Slack, "Slack"), (Mail, "mail"), (Webhook, "dead-man's switch"))
    found = ((words, [r.name for r in catalog.receivers if isinstance(r.sends, kind)]) for kind, words in kinds)
    return [(words, ", ".join(names)) for words, names in found if names]
