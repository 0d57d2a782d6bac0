"""Tiers whose factor says another thing than their owner: how long the budget lasts, and whether it ends at all."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from watchkeeper.budget import Objective, decimal, seconds
from watchkeeper.model import Severity, Tier
from watchkeeper.problem import Problem
from watchkeeper.quantity import Duration, Ratio, plain
from watchkeeper.spec import schema
from watchkeeper.spec.definitions import Definitions
from watchkeeper.spec.wording import error


def contradiction(d: Definitions, name: str, index: int, tier: schema.Tier, slo: schema.Slo) -> Problem | None:
    """`exhausts_in` beside a factor that exhausts the budget in another time."""
    factor = _factor(tier, slo)
    if factor is None or tier.exhausts_in is None:
        return None
    needed = seconds(slo.window) / seconds(tier.exhausts_in)
    if factor == needed:
        return None
    lasts = Duration.of(seconds=round(seconds(slo.window) / factor))
    share = factor / needed
    meant = f"`budget_share: {_percent(share)}` and `long_window: {tier.exhausts_in}`"
    return error(
        "burn-factor",
        d.at("slos", name, "tiers", index, "exhausts_in"),
        f"tier {tier.severity} of SLO `{name}`: {_plain(factor)}x exhausts the budget of {slo.window} in {lasts}, "
        f"not in {tier.exhausts_in}",
        found=f"{_plain(factor)}x, exhausted in {tier.exhausts_in}",
        allowed=f"{_plain(needed)}x, {_reach(needed, slo)}",
        fix=f"write {meant}, if {_percent(share)} of the budget in {tier.exhausts_in} is meant"
        if share < 1
        else f"write `exhausts_in: {lasts}`",
    )


def slow(d: Definitions, name: str, index: int, tier: Tier, slo: schema.Slo) -> Iterator[Problem]:
    """Nobody is told of a budget that lasts longer than its window."""
    factor = Fraction(tier.budget_share.value) * seconds(slo.window) / seconds(tier.long_window)
    if factor < 1 and tier.severity is not Severity.INFO:
        lasts = Duration.of(seconds=round(seconds(slo.window) / factor))
        yield error(
            "slow-burn",
            d.at("slos", name, "tiers", index),
            f"tier {tier.severity} of SLO `{name}` tells of a budget that lasts: {_plain(factor)}x for {lasts} of "
            f"{slo.window}",
            found=f"{tier.budget_share} of the budget in {tier.long_window}",
            allowed="factors from 1 on, or severity info",
            fix="take a larger share or a shorter window, or write `severity: info`",
        )


def _factor(tier: schema.Tier, slo: schema.Slo) -> Fraction | None:
    if tier.factor:
        return Fraction(tier.factor)
    if tier.budget_share is None or tier.long_window is None or not tier.budget_share.value:
        return None
    return Fraction(tier.budget_share.value) * seconds(slo.window) / seconds(tier.long_window)


def _reach(factor: Fraction, slo: schema.Slo) -> str:
    """What it takes to burn so fast."""
    share = factor * Fraction(Objective(slo.target, slo.window).error_share.value)
    return f"which takes {_percent(share)} errors" if share < 1 else "which not even a total outage reaches"


def _plain(value: Fraction) -> str:
    return plain(round(decimal(value), 2))


def _percent(share: Fraction) -> str:
    return str(Ratio(Decimal(round(decimal(share), 4))))
