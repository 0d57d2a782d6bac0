"""Objectives: targets and what they allow, windows, latencies, and the burns of the budget that call somebody."""

from collections.abc import Iterator

from watchkeeper import budget
from watchkeeper.compile.slo import sli
from watchkeeper.model import BudgetState, Catalog, Outage, Requests, Slo, Tier
from watchkeeper.quantity import plain
from watchkeeper.report.diff.change import Change, Meaning, both
from watchkeeper.report.diff.pairing import Sides, pairs, sides

_WEIGHT = 3
"""An objective matters as much as a critical alert."""


def changes(old: Catalog, new: Catalog) -> Iterator[Change]:
    for side in sides(old, new):
        for pair in pairs(side.before.slos, side.after.slos, lambda slo: slo.name):
            subject = f"{side.prefix}{pair.name}"
            if pair.both:
                yield from _changed(side, subject, *pair.both)
            elif pair.old is not None:
                why = "its budget is no longer counted, and no burn of it calls anybody"
                yield Change(Meaning.BLIND, subject, _promise(pair.old), "", why, _WEIGHT)
            elif pair.new is not None:
                yield Change(Meaning.LOUDER, subject, "", _promise(pair.new), "a new objective", _WEIGHT)
        yield from _outage(side.prefix, side.before.outage, side.after.outage)
        yield from _policy(side)


def _promise(slo: Slo) -> str:
    allowed = budget.Objective(slo.target, slo.window)
    return f"{slo.target.words} over {slo.window.words} ({allowed.budget_time.words} of outage)"


def _changed(side: Sides, subject: str, old: Slo, new: Slo) -> Iterator[Change]:
    if (old.target, old.window) != (new.target, new.window):
        yield _target(subject, old, new)
    yield from _events(subject, old, new)
    yield from _tiers(side, subject, old, new)
    if old.min_bad_events != new.min_bad_events:
        quieter = new.min_bad_events > old.min_bad_events
        yield Change(
            Meaning.QUIETER if quieter else Meaning.LOUDER,
            subject,
            f"{old.min_bad_events} bad events",
            f"{new.min_bad_events} bad events",
            "fewer than these in a window never page",
            _WEIGHT,
        )


def _target(subject: str, old: Slo, new: Slo) -> Change:
    if old.target == new.target:
        meaning, why = Meaning.OTHER, "the budget is counted over another time"
    elif new.target > old.target:
        meaning, why = Meaning.LOUDER, "fewer may fail: the budget is smaller and every burn alert fires at less"
    else:
        meaning, why = Meaning.QUIETER, "more may fail: the budget is larger and every burn alert fires at more"
    return Change(meaning, subject, _promise(old), _promise(new), why, _WEIGHT)


def _events(subject: str, old: Slo, new: Slo) -> Iterator[Change]:
    if old.events == new.events:
        return
    if isinstance(old.events, Requests) and isinstance(new.events, Requests):
        before, after = old.events.within, new.events.within
        if before and after and before != after:
            looser = after > before
            yield Change(
                Meaning.QUIETER if looser else Meaning.LOUDER,
                subject,
                f"within {before.words}",
                f"within {after.words}",
                "a slower answer counts as good" if looser else "a faster answer is needed to count as good",
                _WEIGHT,
            )
            if old.events.request_class == new.events.request_class:
                return
    yield Change(Meaning.OTHER, subject, _counted(old), _counted(new), "other events are counted", _WEIGHT)


def _counted(slo: Slo) -> str:
    if isinstance(slo.events, Requests):
        return f"requests of class {slo.events.request_class}" if slo.events.request_class else "requests"
    return f"{slo.events.outcome} {slo.events.part} of {slo.events.total}"


def _tiers(side: Sides, subject: str, old: Slo, new: Slo) -> Iterator[Change]:
    for gone in (tier for tier in old.tiers if tier not in new.tiers):
        told = _tier(side, old, gone, before=True)
        yield Change(Meaning.QUIETER, subject, told, "", "this burn calls nobody any more", _WEIGHT)
    for added in (tier for tier in new.tiers if tier not in old.tiers):
        told = _tier(side, new, added, before=False)
        yield Change(Meaning.LOUDER, subject, "", told, "this burn calls somebody", _WEIGHT)


def _tier(side: Sides, slo: Slo, tier: Tier, *, before: bool) -> str:
    catalog, service = (side.old, side.before) if before else (side.new, side.after)
    burn = next(
        burn.alert for burn, each in zip(sli(catalog, service, slo).burns, slo.tiers, strict=True) if each == tier
    )
    share = tier.budget_share.words
    return f"{tier.severity}: {share} of the budget in {tier.long_window.words} ({plain(burn.factor)}x)"


def _outage(prefix: str, old: Outage, new: Outage) -> Iterator[Change]:
    """What it needs to fire; how fast is told with its alert."""
    for before, after, words in (
        (old.bad_share.value, new.bad_share.value, (f"above {old.bad_share.words}", f"above {new.bad_share.words}")),
        (old.min_bad_events, new.min_bad_events, (f"{old.min_bad_events} bad", f"{new.min_bad_events} bad")),
    ):
        if before != after:
            looser = after > before
            why = "looser: more must fail before it fires" if looser else "tighter: it fires at less"
            meaning = Meaning.QUIETER if looser else Meaning.LOUDER
            yield Change(meaning, f"{prefix}outage alert", *words, why, _WEIGHT)


def _policy(side: Sides) -> Iterator[Change]:
    """States with an alert are told with it; here, what is to be done in them."""
    for pair in pairs(side.before.budget_policy, side.after.budget_policy, lambda state: state.name):
        if pair.old != pair.new:
            told = both(_state, pair.old, pair.new)
            yield Change(Meaning.OTHER, f"{side.prefix}budget state {pair.name}", *told, "what a spent budget means")


def _state(state: BudgetState | None) -> str:
    return f"from {state.consumed.words}: {state.action}" if state else ""
