"""The difference as a whole: order, joined subjects, words, and what several services are."""

from dataclasses import replace

import pytest

from diff_world import reduced, with_alert, with_service, with_slo
from watchkeeper.model import Catalog, Service, Severity
from watchkeeper.quantity import Ratio
from watchkeeper.report.diff import Change, Meaning, diff, text, tree
from watchkeeper.report.diff.change import MEANINGS, ordered


@pytest.fixture(scope="module")
def catalog(catalog: Catalog) -> Catalog:
    return reduced(catalog)


def change(meaning: Meaning, subject: str, weight: int = 0, why: str = "why") -> Change:
    return Change(meaning, subject, "a", "b", why, weight)


def test_the_worst_stands_first_and_within_it_the_heaviest() -> None:
    found = ordered(
        change(meaning, subject, weight, subject)
        for meaning, subject, weight in (
            (Meaning.OTHER, "d", 9),
            (Meaning.LATER, "c", 0),
            (Meaning.BLIND, "b", 0),
            (Meaning.BLIND, "a", 0),
            (Meaning.BLIND, "heavy", 3),
        )
    )
    assert [each.subject for each in found] == ["heavy", "a", "b", "c", "d"]


def test_every_meaning_is_explained() -> None:
    assert MEANINGS.keys() == set(Meaning)


def test_what_happened_alike_is_told_once() -> None:
    first, *others = ordered(change(Meaning.LATER, name, weight) for name, weight in (("a", 1), ("b", 2), ("a", 1)))
    assert (first.subject, first.also, first.weight, others) == ("a", ("b",), 2, [])
    assert len(ordered((change(Meaning.LATER, "a"), change(Meaning.LATER, "b", why="else")))) == 2


def test_words() -> None:
    found = ordered(
        (
            *(change(Meaning.LATER, f"alert-{number}") for number in range(5)),
            Change(Meaning.BLIND, "gone", "was", "", "so"),
            Change(Meaning.LOUDER, "new", "", "is", "so"),
            Change(Meaning.OTHER, "bare", "", "", "so"),
        )
    )
    assert text(found) == (
        "blind: nobody sees it any more\n"
        "  gone: gone: was; so\n\n"
        "later: somebody is told later\n"
        "  alert-0, alert-1, alert-2 and 2 more: a -> b; why\n\n"
        "louder: more are told, of more, or more often\n"
        "  new: new: is; so\n\n"
        "other: neither\n"
        "  bare: so"
    )
    assert tree(found[:1]) == [{"meaning": "blind", "subjects": ["gone"], "before": "was", "after": "", "why": "so"}]


def test_nothing_is_said_in_words(catalog: Catalog) -> None:
    assert diff(catalog, catalog) == ()
    assert text(()) == "nothing that anybody would notice"


def test_a_tighter_target_is_louder_and_earlier_by_what_the_budget_lost(catalog: Catalog) -> None:
    tighter = with_slo(catalog, "availability", lambda slo: replace(slo, target=Ratio.parse("99.95%")))
    found = diff(catalog, tighter)
    assert {each.meaning for each in found} == {Meaning.LOUDER, Meaning.EARLIER}
    (critical,) = (each for each in found if each.subject == "ErrorBudgetBurnRateCritical (availability)")
    # 1 % of 43 min 12 s is 25.92 s, of half of that 12.96 s; 30 s of scrape, evaluation and waiting beside it
    assert (critical.before, critical.after) == ("at most 55.9 s", "at most 43 s")


def test_several_services_are_told_apart_by_name(catalog: Catalog) -> None:
    (service,) = catalog.services
    one, two = (replace(service, name=name) for name in ("one", "two"))
    both = replace(catalog, services=(one, two))
    found = diff(both, replace(catalog, services=(one,)))
    assert (found[0].meaning, found[0].subject) == (Meaning.BLIND, "service two")
    added = diff(replace(catalog, services=(one,)), both)
    assert ("service two", Meaning.LOUDER) in {(each.subject, each.meaning) for each in added}
    quieter = replace(both, services=(one, only_high(catalog, "two")))
    (told,) = (each for each in diff(both, quieter) if each.meaning is Meaning.QUIETER)
    assert told.subject == "two DatabaseDown"


def only_high(catalog: Catalog, name: str) -> Service:
    changed = with_alert(catalog, "DatabaseDown", lambda alert: replace(alert, severity=Severity.HIGH, priority=None))
    return replace(changed.services[0], name=name)


def test_the_only_service_of_both_is_the_same_one(catalog: Catalog) -> None:
    renamed = with_service(catalog, lambda service: replace(service, name="mine"))
    (found,) = diff(catalog, renamed)
    assert (found.meaning, found.subject, found.after) == (Meaning.OTHER, "service", "mine")
