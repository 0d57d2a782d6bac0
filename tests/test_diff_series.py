"""Metrics, recorded series and totals compared: what gets dearer, and who still reads what is gone."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from capacity_world import REQUESTS, metric, recording, small
from diff_world import with_metric
from watchkeeper.model import (
    Catalog,
    Emitter,
    Label,
    Metric,
    MetricType,
    Reference,
    RunbookPage,
    Scrape,
)
from watchkeeper.quantity import Duration
from watchkeeper.report.capacity.counting import Counting
from watchkeeper.report.capacity.load import Load
from watchkeeper.report.diff.change import Change, Meaning
from watchkeeper.report.diff.series import changes, readers

RATE = recording("endpoint:requests:rate", "sum by (endpoint) (rate(requests_total[5m]))")
MOST = recording("most:requests:rate", "max(endpoint:requests:rate)")


@pytest.fixture
def world(catalog: Catalog) -> Catalog:
    return replace(small(catalog, RATE), pages=())


def found(old: Catalog, new: Catalog, subject: str) -> list[Change]:
    return [each for each in changes(old, new) if each.subject == subject]


def changed(world: Catalog, change: Callable[[Metric], Metric | None], name: str = "requests_total") -> list[Change]:
    return found(world, with_metric(world, name, change), name)


def test_the_same_differs_in_nothing(catalog: Catalog) -> None:
    assert list(changes(catalog, catalog)) == []


def test_more_series_are_dearer(world: Catalog) -> None:
    # 6 combinations of 2 processes become 10
    (dearer,) = changed(world, lambda each: replace(each, plan=0))
    assert (dearer.meaning, dearer.before, dearer.after) == (Meaning.DEARER, "12 series", "20 series")
    assert dearer.why == "6 a process become 10"
    wide = with_metric(world, "requests_total", lambda each: replace(each, plan=0))
    (cheaper,) = found(wide, world, "requests_total")
    assert (cheaper.meaning, cheaper.before, cheaper.after) == (Meaning.CHEAPER, "20 series", "12 series")


def test_a_larger_deployment_makes_no_metric_dearer(world: Catalog) -> None:
    larger = replace(world, reference=Reference(5_184_000, ((Emitter.SDK, 4),)))
    assert found(world, larger, "requests_total") == []
    requests, instances = found(world, larger, "reference deployment")
    assert (requests.before, requests.after) == ("2,592,000 requests a month", "5,184,000 requests a month")
    assert (instances.before, instances.after) == ("2 sdk, 1 probe, 1 kubernetes", "4 sdk")


def test_a_new_metric_says_who_reads_it(world: Catalog) -> None:
    before = with_metric(small_without_readers(world), "latency_seconds", lambda _: None)
    (new,) = found(before, world, "latency_seconds")
    assert (new.meaning, new.before, new.after) == (Meaning.DEARER, "", "50 series")
    assert new.why == "measured from now on; nobody reads it"
    bare = with_metric(world, "requests_total", lambda _: None)
    (new,) = found(bare, world, "requests_total")
    assert new.why == "measured from now on; read by endpoint:requests:rate"


def small_without_readers(world: Catalog) -> Catalog:
    return replace(world, services=tuple(replace(service, recordings=()) for service in world.services))


def test_a_metric_that_is_gone_is_cheaper_unless_somebody_reads_it(world: Catalog) -> None:
    (cheaper,) = changed(world, lambda _: None, "latency_seconds")
    assert (cheaper.meaning, cheaper.before, cheaper.after) == (Meaning.CHEAPER, "50 series", "")
    (blind,) = changed(world, lambda _: None)
    assert (blind.meaning, blind.why) == (
        Meaning.BLIND,
        "no longer measured, but still read by endpoint:requests:rate",
    )


def test_pace_and_retention(world: Catalog) -> None:
    (dearer,) = changed(world, lambda each: replace(each, scrape=Scrape.CRITICAL))
    assert (dearer.meaning, dearer.before, dearer.after) == (Meaning.DEARER, "every 15 s", "every 5 s")
    (cheaper,) = changed(world, lambda each: replace(each, scrape=Scrape.STANDARD), "events_total")
    assert (cheaper.meaning, cheaper.before, cheaper.after) == (Meaning.CHEAPER, "every 5 s", "every 15 s")
    (longer,) = changed(world, lambda each: replace(each, retention=Duration.of(days=365)))
    assert (longer.meaning, longer.before, longer.after) == (Meaning.DEARER, "kept 90 d", "kept 365 d")
    (shorter,) = changed(world, lambda each: replace(each, retention=Duration.of(days=30)))
    assert shorter.meaning is Meaning.CHEAPER


def test_another_shape(world: Catalog) -> None:
    (labels,) = changed(world, lambda each: replace(each, labels=(Label("path", cap=1),)))
    assert (labels.meaning, labels.before, labels.after) == (Meaning.OTHER, "method, endpoint", "path")
    gauge = changed(world, lambda each: replace(each, type=MetricType.GAUGE))
    assert [(each.before, each.after) for each in gauge] == [("counter", "gauge")]
    bounds = metric("latency_seconds", buckets="0.5 2")
    found_ = changed(world, lambda each: replace(each, buckets=bounds.buckets), "latency_seconds")
    assert [(each.before, each.after) for each in found_] == [("0.5, 1", "0.5, 2")]


# --- recorded series ------------------------------------------------------------------------------


def test_recorded_series_come_and_go_with_their_readers(catalog: Catalog) -> None:
    none, one, two = (replace(small(catalog, *each), pages=()) for each in ((), (RATE,), (RATE, MOST)))
    (new,) = found(none, one, "endpoint:requests:rate")
    assert (new.meaning, new.after, new.why) == (Meaning.DEARER, "5 series", "recorded from now on; nobody reads it")
    (new,) = found(none, two, "endpoint:requests:rate")
    assert new.why == "recorded from now on; read by most:requests:rate"
    (gone,) = found(one, none, "endpoint:requests:rate")
    assert (gone.meaning, gone.before, gone.why) == (
        Meaning.CHEAPER,
        "5 series",
        "no longer recorded; nobody read it",
    )
    (gone,) = found(two, none, "endpoint:requests:rate")
    assert gone.why == "no longer recorded; was read by most:requests:rate"


def test_a_page_that_still_asks_for_what_is_gone_is_blind(catalog: Catalog) -> None:
    page = RunbookPage("slow.md", "Ask `endpoint:requests:rate` first.")
    before = replace(small(catalog, RATE), pages=(page,))
    (blind,) = found(before, replace(small(catalog), pages=(page,)), "endpoint:requests:rate")
    assert (blind.meaning, blind.why) == (Meaning.BLIND, "no longer recorded, but still read by slow.md")


def test_more_labels_are_more_recorded_series(catalog: Catalog) -> None:
    wide = replace(RATE, value="sum by (method, endpoint) (rate(requests_total[5m]))")
    (dearer,) = found(small(catalog, RATE), small(catalog, wide), "endpoint:requests:rate")
    assert (dearer.meaning, dearer.before, dearer.after) == (Meaning.DEARER, "5 series", "6 series")


def test_readers_are_rules_panels_and_pages(catalog: Catalog) -> None:
    counted = Counting(Load(catalog, 1))
    assert "panel debug/llm-tokens" in readers(counted, "provider:llm_tokens:rate5m")
    assert "endpoint:http_request_duration_bucket:rate5m" in readers(counted, "http_request_duration_seconds")
    assert any(name.endswith(".md") for name in readers(counted, "dependency_up"))


# --- totals ---------------------------------------------------------------------------------------


def test_what_everything_comes_to_stands_before_its_parts(world: Catalog) -> None:
    wide = with_metric(world, "requests_total", lambda each: replace(each, labels=(Label("path", cap=600),), plan=0))
    (storage,), (rules,) = found(world, wide, "storage"), found(world, wide, "rules")
    assert (storage.meaning, rules.meaning) == (Meaning.DEARER, Meaning.DEARER)
    # (12 -> 1,200 series) / 15 s: 79.2 samples a second more
    assert storage.before.startswith("5.3 samples/s (")
    assert storage.after.startswith("84.")
    assert storage.weight > max(each.weight for each in found(world, wide, "requests_total"))
    assert [each.meaning for each in found(wide, world, "storage")] == [Meaning.CHEAPER]


def test_the_world_has_what_the_numbers_say() -> None:
    assert REQUESTS.planned == 6
