"""The arithmetic of objectives: budgets, burn rates, detection. Exact: compared as fractions, never as floats.

`target` is the share of good events asked for, `window` the time it is asked over.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from math import ceil, floor
from typing import Generic, Protocol, TypeVar

from watchkeeper.quantity import Duration, Ratio

SHORT_WINDOW_SHARE = 12
"""A short window is this part of the long one, so that an alert ends soon after its cause (SRE Workbook, chapter 5)."""
MIN_SCRAPES = 4
"""Samples a window needs at least: with fewer, one late scrape or a left-open range leaves `rate` too little."""
_DIGITS = 12


class Tier(Protocol):
    """A burn alert as its owner declares it; all else is derived."""

    @property
    def budget_share(self) -> Ratio: ...
    @property
    def long_window(self) -> Duration: ...


class Step(Protocol):
    """A step of a budget policy."""

    @property
    def consumed(self) -> Ratio: ...


TierT = TypeVar("TierT", bound=Tier)
StepT = TypeVar("StepT", bound=Step)


@dataclass(frozen=True, slots=True)
class Burn(Generic[TierT]):
    """A tier with everything derived from it. It fires when the error ratios of both windows exceed the threshold."""

    tier: TierT
    factor: Decimal
    """Burn rate above which it fires: budget share x window / long window."""
    threshold: Ratio
    """Error ratio above which it fires: factor x (1 - target). From 1 on, not even a total outage fires it."""
    short_window: Duration
    """A twelfth of the long window in whole seconds, at least four scrapes."""
    exhausted_in: Duration
    """How long a whole budget lasts at `factor`, the slowest pace it catches."""
    min_events: int
    """The fewest events in a window among which a single bad one does not fire it."""

    @property
    def reachable(self) -> bool:
        return self.threshold.value < 1


@dataclass(frozen=True, slots=True)
class Account:
    """What the events of a window did to its budget."""

    allowed: int
    """Bad events that keep the objective."""
    consumed: Decimal
    """Share of the budget spent; above 1 when overspent."""
    remaining: Decimal
    """Negative when overspent."""


@dataclass(frozen=True, slots=True)
class Delays:
    """What passes between a threshold crossed in fact and the page."""

    scrape: Duration
    evaluation: Duration
    for_: Duration
    group_wait: Duration


@dataclass(frozen=True, slots=True)
class PageTime:
    """From the first bad event to the page."""

    typical: Duration
    worst: Duration


def decimal(value: Fraction) -> Decimal:
    """Exact where the fraction ends within 12 significant digits, else rounded to them."""
    with localcontext(prec=_DIGITS):
        return Decimal(value.numerator) / Decimal(value.denominator)


def budget_time(target: Ratio, window: Duration) -> Duration:
    """The budget as a total outage at average traffic: 43 min 12 s for 99.9 % over 30 d."""
    return window * _error_share(target)


def max_burn(target: Ratio) -> Decimal:
    """The burn rate of a total outage."""
    return decimal(1 / _fraction(_error_share(target)))


def burn_rate(target: Ratio, error_share: Ratio) -> Decimal:
    """How many times faster than allowed the budget is spent; 1 spends it exactly over the window."""
    return decimal(_fraction(error_share) / _fraction(_error_share(target)))


def time_to_exhaustion(window: Duration, rate: Decimal, remaining: Decimal = Decimal(1)) -> Duration | None:
    """How long `remaining` of a budget lasts at a burn rate; None when nothing burns, zero when nothing remains."""
    if rate <= 0:
        return None
    left = max(Fraction(remaining), Fraction(0))
    return Duration(decimal(_seconds(window) * left / Fraction(rate)))


def rate_exhausting(window: Duration, within: Duration) -> Decimal:
    """The burn rate that spends a whole budget within a time: 720 for one hour of 30 d."""
    return decimal(_seconds(window) / _seconds(within))


def share_spent(window: Duration, rate: Decimal, over: Duration) -> Ratio:
    """The share of a whole budget that a burn rate spends in a time: 6 % for 43.2 over one hour of 30 d."""
    return Ratio(decimal(Fraction(rate) * _seconds(over) / _seconds(window)))


def burn(target: Ratio, window: Duration, tier: TierT, scrape: Duration) -> Burn[TierT]:
    """Everything a tier implies; `scrape` is the interval at which its events are read."""
    factor = _factor(window, tier)
    threshold = factor * _fraction(_error_share(target))
    twelfth = Duration.of(seconds=ceil(_seconds(tier.long_window) / SHORT_WINDOW_SHARE))
    return Burn(
        tier=tier,
        factor=decimal(factor),
        threshold=Ratio(decimal(threshold)),
        short_window=max(twelfth, scrape * MIN_SCRAPES),
        exhausted_in=Duration(decimal(_seconds(window) / factor)),
        min_events=ceil(1 / threshold),
    )


def detection_time(target: Ratio, window: Duration, tier: Tier, error_share: Ratio) -> Duration | None:
    """From onset until the long window crosses, after a clean history at constant traffic; None for never."""
    share = _fraction(error_share)
    if share <= _factor(window, tier) * _fraction(_error_share(target)):
        return None
    return Duration(decimal(_fraction(tier.budget_share) * _seconds(budget_time(target, window)) / share))


def page_time(detection: Duration, delays: Delays) -> PageTime:
    """Typically half an interval passes before a scrape and before an evaluation, at worst a whole one."""
    waits = detection + delays.for_ + delays.group_wait
    return PageTime(
        typical=waits + delays.scrape / 2 + delays.evaluation / 2,
        worst=waits + delays.scrape + delays.evaluation,
    )


def account(target: Ratio, bad: Decimal, total: Decimal) -> Account | None:
    """None without events: that is no verdict, neither good nor bad."""
    if total <= 0:
        return None
    allowed = Fraction(total) * _fraction(_error_share(target))
    consumed = Fraction(bad) / allowed
    return Account(floor(allowed), decimal(consumed), decimal(1 - consumed))


def entered(consumed: Decimal, policy: Iterable[StepT]) -> StepT | None:
    """The furthest step of a policy that spending so much of a budget has entered."""
    reached = [step for step in policy if step.consumed.value <= consumed]
    return max(reached, key=lambda step: step.consumed, default=None)


def _factor(window: Duration, tier: Tier) -> Fraction:
    return _fraction(tier.budget_share) * _seconds(window) / _seconds(tier.long_window)


def _error_share(target: Ratio) -> Ratio:
    if not 0 < target.value < 1:
        raise ValueError(f"a target lies between 0 % and 100 %, both excluded: {target}")
    return target.complement


def _fraction(ratio: Ratio) -> Fraction:
    return Fraction(ratio.value)


def _seconds(duration: Duration) -> Fraction:
    return Fraction(duration.seconds)
