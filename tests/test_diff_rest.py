"""Panels, routing, retention and intervals compared."""

from dataclasses import replace

import pytest

from watchkeeper.model import (
    Catalog,
    Dashboard,
    Hours,
    Inhibition,
    KeptStream,
    Logs,
    Mail,
    PagerDuty,
    Panel,
    Period,
    Receiver,
    Schedule,
    Slack,
    Tracing,
    Weekday,
)
from watchkeeper.quantity import Duration, Ratio
from watchkeeper.report.diff import keeping, panels, routes
from watchkeeper.report.diff.change import Change, Meaning

DAY = Duration.of(days=1)


def told(found: list[Change]) -> list[tuple[Meaning, str, str, str]]:
    return [(each.meaning, each.subject, each.before, each.after) for each in found]


def test_the_same_differs_in_nothing(catalog: Catalog) -> None:
    for room in (panels, routes, keeping):
        assert list(room.changes(catalog, catalog)) == []


# --- panels ---------------------------------------------------------------------------------------


def with_panels(catalog: Catalog, key: str, *shown: Panel) -> Catalog:
    boards = (replace(board, panels=shown) if board.key == key else board for board in catalog.dashboards)
    return replace(catalog, dashboards=tuple(boards))


@pytest.fixture
def debug(catalog: Catalog) -> Dashboard:
    return catalog.dashboard("debug")


def test_a_panel_whose_series_no_other_shows_leaves_somebody_blind(catalog: Catalog, debug: Dashboard) -> None:
    left = [panel for panel in debug.panels if panel.key != "garbage-collection"]
    (gone,) = panels.changes(catalog, with_panels(catalog, "debug", *left))
    assert (gone.meaning, gone.subject, gone.after) == (Meaning.BLIND, "panel debug/garbage-collection", "")
    assert gone.why.startswith("no other panel shows gc_duration_seconds")
    (new,) = panels.changes(with_panels(catalog, "debug", *left), catalog)
    assert (new.meaning, new.before) == (Meaning.OTHER, "")


def test_a_panel_that_is_doubled_elsewhere_is_no_loss(catalog: Catalog, debug: Dashboard) -> None:
    double = replace(debug.panels[0], key="again")
    (gone,) = panels.changes(with_panels(catalog, "debug", *debug.panels, double), catalog)
    assert (gone.meaning, gone.subject) == (Meaning.OTHER, "panel debug/again")


def test_a_panel_that_asks_something_else(catalog: Catalog, debug: Dashboard) -> None:
    first, *others = debug.panels
    (query, *_) = first.queries
    asked = replace(first, queries=(replace(query, value="max(up)"),), thresholds=())
    found = list(panels.changes(catalog, with_panels(catalog, "debug", asked, *others)))
    assert found[0].why == "it asks something else"
    assert found[0].after == "max(up)"
    assert len(found) == (2 if first.thresholds else 1)


def test_dashboards_come_and_go(catalog: Catalog, debug: Dashboard) -> None:
    without = replace(catalog, dashboards=tuple(board for board in catalog.dashboards if board is not debug))
    gone = list(panels.changes(catalog, without))
    assert gone[0].subject == "dashboard debug"
    assert len(gone) == 1 + len(debug.panels)
    assert next(panels.changes(without, catalog)).subject == "dashboard debug"


# --- routing --------------------------------------------------------------------------------------


def test_receivers_that_send_elsewhere(catalog: Catalog) -> None:
    one = replace(catalog, receivers=(Receiver("a", Slack("#one", "secrets/one")), Receiver("b", None)))
    two = replace(catalog, receivers=(Receiver("a", PagerDuty("secrets/key")),))
    three = replace(catalog, receivers=(Receiver("a", Mail(("x@example.com", "y@example.com"))),))
    assert [each.after for each in routes.changes(two, three)] == ["mail to x@example.com, y@example.com"]
    assert told(list(routes.changes(one, two))) == [
        (Meaning.OTHER, "receiver a", "Slack #one with secrets/one", "PagerDuty with secrets/key"),
        (Meaning.OTHER, "receiver b", "the console only", ""),
    ]


def test_how_often_what_still_fires_is_told_again(catalog: Catalog) -> None:
    first, *others = catalog.routing.routes
    slower = replace(first, timing=replace(first.timing, repeat_interval=first.timing.repeat_interval + DAY))
    seldom = replace(catalog, routing=replace(catalog.routing, routes=(slower, *others)))
    (quieter,), (louder,) = routes.changes(catalog, seldom), routes.changes(seldom, catalog)
    assert (quieter.meaning, louder.meaning) == (Meaning.QUIETER, Meaning.LOUDER)
    assert quieter.after == f"again after {slower.timing.repeat_interval.words}"


HOURS = (Hours(9 * 60, 17 * 60),)
"""Eight."""


def scheduled(
    catalog: Catalog, days: tuple[Weekday, ...], *, mute: bool = False, hours: tuple[Hours, ...] = HOURS
) -> Catalog:
    """The first route sends, or is mute, at these hours of some days."""
    first, *others = catalog.routing.routes
    names = ("shift",)
    route = replace(first, mute=names) if mute else replace(first, active=names)
    return replace(
        catalog,
        schedules=(Schedule("shift", (Period(days, hours),)),),
        routing=replace(catalog.routing, routes=(route, *(replace(each, active=(), mute=()) for each in others))),
    )


def always(catalog: Catalog) -> Catalog:
    routes_ = tuple(replace(each, active=(), mute=()) for each in catalog.routing.routes)
    return replace(catalog, routing=replace(catalog.routing, routes=routes_))


def test_hours_in_which_a_route_sends(catalog: Catalog) -> None:
    monday, tuesday = (Weekday.MONDAY,), (Weekday.MONDAY, Weekday.TUESDAY)
    whole, one, two = always(catalog), scheduled(catalog, monday), scheduled(catalog, tuesday)
    for old, new, meaning, before, after in (
        (whole, one, Meaning.QUIETER, "168 h", "8 h"),
        (one, two, Meaning.LOUDER, "8 h", "16 h"),
        (whole, scheduled(catalog, monday, mute=True), Meaning.QUIETER, "168 h", "160 h"),
        (one, scheduled(catalog, (Weekday.SUNDAY,)), Meaning.OTHER, "8 h", "8 h"),
        (one, scheduled(catalog, monday, hours=(Hours(0, 30),)), Meaning.QUIETER, "8 h", "0.5 h"),
    ):
        (found,) = routes.changes(old, new)
        assert (found.meaning, found.before, found.after) == (meaning, f"{before} of a week", f"{after} of a week")


def test_a_schedule_under_another_name_is_the_same_hours(catalog: Catalog) -> None:
    one = scheduled(catalog, (Weekday.MONDAY,))
    first, *others = one.routing.routes
    renamed = replace(
        one,
        schedules=(replace(one.schedules[0], name="day"),),
        routing=replace(one.routing, routes=(replace(first, active=("day",)), *others)),
    )
    assert list(routes.changes(one, renamed)) == []


def test_another_time_zone(catalog: Catalog) -> None:
    (found,) = routes.changes(catalog, replace(catalog, timezone="Europe/Vienna"))
    assert (found.meaning, found.subject, found.after) == (Meaning.OTHER, "time zone", "Europe/Vienna")


def test_silences_that_come_and_go(catalog: Catalog) -> None:
    first: Inhibition = catalog.routing.inhibitions[0]
    fewer = replace(catalog, routing=replace(catalog.routing, inhibitions=catalog.routing.inhibitions[1:]))
    (louder,), (quieter,) = routes.changes(catalog, fewer), routes.changes(fewer, catalog)
    assert (louder.meaning, quieter.meaning) == (Meaning.LOUDER, Meaning.QUIETER)
    assert louder.before == quieter.after
    assert louder.before.endswith(f"for the same {', '.join(first.equal)}")


# --- retention ------------------------------------------------------------------------------------


@pytest.fixture
def logs(catalog: Catalog) -> Logs:
    assert catalog.logs is not None
    return catalog.logs


def with_logs(catalog: Catalog, logs: Logs | None) -> Catalog:
    return replace(catalog, logs=logs)


def test_logs_are_kept_longer_or_shorter(catalog: Catalog, logs: Logs) -> None:
    production, *others = logs.retention
    longer = replace(production, keep=production.keep + DAY, streams=())
    new = with_logs(catalog, replace(logs, retention=(longer, *others), audit=logs.audit + DAY))
    assert told(list(keeping.changes(catalog, new))) == [
        (Meaning.DEARER, "logs of production", "kept 90 d", "kept 91 d"),
        (Meaning.CHEAPER, "logs of production, retention_class=fatal", "kept 365 d", "kept 91 d"),
        (Meaning.DEARER, "audit logs", "kept 2557 d", "kept 2558 d"),
    ]


def test_a_stream_of_its_own_is_compared_with_the_rest(catalog: Catalog, logs: Logs) -> None:
    production, *others = logs.retention
    apart = replace(production, streams=(*production.streams, KeptStream((("retention_class", "std"),), DAY)))
    new = with_logs(catalog, replace(logs, retention=(apart, *others)))
    assert told(list(keeping.changes(catalog, new))) == [
        (Meaning.CHEAPER, "logs of production, retention_class=std", "kept 90 d", "kept 1 d")
    ]


def test_environments_come_and_go(catalog: Catalog, logs: Logs) -> None:
    fewer = with_logs(catalog, replace(logs, retention=logs.retention[:-1]))
    last = logs.retention[-1]
    name = f"logs of {last.environment}"
    assert told(list(keeping.changes(catalog, fewer))) == [(Meaning.CHEAPER, name, last.keep.words, "")]
    assert told(list(keeping.changes(fewer, catalog))) == [(Meaning.DEARER, name, "", last.keep.words)]


def test_no_words_about_logs_leave_somebody_blind(catalog: Catalog) -> None:
    bare = with_logs(catalog, None)
    assert [each.meaning for each in keeping.changes(catalog, bare)] == [Meaning.BLIND]
    assert [each.meaning for each in keeping.changes(bare, catalog)] == [Meaning.OTHER]


def test_intervals_are_told(catalog: Catalog) -> None:
    slower = replace(catalog, intervals=replace(catalog.intervals, scrape_critical=Duration.of(seconds=10)))
    assert told(list(keeping.changes(catalog, slower))) == [(Meaning.OTHER, "interval scrape critical", "5 s", "10 s")]


# --- traces ---------------------------------------------------------------------------------------


def with_sampling(catalog: Catalog, tracing: Tracing, **changed: object) -> Catalog:
    sampling = replace(tracing.sampling, **changed)  # type: ignore[arg-type]
    return replace(catalog, tracing=replace(tracing, sampling=sampling))


@pytest.fixture
def tracing(catalog: Catalog) -> Tracing:
    assert catalog.tracing is not None
    return catalog.tracing


def test_traces_are_kept_longer_or_more_of_them(catalog: Catalog, tracing: Tracing) -> None:
    longer = replace(catalog, tracing=replace(tracing, retention=Duration.of(days=9)))
    assert told(list(keeping.changes(catalog, longer))) == [(Meaning.DEARER, "traces", "kept 7 d", "kept 9 d")]
    shares = tuple(
        (name, Ratio.of(percent=20) if name == "production" else share) for name, share in tracing.sampling.environments
    )
    more = with_sampling(catalog, tracing, environments=shares)
    assert told(list(keeping.changes(catalog, more))) == [(Meaning.DEARER, "traces of production", "10 %", "20 %")]
    assert [each.meaning for each in keeping.changes(more, catalog)] == [Meaning.CHEAPER]


def test_rules_and_the_cap_of_sampling(catalog: Catalog, tracing: Tracing) -> None:
    first, *others = tracing.sampling.rules
    more = with_sampling(catalog, tracing, rules=(replace(first, share=Ratio.of(percent=2)), *others))
    assert told(list(keeping.changes(catalog, more))) == [
        (Meaning.DEARER, f"traces of rule {first.name}", first.share.words, "2 %")
    ]
    fewer = with_sampling(catalog, tracing, rules=tuple(others), cap_per_second=10)
    assert told(list(keeping.changes(catalog, fewer))) == [
        (Meaning.OTHER, f"traces of rule {first.name}", first.share.words, ""),
        (Meaning.CHEAPER, "traces", f"at most {tracing.sampling.cap_per_second:,}/s", "at most 10/s"),
    ]
