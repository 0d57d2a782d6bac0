"""Objectives compared: targets and budgets, latencies, tiers, guards against few events."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from diff_world import with_service, with_slo
from watchkeeper.model import Catalog, Outcome, Queries, Requests, Severity, Slo, Tier
from watchkeeper.quantity import Duration, Ratio
from watchkeeper.report.diff.change import Change, Meaning
from watchkeeper.report.diff.objectives import changes


def changed(catalog: Catalog, change: Callable[[Slo], Slo | None], name: str = "availability") -> list[Change]:
    return list(changes(catalog, with_slo(catalog, name, change)))


def test_the_same_differs_in_nothing(catalog: Catalog) -> None:
    assert list(changes(catalog, catalog)) == []


def test_a_higher_target_has_a_smaller_budget(catalog: Catalog) -> None:
    (found,) = changed(catalog, lambda slo: replace(slo, target=Ratio.parse("99.95%")))
    # 0.1 % and 0.05 % of 30 d, 43,200 min
    assert (found.meaning, found.subject) == (Meaning.LOUDER, "availability")
    assert found.before == "99.9 % over 30 d (43 min 12 s of outage)"
    assert found.after == "99.95 % over 30 d (21 min 36 s of outage)"


def test_a_lower_target_is_quieter(catalog: Catalog) -> None:
    (found,) = changed(catalog, lambda slo: replace(slo, target=Ratio.parse("99.5%")))
    assert found.meaning is Meaning.QUIETER


def test_another_window_alone_is_neither(catalog: Catalog) -> None:
    (found,) = changed(catalog, lambda slo: replace(slo, window=Duration.of(days=28)))
    assert (found.meaning, found.why) == (Meaning.OTHER, "the budget is counted over another time")


def test_objectives_come_and_go(catalog: Catalog) -> None:
    without = with_slo(catalog, "availability", lambda _: None)
    (gone,), (new,) = changes(catalog, without), changes(without, catalog)
    assert (gone.meaning, gone.after) == (Meaning.BLIND, "")
    assert (new.meaning, new.before) == (Meaning.LOUDER, "")


@pytest.mark.parametrize(("seconds", "meaning"), [(5, Meaning.QUIETER), (1, Meaning.LOUDER)])
def test_how_fast_an_answer_must_be(catalog: Catalog, seconds: int, meaning: Meaning) -> None:
    """The pack's complex requests have two seconds."""
    within = Duration.of(seconds=seconds)
    (found,) = changed(catalog, lambda slo: replace(slo, events=Requests("complex", within)), "latency-complex")
    assert (found.meaning, found.before, found.after) == (meaning, "within 2 s", f"within {seconds} s")


def test_other_events(catalog: Catalog) -> None:
    for outcome in Outcome:
        queries = Queries("all_total", "some_total", outcome)
        (found,) = changed(catalog, lambda slo, events=queries: replace(slo, events=events))  # type: ignore[misc]
        assert (found.meaning, found.after) == (Meaning.OTHER, f"{outcome} some_total of all_total")
    (found,) = changed(catalog, lambda slo: replace(slo, events=Requests("simple")))
    assert (found.meaning, found.before, found.after) == (Meaning.OTHER, "requests", "requests of class simple")


def test_tiers_are_told_with_their_factor(catalog: Catalog) -> None:
    hour = Tier(Severity.CRITICAL, Ratio.of(percent=2), Duration.of(hours=1))
    two = Tier(Severity.HIGH, Ratio.of(percent=5), Duration.of(hours=2))
    old = with_slo(catalog, "availability", lambda slo: replace(slo, tiers=(hour,)))
    new = with_slo(catalog, "availability", lambda slo: replace(slo, tiers=(two,)))
    gone, added = changes(old, new)
    # 2 % x 720 h / 1 h = 14.4; 5 % x 720 h / 2 h = 18
    assert (gone.meaning, gone.before, gone.after) == (
        Meaning.QUIETER,
        "critical: 2 % of the budget in 1 h (14.4x)",
        "",
    )
    assert (added.meaning, added.before, added.after) == (
        Meaning.LOUDER,
        "",
        "high: 5 % of the budget in 2 h (18x)",
    )


def test_events_that_are_too_few(catalog: Catalog) -> None:
    more = with_slo(catalog, "availability", lambda slo: replace(slo, min_bad_events=slo.min_bad_events + 1))
    (quieter,), (louder,) = changes(catalog, more), changes(more, catalog)
    assert (quieter.meaning, louder.meaning) == (Meaning.QUIETER, Meaning.LOUDER)


def test_the_outage_alert(catalog: Catalog) -> None:
    looser = with_service(
        catalog,
        lambda service: replace(
            service,
            outage=replace(service.outage, bad_share=Ratio.of(percent=50), min_bad_events=9),
        ),
    )
    share, events = changes(catalog, looser)
    assert (share.meaning, share.before, share.after) == (Meaning.QUIETER, "above 25 %", "above 50 %")
    assert (events.meaning, events.before, events.after) == (Meaning.QUIETER, "5 bad", "9 bad")
    assert [each.meaning for each in changes(looser, catalog)] == [Meaning.LOUDER, Meaning.LOUDER]


def test_what_a_spent_budget_means(catalog: Catalog) -> None:
    other = with_service(
        catalog,
        lambda service: replace(
            service,
            budget_policy=tuple(
                replace(state, action="Stop.") if state.name == "red" else state for state in service.budget_policy
            ),
        ),
    )
    (found,) = changes(catalog, other)
    assert (found.meaning, found.subject, found.after) == (Meaning.OTHER, "budget state red", "from 75 %: Stop.")
