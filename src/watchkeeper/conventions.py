"""Every generated name, one function or constant per name. Series follow Prometheus' `level:metric:operations`."""

import re
import zlib

from watchkeeper.model import Family, Severity
from watchkeeper.quantity import Duration, Ratio

SLI_EVENTS = "sli_events_total"
"""The narrow counter the SDK emits for every classified request: `{slo, class, outcome}`."""

SLI_ERRORS = "slo:sli_errors:rate5m"
"""Level 0: bad events per second, present whenever there is traffic data, zero without errors."""

SLI_TOTAL = "slo:sli_total:rate5m"
"""Level 0: good and bad events per second."""

BUDGET_REMAINING = "slo:error_budget_remaining:ratio"
"""1 at the start, 0 when spent, negative when overspent; over the SLO's whole window."""

HISTORY_COVERAGE = "slo:history_coverage:ratio"
"""Share of the SLO's window for which there is history; a budget younger than its window is no verdict."""

EXHAUSTED_IN = "slo:error_budget_exhausted_in:seconds"
"""Seconds until the budget is spent at the pace of the last 5 minutes; absent while nothing burns."""

ERROR_SHARE = "slo:error_share:ratio"
"""What an objective allows to be bad: 1 - target, so that rules over all objectives need no numbers of their own."""

PROBE_SUCCESS = "probe_success"


_MEANINGS = {
    SLI_ERRORS: "Bad events a second of an objective.",
    SLI_TOTAL: "Good and bad events a second of an objective.",
    BUDGET_REMAINING: "Share of the error budget of an objective that is left; negative when overspent.",
    HISTORY_COVERAGE: "Share of an objective's window for which there is history.",
    EXHAUSTED_IN: "Seconds until the error budget is spent at the pace of the last 5 minutes.",
    ERROR_SHARE: "Share of events that an objective allows to be bad.",
}


def meaning_of_recorded(name: str) -> str:
    """What a series says that is recorded for every objective."""
    if name in _MEANINGS:
        return _MEANINGS[name]
    stem, _, window = name.rpartition("_rate" if "ratio_rate" in name else "increase")
    what = {
        "slo:sli_error:ratio": "Share of the events of an objective that are bad, over",
        "slo:sli_total:": "Good and bad events of an objective within",
        "slo:sli_errors:": "Bad events of an objective within",
    }
    return f"{what[stem]} {Duration.parse(window).words}."


def total_events(window: Duration) -> str:
    """Good and bad events within a window, counted from level 0."""
    return f"slo:sli_total:increase{window.promql}"


def bad_events(window: Duration) -> str:
    return f"slo:sli_errors:increase{window.promql}"


def error_ratio(window: Duration) -> str:
    return f"slo:sli_error:ratio_rate{window.promql}"


def slo_group(service: str, slo: str, tempo: str) -> str:
    return f"slo-{service}-{slo}-{tempo}"


def recording_group(service: str, family: Family, *, slow: bool) -> str:
    return f"{family.value}-{service}" + ("-slow" if slow else "")


def alert_group(service: str, *, critical: bool) -> str:
    return f"alerts-{service}" + ("-critical" if critical else "")


def outage_group(service: str) -> str:
    return f"outage-{service}"


MONITORING_GROUP = "alerts-monitoring"
WATCHDOG_GROUP = "alerts-watchdog"


def burn_alert(severity: Severity) -> str:
    """Specification names: ErrorBudgetBurnRateCritical, ...High, ...Warning."""
    return f"ErrorBudgetBurnRate{severity.value.capitalize()}"


def budget_alert(consumed: Ratio) -> str:
    if consumed.value >= 1:
        return "ErrorBudgetExhausted"
    return f"ErrorBudget{consumed.percent.normalize():f}PercentConsumed"


SLI_MISSING = "SLIMissing"
TRAFFIC_COLLAPSE = "TrafficCollapse"
OUTAGE = "ServiceOutage"
AVAILABILITY_BREACH = "SLOAvailabilityBreach"

PANELS = {
    TRAFFIC_COLLAPSE: "operations/request-rate",
    OUTAGE: "operations/error-rate",
    AVAILABILITY_BREACH: "operations/error-rate",
}
"""Panels that show what alerts of the compiler's own speak of; alerts of one objective have the objective's."""


DETECTION_SECONDS = "detection_seconds"
"""Annotation of an alert: the bound on its detection as a number."""


def runbook_for(alert: str) -> str:
    """`DatabaseDown` -> `database-down.md`; runs of capitals stay together (`LLMCostSpike` -> `llm-cost-spike.md`)."""
    words = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+", alert)
    return "-".join(words).lower() + ".md"


AUDIT_EVENTS = "audit."
"""What the names of audit events begin with."""

KERNEL_LOG = "kernel"
"""`service_name` of the kernel's own lines."""

LOG_EVENTS = "log_events_total"


def log_group(service: str, *, critical: bool) -> str:
    return f"logs-{service}" + ("-critical" if critical else "")


def loki_rules_file(tenant: str, service: str, *, json_body: bool) -> str:
    """The ruler reads `<directory>/<tenant>/*`; which directory depends on what the agent sends."""
    return f"loki/{'rules-json-body' if json_body else 'rules'}/{tenant}/{service}.yaml"


LOG_AGGREGATION_FILE = "log-aggregation-config.yaml"
LOKI_SINGLE_FILE = "loki/single-binary.yaml"
LOKI_SCALABLE_FILE = "loki/scalable.yaml"
LOKI_OVERRIDES_FILE = "loki/overrides.yaml"
LOKI_LIFECYCLE_FILE = "loki/lifecycle.json"
COLLECTOR_AGENT_FILE = "agents/otel-collector-file-log.yaml"
ALLOY_AGENT_FILE = "agents/alloy.alloy"
PROMTAIL_AGENT_FILE = "agents/promtail.yaml"


def published_runbook(page: str) -> str:
    return f"runbooks/{page}"


def published_example(name: str) -> str:
    return f"examples/{name}"


def rule_test_file(service: str, alert: str) -> str:
    return f"tests/{service}-{runbook_for(alert).removesuffix('.md')}.yaml"


GUIDE_FILE = "README.md"
SUMMARY_FILE = "MONITORING-SUMMARY.md"
METRICS_CATALOG_FILE = "metrics-catalog.yaml"
SLI_SLO_FILE = "sli-slo-definitions.yaml"
RECORDING_RULES_FILE = "prometheus-recording-rules.yaml"
ALERT_RULES_FILE = "prometheus-alert-rules.yaml"
KUBERNETES_RULES_FILE = "kubernetes/prometheus-rules.yaml"
KUBERNETES_MONITORS_FILE = "kubernetes/service-monitors.yaml"
KUBERNETES_VALUES_FILE = "kubernetes/values-kube-prometheus-stack.yaml"
PROMETHEUS_FILE = "prometheus.yaml"
ALERTMANAGER_FILE = "alertmanager-config.yaml"
TEMPLATES_FILE = "templates/watchkeeper.tmpl"
TRACING_FILE = "distributed-tracing-config.yaml"
TRACES_AGENT_FILE = "collector/agent.yaml"
TRACES_GATEWAY_FILE = "collector/gateway.yaml"
JAEGER_OPENSEARCH_FILE = "jaeger/opensearch.yaml"
JAEGER_ELASTICSEARCH_FILE = "jaeger/elasticsearch.yaml"
JAEGER_BADGER_FILE = "jaeger/badger.yaml"
JAEGER_STRATEGIES_FILE = "jaeger/strategies.json"
JAEGER_LIFECYCLE_FILE = "jaeger/index-lifecycle.json"

ROUTE_ATTRIBUTE = "http.route"
REQUEST_CLASS_ATTRIBUTE = "watchkeeper.request_class"
"""On the span of a request: the class that the service put it into."""

MODEL_ATTRIBUTE = "gen_ai.request.model"
ENVIRONMENT_ATTRIBUTE = "deployment.environment.name"

STATUS_ATTRIBUTES = {"http-5xx": "http.response.status_code", "http-5xx-old": "http.status_code"}
"""Where a response's status stands, by the name of the policy that keeps failures: now, and before HTTP was settled."""

SPAN_METRICS = "traces.span.metrics"
"""Namespace of what is counted from all spans; Prometheus writes `traces_span_metrics_calls_total`."""

JAEGER_INDEX_PREFIX = "watchkeeper"
JAEGER_POLICY = "watchkeeper-traces"
"""The policy that deletes old indices in the search engine."""

MAIL_RECEIVER_HEADER = "X-Watchkeeper-Receiver"
"""On every e-mail: the receiver it was sent for."""

DASHBOARDS_FILE = "grafana-dashboards.json"
"""All dashboards in one file, for people and for Grafana's API; Grafana's own provisioning reads one a file."""

GRAFANA_DATASOURCES_FILE = "grafana/provisioning/datasources/watchkeeper.yaml"
GRAFANA_DASHBOARDS_FILE = "grafana/provisioning/dashboards/watchkeeper.yaml"
GRAFANA_PROMETHEUS = "watchkeeper-prometheus"
GRAFANA_LOKI = "watchkeeper-loki"
GRAFANA_JAEGER = "watchkeeper-jaeger"
GRAFANA_TAG = "watchkeeper"
LOKI_SERVICE = "service_name"
"""Stream label that says whose log it is: what Loki makes of the resource attribute `service.name`."""


def dashboard_uid(key: str, service: str = "") -> str:
    """Up to 40 characters, as Grafana demands. With a service: the dashboard of those who share its thresholds."""
    return f"wk-{key}" + (f"-{zlib.crc32(service.encode()):08x}" if service else "")


def dashboard_file(uid: str) -> str:
    return f"grafana/dashboards/{uid}.json"


def panel_id(key: str) -> int:
    """From the key, so that a link outlives a new panel before it. Below 2^31: it is a number in JavaScript, too."""
    return zlib.crc32(key.encode()) % (2**31 - 1) + 1


def panel_url(grafana: str, uid: str, panel: int) -> str:
    """One panel alone on the screen."""
    return f"{grafana}/d/{uid}?viewPanel={panel}"
