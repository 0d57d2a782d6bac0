"""The arithmetic of objectives: budgets, burn rates, detection. Exact: compared as fractions, never as floats."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from math import ceil
from typing import Protocol, TypeVar

from watchkeeper.quantity import Duration, Ratio

SHORT_WINDOW_SHARE = 12
"""A short window is this part of the long one, so that an alert ends soon after its cause (SRE Workbook, chapter 5)."""
MIN_SCRAPES = 4
"""Samples a window needs at least: with fewer, one late scrape or a left-open range leaves `rate` too little."""
NO_WINDOW = Duration.of()
ENOUGH_HISTORY = Decimal("0.25")
"""A budget is judged once this share of its window was seen: after an hour one bad minute is half a budget."""
_DIGITS = 12


def decimal(value: Fraction) -> Decimal:
    """Exact where the fraction ends within 12 significant digits, else rounded to them."""
    with localcontext(prec=_DIGITS):
        return Decimal(value.numerator) / Decimal(value.denominator)


@dataclass(frozen=True, slots=True)
class Objective:
    """A share of good events over a rolling window."""

    target: Ratio
    window: Duration

    def __post_init__(self) -> None:
        if not 0 < self.target.value < 1:
            raise ValueError(f"a target lies between 0 % and 100 %, both excluded: {self.target}")
        if not self.window:
            raise ValueError("an objective needs a window longer than nothing")

    @property
    def error_share(self) -> Ratio:
        """The share of events that may be bad."""
        return self.target.complement

    @property
    def budget_time(self) -> Duration:
        """The budget as a total outage at average traffic: 43 min 12 s for 99.9 % over 30 d."""
        return self.window * self.error_share

    def burn_rate(self, error_share: Ratio) -> Decimal:
        """How many times faster than allowed the budget is spent; 1 spends it exactly over the window."""
        return decimal(_fraction(error_share) / _fraction(self.error_share))

    def time_to_exhaustion(self, burn_rate: Decimal, remaining: Decimal = Decimal(1)) -> Duration | None:
        """How long `remaining` of the budget lasts; None when nothing burns, zero when nothing remains."""
        if burn_rate <= 0:
            return None
        left = max(Fraction(remaining), Fraction(0))
        return Duration(decimal(seconds(self.window) * left / Fraction(burn_rate)))


@dataclass(frozen=True, slots=True)
class Delays:
    """What passes between a threshold crossed in fact and the page."""

    scrape: Duration
    evaluation: Duration
    for_: Duration
    group_wait: Duration


def page_time(detection: Duration, delays: Delays) -> Duration:
    """From the first bad event to the page, at worst: a whole interval passes before a scrape and an evaluation."""
    return detection + delays.scrape + delays.evaluation + delays.for_ + delays.group_wait


@dataclass(frozen=True, slots=True)
class BurnAlert:
    """An alert on the speed of spending: it fires when the error ratios of both windows exceed one threshold."""

    objective: Objective
    budget_share: Ratio
    """The share of the whole budget that is gone when it fires at the slowest pace it catches."""
    long_window: Duration
    scrape: Duration
    """Interval of the scrape that carries the events."""
    recorded_over: Duration = NO_WINDOW
    """Window of the recorded rates that the long one is summed from; zero when it reads the counters themselves."""
    read_every: Duration = NO_WINDOW
    """How far those rates lie apart where it matters: the newest one is so old at worst."""

    @property
    def factor(self) -> Decimal:
        """The burn rate above which it fires: budget share x window / long window."""
        return decimal(self._factor)

    @property
    def threshold(self) -> Ratio:
        """The error ratio above which it fires: factor x (1 - target)."""
        return Ratio(decimal(self._threshold))

    @property
    def short_window(self) -> Duration:
        """A twelfth of the long one in whole seconds, at least four scrapes."""
        twelfth = Duration.of(seconds=ceil(seconds(self.long_window) / SHORT_WINDOW_SHARE))
        return max(twelfth, self.scrape * MIN_SCRAPES)

    @property
    def reachable(self) -> bool:
        """False when not even a total outage crosses the threshold."""
        return self._threshold < 1

    @property
    def exhausted_in(self) -> Duration:
        """How long a whole budget lasts at `factor`, the slowest pace it catches."""
        return Duration(decimal(seconds(self.objective.window) / self._factor))

    def detection_time(self, error_share: Ratio) -> Duration | None:
        """From onset until the long window crosses, after a clean history at constant traffic; None for never.

        A rate over w that is summed trails the events: by w/2 once the onset is w ago, by less before.
        """
        share = _fraction(error_share)
        if share <= self._threshold:
            return None
        crossed = _fraction(self.budget_share) * seconds(self.objective.budget_time) / share
        return Duration(decimal(crossed + seconds(self.recorded_over) / 2 + seconds(self.read_every)))

    @property
    def _factor(self) -> Fraction:
        return _fraction(self.budget_share) * seconds(self.objective.window) / seconds(self.long_window)

    @property
    def _threshold(self) -> Fraction:
        return self._factor * _fraction(self.objective.error_share)


class Step(Protocol):
    """A step of a budget policy."""

    @property
    def consumed(self) -> Ratio: ...


S = TypeVar("S", bound=Step)


def entered(consumed: Decimal, policy: Iterable[S]) -> S | None:
    """The furthest step of a policy that spending so much of a budget has entered."""
    reached = [step for step in policy if step.consumed.value <= consumed]
    return max(reached, key=lambda step: step.consumed, default=None)


def _fraction(ratio: Ratio) -> Fraction:
    return Fraction(ratio.value)


def seconds(duration: Duration) -> Fraction:
    """Exact, for quotients that end in no decimal."""
    return Fraction(duration.seconds)
