"""Objectives: what share of which events must be good, and which burn of the budget calls whom."""

from dataclasses import dataclass
from enum import StrEnum

from watchkeeper.model.alert import Priority, Severity
from watchkeeper.quantity import Duration, Ratio


@dataclass(frozen=True, slots=True)
class Requests:
    """Events the SDK classifies: the series of `sli_events_total` with this SLO's name."""

    request_class: str = ""
    """Only requests of this class; empty for all."""
    within: Duration | None = None
    """For latency: a good event is answered (streams: first useful token) within this."""


class Outcome(StrEnum):
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Queries:
    """Events of a service without our SDK: two PromQL counters, without `rate` and without a window."""

    total: str
    part: str
    """Of the total, those with this `outcome`: a histogram counts what is good, most counters what is bad."""
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Tier:
    """A burn alert: page when `budget_share` of the budget would be spent within `long_window`.

    Everything else (factor, threshold, short window, detection time) is derived in `watchkeeper.budget`.
    """

    severity: Severity
    budget_share: Ratio
    long_window: Duration


@dataclass(frozen=True, slots=True)
class Slo:
    name: str
    title: str
    """How people say it: `95 % of simple requests within 1 s`."""
    target: Ratio
    window: Duration
    events: Requests | Queries
    tiers: tuple[Tier, ...]
    min_bad_events: int
    """Fewer bad events than this in a tier's long window never page."""
    impact: str
    """Who is hurt, in a few words: `people get errors instead of answers`."""
    component: str
    runbook: str
    priority: Priority | None
    """Of its critical burn alert."""
    panel: str
    """`dashboard/panel` that shows it; empty for none."""


@dataclass(frozen=True, slots=True)
class RequestClass:
    """A kind of request with its own latency objective and patience."""

    name: str
    description: str
    stall: Duration
    """A stream silent for longer than this is a bad event."""


@dataclass(frozen=True, slots=True)
class Outage:
    """The one raw alert that is never inhibited: no budget, no history, no cleverness."""

    bad_share: Ratio
    window: Duration
    min_bad_events: int
    probe_failing_for: Duration


@dataclass(frozen=True, slots=True)
class BudgetState:
    """A step of the error budget policy, entered when `consumed` of the budget is spent."""

    name: str
    consumed: Ratio
    severity: Severity | None
    action: str
