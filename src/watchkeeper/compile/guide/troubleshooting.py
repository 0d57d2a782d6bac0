"""What goes wrong most often with service and monitoring: what one sees, where to look, what it means."""

from collections.abc import Iterator
from dataclasses import dataclass

from watchkeeper import budget, promql
from watchkeeper.compile.guide import alerting
from watchkeeper.compile.guide.facts import Facts
from watchkeeper.compile.guide.markdown import Blocks, code, items
from watchkeeper.quantity import plain


@dataclass(frozen=True, slots=True)
class Scenario:
    seen: str
    query: str
    """PromQL that tells the causes apart; empty for none."""
    means: tuple[str, ...]
    alerts: tuple[str, ...]
    """Whose runbooks go on from here."""


SCENARIOS = (
    Scenario(
        "People say that nothing works, and no error rate shows it",
        "probe_success",
        (
            "0: the way in is broken. Look at ingress, DNS and certificate; requests that never arrive are no errors.",
            "1: the service answers from outside. Ask those people for a correlation id and look for it in the logs.",
            "Nothing: the probe itself does not run.",
        ),
        ("ProbeFailing", "ProbeStale", "TrafficCollapse", "ServiceOutage"),
    ),
    Scenario(
        "A budget burns",
        'sum by (class, outcome) (rate(sli_events_total{slo="availability"}[5m]))',
        (
            "Only `complex` goes bad: a model or a module. Only `simple`: the database or the service itself.",
            "Both, since a deploy: roll it back first, understand it after.",
        ),
        ("ErrorBudgetBurnRateCritical", "HighErrorRate", "LLMAPIHighErrorRate", "DatabaseDown"),
    ),
    Scenario(
        "Answers are slow",
        "max by (provider) (provider:llm_latency:p95_5m)",
        (
            "As slow as the answers: the model provider. Use another model, or a smaller one.",
            "Fast: look at the event loop, the database and the modules, in this order, on the debug dashboard.",
        ),
        ("HighLatencyComplexRequests", "HighLatencySimpleRequests", "HighEventLoopLag", "SlowDatabase"),
    ),
    Scenario(
        "Model calls cost more than yesterday",
        (
            "sum by (model, type) (rate(llm_tokens_total[1h]))"
            " / sum by (model, type) (rate(llm_tokens_total[1h] offset 1d))"
        ),
        (
            "About 1 everywhere: the price changed, or another model is used.",
            "Above 1 for `input`: longer prompts. Above 1 for everything: more questions, or somebody who abuses them.",
        ),
        ("LLMCostSpike", "UnusualSpend", "LLMTokenAbuse", "LLMModelUnpriced"),
    ),
    Scenario(
        "A panel is empty",
        "count by (job) (up == 1)",
        (
            "The job is missing: Prometheus does not scrape it; look at its page *Targets*.",
            "It is there: the panel's own text says what it needs, a cluster, a node exporter or limits.",
        ),
        ("TargetMissing", "SLIMissing"),
    ),
    Scenario(
        "An alert fires and nobody was told",
        "sum by (integration) (rate(alertmanager_notifications_failed_total[15m]))",
        (
            "Above 0: the receiver refuses it; mostly a key or an address.",
            "0: it is muted, inhibited or silenced. Alertmanager's page says which.",
            "Neither: `amtool config routes test` says which receivers its labels lead to.",
        ),
        ("NotificationsFailing", "NotificationsDropped", "Watchdog"),
    ),
    Scenario(
        "A budget says nothing yet",
        "slo:history_coverage:ratio",
        (
            f"Below {plain(budget.ENOUGH_HISTORY)}: too little of its window was seen to judge it.",
            "Nothing: no events at all. Without traffic there is no figure, not a good one.",
        ),
        ("SLIMissing",),
    ),
    Scenario(
        "Label values are called `__other__`",
        "",
        (
            "A label met more different values than its definition allows.",
            "Few and known: raise its `cap`. Otherwise what varies belongs into a log field.",
        ),
        ("LabelsOverflowing",),
    ),
    Scenario(
        "There are no log lines",
        "sum by (level) (rate(log_events_total[5m]))",
        (
            "Above 0: the service writes them; the agent does not read or cannot send. Look at the agent's own output.",
            "0 or nothing: the service writes none. Its logger is not the SDK's, or its level is too high.",
        ),
        ("TelemetryDropped", "TelemetryErrors"),
    ),
)


def blocks(facts: Facts) -> Blocks:
    yield "## Troubleshooting"
    for scenario in SCENARIOS:
        if not scenario.query or facts.series.issuperset(promql.metrics(promql.parse(scenario.query))):
            yield from _scenario(scenario, facts.names)


def _scenario(scenario: Scenario, published: tuple[str, ...]) -> Iterator[str]:
    yield f"### {scenario.seen}"
    if scenario.query:
        yield code("promql", promql.lay_out(promql.parse(scenario.query)))
    yield items(scenario.means)
    further = [name for name in scenario.alerts if name in published]
    if further:
        yield f"Further: {', '.join(alerting.runbook(name) for name in further)}."
