"""Every generated name, one function or constant per name. Series follow Prometheus' `level:metric:operations`."""

import re

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


def slo_group(service: str, slo: str) -> str:
    return f"slo-{service}-{slo}"


def slo_slow_group(service: str, slo: str) -> str:
    return f"slo-{service}-{slo}-slow"


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


def runbook_for(alert: str) -> str:
    """`DatabaseDown` -> `database-down.md`; runs of capitals stay together (`LLMCostSpike` -> `llm-cost-spike.md`)."""
    words = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+", alert)
    return "-".join(words).lower() + ".md"


def rule_test_file(service: str, alert: str) -> str:
    return f"tests/{service}-{runbook_for(alert).removesuffix('.md')}.yaml"


METRICS_CATALOG_FILE = "metrics-catalog.yaml"
SLI_SLO_FILE = "sli-slo-definitions.yaml"
RECORDING_RULES_FILE = "prometheus-recording-rules.yaml"
ALERT_RULES_FILE = "prometheus-alert-rules.yaml"
KUBERNETES_RULES_FILE = "kubernetes/prometheus-rules.yaml"
KUBERNETES_MONITORS_FILE = "kubernetes/service-monitors.yaml"
PROMETHEUS_FILE = "prometheus.yaml"
ALERTMANAGER_FILE = "alertmanager-config.yaml"
TEMPLATES_FILE = "templates/watchkeeper.tmpl"

MAIL_RECEIVER_HEADER = "X-Watchkeeper-Receiver"
"""On every e-mail: the receiver it was sent for."""
