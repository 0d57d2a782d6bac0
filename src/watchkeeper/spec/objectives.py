"""Objectives that cannot be met, missed or measured."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from watchkeeper.budget import BurnAlert, Objective, decimal, seconds
from watchkeeper.model import Severity, Tier
from watchkeeper.problem import Problem
from watchkeeper.quantity import Duration, Ratio, plain
from watchkeeper.spec import burn_factors, schema
from watchkeeper.spec.definitions import Definitions
from watchkeeper.spec.scalars import Profile
from watchkeeper.spec.wording import error

REQUEST_DURATION = "http_request_duration_seconds"
"""The histogram beside the SDK's own counting: what people look at when a latency objective burns."""

PROFILES: dict[Profile, tuple[Tier, ...]] = {
    # Google, Site Reliability Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts"; the first tier is ours:
    # with it, half of all requests failing is found within a minute
    Profile.WORKBOOK: (
        Tier(Severity.CRITICAL, Ratio.of(percent=1), Duration.of(minutes=15)),
        Tier(Severity.CRITICAL, Ratio.of(percent=2), Duration.of(hours=1)),
        Tier(Severity.HIGH, Ratio.of(percent=5), Duration.of(hours=6)),
        Tier(Severity.WARNING, Ratio.of(percent=10), Duration.of(days=3)),
    ),
    # the same source's shares over windows whose factors a low target can reach
    Profile.WORKBOOK_LOW: (
        Tier(Severity.HIGH, Ratio.of(percent=5), Duration.of(hours=6)),
        Tier(Severity.WARNING, Ratio.of(percent=10), Duration.of(days=1)),
    ),
    # the specification's 43.2x, 7.2x and 0.6x of a 99.9 % objective over 30 days: always this share, in these windows
    Profile.SEED: (
        Tier(Severity.CRITICAL, Ratio.of(percent=6), Duration.of(hours=1)),
        Tier(Severity.HIGH, Ratio.of(percent=6), Duration.of(hours=6)),
        Tier(Severity.WARNING, Ratio.of(percent=6), Duration.of(days=3)),
    ),
}
LOW_TARGET = Ratio.of(percent=97)
"""Up to here `workbook-low` is the default: 28.8 times a budget of 3 % is nearly everything."""


def tiers(slo: schema.Slo) -> tuple[Tier, ...]:
    """The burn alerts of an objective: its own, those of the profile it names, or of the one that fits its target."""
    if slo.tiers:
        return tuple(tier for written in slo.tiers if (tier := _tier(written, slo.window)) is not None)
    default = Profile.WORKBOOK_LOW if slo.target <= LOW_TARGET else Profile.WORKBOOK
    return PROFILES[slo.burn_alerts or default]


def _tier(written: schema.Tier, window: Duration) -> Tier | None:
    """None where something that must be given is not."""
    share = written.budget_share
    if written.long_window is None:
        return None
    if share is None and written.factor is not None:
        share = Ratio(decimal(Fraction(written.factor) * seconds(written.long_window) / seconds(window)))
    return Tier(written.severity, share, written.long_window) if share is not None and share.value else None


@dataclass(frozen=True, slots=True)
class _Burn:
    tier: Tier
    alert: BurnAlert

    @property
    def words(self) -> str:
        factor, allowed = plain(self.alert.factor), self.alert.objective.error_share
        return f"{factor} x {allowed} = {self.alert.threshold} of all requests"


def _burns(slo: schema.Slo) -> Iterator[_Burn]:
    objective = Objective(slo.target, slo.window)
    for tier in tiers(slo):
        # the scrape interval has no part in factor and threshold
        yield _Burn(tier, BurnAlert(objective, tier.budget_share, tier.long_window, Duration.of(seconds=5)))


def burn_alerts(d: Definitions) -> Iterator[Problem]:
    for name, slo in d.slos.items():
        low = slo.burn_alerts is Profile.WORKBOOK and slo.target <= LOW_TARGET
        worst = max(_burns(slo), key=lambda burn: burn.alert.threshold, default=None)
        if worst is None or (worst.alert.reachable and not low):
            continue
        key = "burn_alerts" if slo.burn_alerts else "tiers" if slo.tiers else "window"
        end = "which can hardly ever be reached" if worst.alert.reachable else "which can never be reached"
        yield error(
            "unreachable",
            d.at("slos", name, key),
            f"SLO `{name}`: a burn alert would need {worst.words} to fail, {end}",
            found=f"{worst.tier.budget_share} of the budget in {worst.tier.long_window}, target {slo.target}",
            allowed="thresholds that a total outage crosses",
            fix="write `burn_alerts: workbook-low`" if low else "take a smaller share or a longer window",
        )


def anything(d: Definitions) -> Iterator[Problem]:
    """Definitions that watch nothing are a slip, not a wish."""
    if not d.named("slos") and not d.named("alerts"):
        yield error(
            "empty",
            d.root.span,
            f"service `{d.service}` has neither an SLO nor an alert",
            allowed="at least one",
            fix="define one, or leave the pack's switched on",
        )


def own_tiers(d: Definitions) -> Iterator[Problem]:
    for name, slo in d.slos.items():
        seen: set[Tier] = set()
        for index, written in enumerate(slo.tiers):
            wrong = tuple(_incomplete(d, name, index, written))
            contradiction = burn_factors.contradiction(d, name, index, written, slo)
            yield from (contradiction,) if contradiction is not None else wrong
            tier = _tier(written, slo.window)
            if wrong or contradiction is not None or tier is None:
                continue
            if tier.long_window < slo.window:
                yield from burn_factors.slow(d, name, index, tier, slo)
            else:
                yield error(
                    "bad-window",
                    d.at("slos", name, "tiers", index, "long_window"),
                    f"a tier of SLO `{name}` looks back further than the objective",
                    found=str(tier.long_window),
                    allowed=f"less than its window, {slo.window}",
                    fix="take a shorter window",
                )
            if tier in seen:
                yield error(
                    "duplicate",
                    d.at("slos", name, "tiers", index),
                    f"SLO `{name}` has this tier twice",
                    allowed="each once",
                    fix="remove one",
                )
            seen.add(tier)


def _incomplete(d: Definitions, name: str, index: int, tier: schema.Tier) -> Iterator[Problem]:
    path = ("slos", name, "tiers", index)
    if tier.budget_share is not None and tier.factor is not None:
        yield error(
            "conflict",
            d.key(*path, "factor"),
            f"a tier of SLO `{name}` has both `budget_share` and `factor`",
            allowed="one of the two",
            fix="remove `factor`: it follows from the share and the window",
        )
    lacking = [key for key, value in (("long_window", tier.long_window),) if value is None]
    if not (tier.factor if tier.budget_share is None else tier.budget_share.value):
        lacking.insert(0, "budget_share")
    if lacking:
        names = ", ".join(f"`{key}`" for key in lacking)
        yield error(
            "missing-key",
            d.at(*path),
            f"a tier of SLO `{name}` lacks {names}",
            allowed="a share of the budget and the window in which it may be spent",
            fix="write {severity: critical, budget_share: 2%, long_window: 1h}, say",
        )


def events(d: Definitions) -> Iterator[Problem]:
    """An objective counts requests, or two counters of its own."""
    for name, slo in d.slos.items():
        parts = [key for key, text in (("bad", slo.bad), ("good", slo.good)) if text is not None]
        if slo.total is None and not parts:
            if slo.counts is None:
                yield error(
                    "missing-key",
                    d.key("slos", name),
                    f"SLO `{name}` does not say what it counts",
                    allowed="`counts: requests`, or with PromQL `total:` and one of `bad:` and `good:`",
                    fix="add `counts: requests`",
                )
        elif slo.total is None or not parts:
            there, lacking = ("total", "bad") if slo.total else (parts[0], "total")
            yield error(
                "missing-key",
                d.key("slos", name, there),
                f"SLO `{name}` has `{there}` without `{lacking}`" + ("" if parts else " or `good`"),
                allowed="`total` and one of `bad` and `good`",
                fix=f"add `{lacking}:` with PromQL",
            )


def bounds(d: Definitions) -> Iterator[Problem]:
    """Between two bounds a histogram knows nothing."""
    histogram = d.metrics.get(REQUEST_DURATION)
    if histogram is None or not histogram.buckets:
        return
    for name, slo in d.slos.items():
        if slo.within is None or slo.within.seconds in histogram.buckets:
            continue
        near = min(histogram.buckets, key=lambda bound: (abs(bound - slo.within.seconds), bound))  # type: ignore[union-attr]
        yield error(
            "no-bucket",
            d.at("slos", name, "within"),
            f"SLO `{name}`: {REQUEST_DURATION} has no bucket that ends at {slo.within}",
            found=str(slo.within),
            allowed=", ".join(f"{plain(bound)}" for bound in histogram.buckets) + " (seconds)",
            fix=f"write {Duration(near)}, or add {plain(slo.within.seconds)} to the buckets",
        )
