"""`sli-slo-definitions.yaml`: objectives with everything that follows from them, burn profiles, budget policy."""

from collections.abc import Iterable

from watchkeeper import budget, conventions
from watchkeeper.compile.document import Document
from watchkeeper.compile.slo import Sli, sli
from watchkeeper.formats.yaml import Tree, dump
from watchkeeper.model import BudgetState, Catalog, Queries, Service, Slo, Tier
from watchkeeper.promql import render
from watchkeeper.quantity import Duration, Ratio, plain
from watchkeeper.spec.objectives import PROFILES

OUTCOMES: dict[str, Tree] = {
    "good": ["answered well; a stream began in time, went on and ended as it should"],
    "bad": [
        "5xx, an exception nobody handled, an answer that was cut off",
        "a time-out, or a dependency that failed (a provider's 429 passed on, too)",
        "a stream that stalls longer than its class allows, ends empty or with an error",
        "a client that left before the first useful token and after its class' threshold",
        "for a module: a degraded answer that the code reports",
    ],
    "excluded": [
        "4xx: the user's own mistake, a limit the service set on purpose",
        "a client that left by itself",
        "a synthetic conversation of the probe",
        "requests during declared maintenance: the service says so, and they are on neither side of any ratio",
    ],
}
"""As `watchkeeper.sdk.outcome` judges; every request is exactly one of them for each objective that counts it."""

_SHARES = tuple(Ratio.of(percent=percent) for percent in (100, 50, 25, 10))
"""Shares of failing requests for which the detection time is stated."""
_EXAMPLE = budget.Objective(Ratio.parse("99.9%"), Duration.of(days=30))
"""Profiles are shown for this objective."""


def document(catalog: Catalog) -> Document:
    scrape = catalog.intervals.scrape_critical
    tree: dict[str, Tree] = {
        "services": {service.name: _service(catalog, service) for service in catalog.services},
        "classification": OUTCOMES,
        "burn_alert_profiles": {
            "shown_for": {"target": _EXAMPLE.target.words, "window": _EXAMPLE.window.promql},
            **{profile.value: _profile(tiers, scrape) for profile, tiers in PROFILES.items()},
        },
    }
    return Document(conventions.SLI_SLO_FILE, dump(tree))


def _service(catalog: Catalog, service: Service) -> Tree:
    return {
        "objectives": {slo.name: _objective(catalog, service, slo) for slo in service.slos},
        "budget_policy": [_state(state) for state in service.budget_policy],
    }


def _objective(catalog: Catalog, service: Service, slo: Slo) -> Tree:
    o = sli(catalog, service, slo)
    return {
        "title": slo.title,
        "target": slo.target.words,
        "window": slo.window.promql,
        o.outcome.value: render(o.part),
        "total": render(o.total),
        "error_budget": _budget(catalog, o),
        "burn_alerts": [_tier(burn.severity.value, burn.alert) for burn in o.burns],
        "min_bad_events": slo.min_bad_events,
        "runbook": slo.runbook,
    }


def _budget(catalog: Catalog, o: Sli) -> Tree:
    share = o.objective.error_share
    tree: dict[str, Tree] = {"share": share.words, "as_total_outage": o.objective.budget_time.words}
    if _counts_every_request(catalog, o.slo):
        tree["events_per_month"] = int(catalog.reference.requests_per_month * share.value)
        tree["of_requests_per_month"] = catalog.reference.requests_per_month
    return tree


def _counts_every_request(catalog: Catalog, slo: Slo) -> bool:
    """Only then is the number of its events known from the reference load."""
    if isinstance(slo.events, Queries):
        requests = tuple(metric.name for metric in catalog.metrics if metric.category == "request")
        return slo.events.total.startswith(requests)
    return not slo.events.request_class


def _profile(tiers: Iterable[Tier], scrape: Duration) -> Tree:
    burns = ((tier.severity.value, _burn(tier, scrape)) for tier in tiers)
    return [_tier(severity, burn) for severity, burn in burns]


def _burn(tier: Tier, scrape: Duration) -> budget.BurnAlert:
    return budget.BurnAlert(_EXAMPLE, tier.budget_share, tier.long_window, scrape)


def _tier(severity: str, burn: budget.BurnAlert) -> Tree:
    tree: dict[str, Tree] = {
        "severity": severity,
        "budget_share": burn.budget_share.words,
        "long_window": burn.long_window.promql,
        "short_window": burn.short_window.promql,
        "factor": float(burn.factor),
        "threshold": burn.threshold.words,
        "budget_lasts_at_factor": burn.exhausted_in.words,
        "detection_time_when_failing": {
            share.words: found.words if (found := burn.detection_time(share)) else "never" for share in _SHARES
        },
    }
    return tree if burn.factor >= 1 else tree | {"caution": "fires on a service that meets its objective"}


def _state(state: BudgetState) -> Tree:
    return {
        "state": state.name,
        "from_consumed": f"{plain(state.consumed.percent)} %",
        "alert": state.severity.value if state.severity else "none",
        "action": state.action,
    }
