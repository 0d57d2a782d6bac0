"""The burn alerts of every objective, with the arithmetic that is in them."""

from collections.abc import Iterator
from dataclasses import dataclass

from watchkeeper.budget import BurnAlert, Objective
from watchkeeper.checks.definitions import Definitions
from watchkeeper.model import Slo, Tier
from watchkeeper.problem import Span


@dataclass(frozen=True, slots=True)
class Burning:
    slo: Slo
    tier: Tier
    alert: BurnAlert
    span: Span
    """Where its tiers are chosen."""


def burning(definitions: Definitions) -> Iterator[Burning]:
    """Each tier of each objective once, however many services share it."""
    scrape = definitions.catalog.intervals.scrape_critical
    slos = dict.fromkeys(slo for service in definitions.catalog.services for slo in service.slos)
    for slo in slos:
        span = definitions.at("slos", slo.name, "tiers")
        if span == definitions.at("slos", slo.name):
            span = definitions.at("slos", slo.name, "burn_alerts")
        for tier in slo.tiers:
            objective = Objective(slo.target, slo.window)
            yield Burning(slo, tier, BurnAlert(objective, tier.budget_share, tier.long_window, scrape), span)
