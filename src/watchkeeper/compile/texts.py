"""Labels and annotations of alerts: what the person paged reads first."""

from watchkeeper import budget, conventions
from watchkeeper.compile.detection import Detection, on_critical_path
from watchkeeper.formats.prometheus import Pairs
from watchkeeper.model import (
    Alert,
    BudgetState,
    Catalog,
    Comparison,
    Kind,
    Outage,
    Priority,
    Service,
    Severity,
    Slo,
    Unit,
)
from watchkeeper.quantity import Duration, Measure, Quantity, Ratio, plain

_SHOWN = {
    Unit.RATIO: "{{ $value | humanizePercentage }}",
    Unit.SECONDS: "{{ $value | humanizeDuration }}",
    Unit.BYTES: "{{ $value | humanize1024 }}B",
    Unit.DOLLARS: '${{ $value | printf "%.2f" }}',
    Unit.NUMBER: "{{ $value | humanize }}",
}
_LASTS = _SHOWN[Unit.SECONDS]
ESCALATION = {
    Severity.CRITICAL: "Copilot on-call at once, then the engineering lead after 15 minutes.",
    Severity.HIGH: "Copilot on-call, then the engineering lead after an hour.",
    Severity.WARNING: "Copilot team, within four hours.",
    Severity.INFO: "Nobody; it is shown in the console.",
}


_FIRST = (
    "Look for a cause alert beside this one; it names what broke.",
    "Compare the beginning with the last deploy; roll back if they fit.",
    "Stop what you can switch off: a module, a model, a feature.",
)


def literal(text: str) -> str:
    """Text that a Go template prints as it is."""
    return text.replace("{{", '{{"{{"}}')


def labels(
    team: str, component: str, severity: Severity, *, kind: Kind, priority: Priority | None = None, **more: str
) -> Pairs:
    """`priority` tells the critical ones apart; others have none."""
    first = {"priority": priority.value} if priority and severity is Severity.CRITICAL else {}
    return (
        ("severity", severity.value),
        ("component", component),
        ("team", team),
        ("kind", kind.value),
        *first.items(),
        *more.items(),
    )


def _numbered(actions: tuple[str, ...]) -> str:
    return "\n".join(f"{number}. {literal(action)}" for number, action in enumerate(actions, 1))


def burn(
    catalog: Catalog, slo: Slo, burns: tuple[budget.BurnAlert, ...], alert_labels: Pairs, interval: Duration
) -> Pairs:
    """`interval` is that of the group the alert stands in."""
    total = Ratio.of(percent=100)
    needed = min(burn.detection_time(total) or burn.long_window for burn in burns)
    severity = Severity(dict(alert_labels)["severity"])
    found = on_critical_path(catalog, needed, Duration.of(), alert_labels, interval)
    return (
        ("summary", f"{literal(slo.title)}: the budget is burning; at this rate it lasts {_LASTS}."),
        ("impact", literal(slo.impact)),
        ("actions", _numbered(_FIRST)),
        ("escalation", ESCALATION[severity]),
        ("exhausted_in", _LASTS),
        ("threshold", "; or ".join(map(_derivation, burns))),
        *found.annotations,
        ("runbook", slo.runbook),
    )


def _derivation(burn: budget.BurnAlert) -> str:
    return (
        f"{plain(burn.factor)}x = {burn.budget_share.words} of the budget in {burn.long_window.words}:"
        f" more than {burn.threshold.words} bad over {burn.long_window.words} and over {burn.short_window.words}"
    )


def budget_state(service: Service, slo: Slo, state: BudgetState, severity: Severity) -> Pairs:
    return (
        ("summary", f"{literal(slo.title)}: {state.consumed.words} of the error budget is spent."),
        ("impact", f"Budget state {state.name} of {service.name}: {literal(slo.impact)}"),
        ("actions", _numbered((state.action,))),
        ("escalation", ESCALATION[severity]),
        ("value", f"{_SHOWN[Unit.RATIO]} spent"),
        ("threshold", f"{state.consumed.words} of the budget of {slo.window.words}"),
        ("runbook", "error-budget.md"),
    )


def missing(catalog: Catalog, slo: Slo, waiting: Duration, alert_labels: Pairs, every: Duration) -> Pairs:
    found = on_critical_path(catalog, Duration.of(), waiting, alert_labels, every)
    return (
        ("summary", f"Nothing is known about: {literal(slo.title)}."),
        ("impact", "The objective is blind; its alerts cannot fire."),
        (
            "actions",
            _numbered(
                (
                    "See whether the service runs and its metrics port answers.",
                    "See whether Prometheus scrapes it (targets page).",
                )
            ),
        ),
        ("escalation", ESCALATION[Severity.HIGH]),
        *found.annotations,
        ("runbook", conventions.runbook_for(conventions.SLI_MISSING)),
    )


def collapse(catalog: Catalog, window: Duration, share: Ratio, waiting: Duration, alert_labels: Pairs) -> Pairs:
    standard = catalog.intervals.rules_standard
    found = on_critical_path(catalog, window * share.complement, waiting, alert_labels, standard)
    return (
        ("summary", f"Traffic has fallen below {share.words} of what it was in the hour before."),
        ("impact", "People probably cannot reach the service; requests that never arrive burn no budget."),
        (
            "actions",
            _numbered(
                (
                    "Try the front door yourself; look at the probe.",
                    "Look at the ingress, DNS, certificates and the clients' last release.",
                )
            ),
        ),
        ("escalation", ESCALATION[Severity.HIGH]),
        ("value", f"{_SHOWN[Unit.RATIO]} of the usual"),
        ("threshold", f"below {share.words}"),
        *found.annotations,
        ("runbook", conventions.runbook_for(conventions.TRAFFIC_COLLAPSE)),
    )


def breach(
    catalog: Catalog,
    slo: Slo,
    windows: tuple[Duration, Duration],
    alert_labels: Pairs,
    *,
    waiting: Duration,
    every: Duration,
) -> Pairs:
    allowed = slo.target.complement
    found = on_critical_path(catalog, max(windows) * allowed, waiting, alert_labels, every)
    return (
        ("summary", f"Missed over {windows[0].words} and over {windows[1].words}: {literal(slo.title)}."),
        ("impact", literal(slo.impact)),
        ("actions", _numbered(_FIRST)),
        ("escalation", ESCALATION[Severity.CRITICAL]),
        ("value", f"{_SHOWN[Unit.RATIO]} failing"),
        (
            "threshold",
            (
                f"above {allowed.words} over {windows[0].words} and over {windows[1].words} for {waiting.words},"
                f" with at least {slo.min_bad_events} bad requests"
            ),
        ),
        *found.annotations,
        ("runbook", conventions.runbook_for(conventions.AVAILABILITY_BREACH)),
    )


def outage(catalog: Catalog, rule: Outage, alert_labels: Pairs) -> Pairs:
    needed = max(rule.window * rule.bad_share, rule.probe_failing_for)
    found = on_critical_path(catalog, needed, Duration.of(), alert_labels)
    return (
        (
            "summary",
            (
                f"More than {rule.bad_share.words} of requests fail, or no conversation from outside has succeeded"
                f" for {rule.probe_failing_for.words}."
            ),
        ),
        ("impact", "People cannot work with the copilot."),
        (
            "actions",
            _numbered(
                (
                    "Look for a cause alert beside this one; it names what broke.",
                    "No cause? Try the front door, then the last deploy: roll back.",
                    "Say on the status page that you know.",
                )
            ),
        ),
        ("escalation", ESCALATION[Severity.CRITICAL]),
        ("value", f"{_SHOWN[Unit.RATIO]} failing"),
        (
            "threshold",
            (
                f"above {rule.bad_share.words} over {rule.window.words} with more than {rule.min_bad_events} bad"
                f" requests, or every probe of {rule.probe_failing_for.words} failed"
            ),
        ),
        *found.annotations,
        ("runbook", conventions.runbook_for(conventions.OUTAGE)),
    )


def written(alert: Alert, found: Detection) -> Pairs:
    """Annotations of an alert its owner wrote."""
    limit = Quantity(alert.threshold.value, Measure(alert.threshold.unit.value))
    waited = alert.within or alert.for_
    condition = f"{alert.threshold.comparison.value} {limit}" + (f" for {waited.words}" if waited else "")
    return (
        ("summary", literal(alert.summary)),
        ("impact", literal(alert.impact)),
        ("actions", _numbered(alert.actions)),
        ("escalation", literal(alert.escalation)),
        ("value", _SHOWN[alert.threshold.unit]),
        ("threshold", condition),
        *found.annotations,
        ("runbook", alert.runbook),
    )


OPERATOR = {Comparison.ABOVE: ">", Comparison.BELOW: "<"}
