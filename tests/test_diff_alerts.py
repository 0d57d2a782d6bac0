"""Alerts of two definitions compared: gone, new, renamed, louder, later, looser, and who is told."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from diff_world import reduced, with_alert, with_service
from watchkeeper import spec
from watchkeeper.model import Alert, Catalog, Comparison, Priority, Severity, Threshold, Unit
from watchkeeper.quantity import Duration
from watchkeeper.report.diff.alerts import changes, compiled
from watchkeeper.report.diff.change import Change, Meaning

NAME = "HighEventLoopLag"
"""Warning, above 100 ms."""


@pytest.fixture(scope="module")
def catalog(catalog: Catalog) -> Catalog:
    return reduced(catalog)


def told(old: Catalog, new: Catalog) -> list[tuple[Meaning, str, str, str]]:
    return [(each.meaning, each.subject, each.before, each.after) for each in changes(old, new)]


def changed(catalog: Catalog, change: Callable[[Alert], Alert | None], name: str = NAME) -> list[Change]:
    return list(changes(catalog, with_alert(catalog, name, change)))


def test_the_same_differs_in_nothing(catalog: Catalog) -> None:
    assert told(catalog, catalog) == []


def test_every_alert_has_a_name_of_its_own() -> None:
    catalog = spec.load().catalog
    assert catalog is not None
    names = Counter(alert.name for alert in compiled(catalog, catalog.services[0]))
    assert [name for name, times in names.items() if times > 1] == []
    assert "ErrorBudgetBurnRateCritical (availability)" in names


def test_a_page_that_is_gone_leaves_somebody_blind(catalog: Catalog) -> None:
    (gone,) = changed(catalog, lambda _: None, "DatabaseDown")
    assert gone.meaning is Meaning.BLIND
    assert (gone.subject, gone.after) == ("DatabaseDown", "")
    assert gone.before == "critical p1 to mail-copilot, pagerduty-p1, slack-database-alerts, slack-incidents"
    assert gone.why.startswith("nobody is told any more: ")


def test_a_new_page_is_louder_and_what_is_only_shown_is_not(catalog: Catalog) -> None:
    before = with_alert(catalog, NAME, lambda _: None)
    (new,) = changes(before, catalog)
    assert (new.meaning, new.subject, new.before) == (Meaning.LOUDER, NAME, "")
    shown = with_alert(catalog, NAME, lambda alert: replace(alert, severity=Severity.INFO))
    assert [each.meaning for each in changes(before, shown)] == [Meaning.OTHER]
    assert [each.meaning for each in changes(shown, before)] == [Meaning.OTHER]


def test_another_name_for_the_same_question_is_a_renaming(catalog: Catalog) -> None:
    (renamed,) = changed(catalog, lambda alert: replace(alert, name="SlowLoop"))
    assert (renamed.meaning, renamed.before, renamed.after) == (Meaning.OTHER, NAME, "SlowLoop")


def test_another_name_for_another_question_is_none(catalog: Catalog) -> None:
    found = changed(catalog, lambda alert: replace(alert, name="SlowLoop", for_=alert.for_, value="max(up)"))
    assert [(each.meaning, each.subject) for each in found] == [(Meaning.BLIND, NAME), (Meaning.LOUDER, "SlowLoop")]


@pytest.mark.parametrize(
    ("old", "new", "meaning"),
    [
        ((Severity.WARNING, None), (Severity.HIGH, None), Meaning.LOUDER),
        ((Severity.CRITICAL, None), (Severity.HIGH, None), Meaning.QUIETER),
        ((Severity.CRITICAL, Priority.P1), (Severity.CRITICAL, Priority.P0), Meaning.LOUDER),
        ((Severity.CRITICAL, Priority.P1), (Severity.CRITICAL, None), Meaning.QUIETER),
    ],
)
def test_how_loud(
    catalog: Catalog,
    old: tuple[Severity, Priority | None],
    new: tuple[Severity, Priority | None],
    meaning: Meaning,
) -> None:
    before, after = (
        with_alert(catalog, NAME, lambda alert, side=side: replace(alert, severity=side[0], priority=side[1]))  # type: ignore[misc]
        for side in (old, new)
    )
    found = [each for each in changes(before, after) if each.meaning in {Meaning.LOUDER, Meaning.QUIETER}]
    assert [(each.meaning, each.subject) for each in found] == [(meaning, NAME)]
    assert found[0].before.startswith(str(old[0]))
    assert found[0].after.startswith(str(new[0]))


def test_later_and_earlier_by_the_bound_that_an_alert_states(catalog: Catalog) -> None:
    longer = with_alert(catalog, NAME, lambda alert: replace(alert, for_=alert.for_ + Duration.of(minutes=2)))
    (later,) = changes(catalog, longer)
    assert (later.meaning, later.why) == (Meaning.LATER, "2 min later after everything fails")
    (earlier,) = changes(longer, catalog)
    assert (earlier.meaning, earlier.why) == (Meaning.EARLIER, "2 min earlier after everything fails")
    assert (earlier.before, earlier.after) == (later.after, later.before)


def test_a_slower_route_makes_its_alerts_later(catalog: Catalog) -> None:
    def slower(each: Catalog) -> Catalog:
        routes = tuple(
            replace(route, timing=replace(route.timing, group_wait=route.timing.group_wait + Duration.of(seconds=20)))
            for route in each.routing.routes
        )
        return replace(each, routing=replace(each.routing, routes=routes))

    found = list(changes(catalog, slower(catalog)))
    assert {each.meaning for each in found} == {Meaning.LATER}
    assert {each.why for each in found} == {"20 s later after everything fails"}


# --- thresholds -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("comparison", "old", "new", "meaning"),
    [
        (Comparison.ABOVE, "0.1", "0.25", Meaning.QUIETER),
        (Comparison.ABOVE, "0.1", "0.05", Meaning.LOUDER),
        (Comparison.BELOW, "0.1", "0.25", Meaning.LOUDER),
        (Comparison.BELOW, "0.1", "0.05", Meaning.QUIETER),
    ],
)
def test_thresholds(catalog: Catalog, comparison: Comparison, old: str, new: str, meaning: Meaning) -> None:
    before, after = (
        with_alert(
            catalog,
            NAME,
            lambda alert, value=value: replace(alert, threshold=Threshold(comparison, Decimal(value), Unit.SECONDS)),  # type: ignore[misc]
        )
        for value in (old, new)
    )
    found = [each for each in changes(before, after) if each.meaning in {Meaning.LOUDER, Meaning.QUIETER}]
    assert [each.meaning for each in found] == [meaning]
    assert found[0].before == f"{comparison} {Duration(Decimal(old))}"
    assert found[0].after == f"{comparison} {Duration(Decimal(new))}"


def test_another_side_or_unit_is_neither(catalog: Catalog) -> None:
    found = changed(catalog, lambda alert: replace(alert, threshold=replace(alert.threshold, unit=Unit.NUMBER)))
    assert [each.why for each in found] == ["it compares with something else"]


def test_another_value_or_guard_is_told(catalog: Catalog) -> None:
    found = changed(catalog, lambda alert: replace(alert, value="max(eventloop_lag_seconds_sum)", guard="up > 0"))
    assert {"its value asks something else", "its guard asks something else"} <= {each.why for each in found}


def test_a_log_alert_has_a_threshold_like_any_other(catalog: Catalog) -> None:
    def tighter(each: Catalog) -> Catalog:
        return with_service(
            each,
            lambda service: replace(
                service,
                log_alerts=tuple(
                    replace(alert, above=Decimal("0.5")) if alert.name == "HighErrorLogRate" else alert
                    for alert in service.log_alerts
                ),
            ),
        )

    (found,) = changes(catalog, tighter(catalog))
    assert (found.meaning, found.subject, found.before, found.after) == (
        Meaning.LOUDER,
        "HighErrorLogRate",
        "above 1",
        "above 0.5",
    )


# --- who is told ----------------------------------------------------------------------------------


def routed(catalog: Catalog, severity: str, *receivers: str) -> Catalog:
    """Alerts of a severity to exactly these."""
    route = replace(catalog.routing.routes[-1], match=(("severity", (severity,)),), receivers=receivers)
    return replace(catalog, routing=replace(catalog.routing, routes=(route,)))


def test_who_is_told(catalog: Catalog) -> None:
    one, two, none = (
        routed(catalog, "warning", *names)
        for names in (("slack-reliability",), ("slack-reliability", "slack-incidents"), ("console-only",))
    )
    for old, new, meaning, why in (
        (one, two, Meaning.LOUDER, "told, too: slack-incidents"),
        (two, one, Meaning.QUIETER, "no longer told: slack-incidents"),
        (one, routed(catalog, "warning", "slack-incidents"), Meaning.OTHER, "others are told"),
        (one, none, Meaning.BLIND, "nobody is told any more"),
    ):
        (found,) = (each for each in changes(old, new) if each.subject == NAME)
        assert (found.meaning, found.why) == (meaning, why)


def test_another_service_name_says_nothing_about_its_alerts(catalog: Catalog) -> None:
    renamed = with_service(catalog, lambda service: replace(service, name="other-copilot"))
    assert told(catalog, renamed) == []


def test_texts_owners(catalog: Catalog) -> None:
    found = changed(catalog, lambda alert: replace(alert, summary="Else.", impact="Other.", team="platform"))
    assert [(each.meaning, each.why) for each in found] == [
        (Meaning.OTHER, "says something else: summary, impact"),
        (Meaning.OTHER, "another team or component"),
    ]
    assert (found[1].before, found[1].after) == ("copilot, api", "platform, api")
