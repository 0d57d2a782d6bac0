"""The plan as a whole: multiples beside each other, in words and for programs."""

import json

import pytest

from capacity_world import recording, small
from watchkeeper.compile.metrics_catalog import planned
from watchkeeper.model import Catalog
from watchkeeper.report.capacity import capacity, text, tree


def test_multiples_stand_in_the_order_asked_for(catalog: Catalog) -> None:
    plan = capacity(small(catalog), (10, 1))
    assert [each.times for each in plan.plans] == [10, 1]
    assert [each.requests_per_second for each in plan.plans] == [10, 1]


@pytest.mark.parametrize("times", [(), (0,), (1, -1)])
def test_less_than_once_is_refused(catalog: Catalog, times: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="from 1 on"):
        capacity(small(catalog), times)


def test_metrics_are_those_of_the_catalog_the_largest_first(catalog: Catalog) -> None:
    (plan,) = capacity(catalog, (1,)).plans
    assert {each.name: each.series for each in plan.metrics} == {m.name: planned(catalog, m) for m in catalog.metrics}
    sizes = [each.series for each in plan.metrics]
    assert sizes == sorted(sizes, reverse=True)


def test_words_of_a_small_plan(catalog: Catalog) -> None:
    made = recording("endpoint:requests:rate", "sum by (endpoint) (rate(requests_total[5m]))")
    lines = text(capacity(small(catalog, made), (1, 10))).splitlines()
    assert lines[0].startswith("capacity of llm-copilot-agent: 2,592,000 requests a month in the reference deployment")
    cells = {line[:24].strip(): line[24:].split("  ") for line in lines[1:22]}
    assert [cell.strip() for cell in cells["requests"] if cell.strip()] == ["1/s", "10/s"]
    # two processes of 31 + 2 series and one probe; twenty of them
    assert [cell.strip() for cell in cells["series scraped"] if cell.strip()] == ["67", "661"]
    assert "    series scraped     5 critical + 62 standard" in lines
    assert any(line.split() == ["latency_seconds", "50", "25", "x", "2", "sdk"] for line in lines)
    assert any(line.split()[:3] == ["endpoint:requests:rate", "240", "samples"] for line in lines)
    assert all(line == line.rstrip() for line in lines)


def test_what_cannot_be_counted_is_said(catalog: Catalog) -> None:
    told = text(capacity(small(catalog, recording("a", "sum(foreign_total)")), (1,)))
    assert "not counted, because no definition declares it: foreign_total" in told.splitlines()


def test_programs_get_every_metric_and_rule_as_numbers(catalog: Catalog) -> None:
    made = recording("endpoint:requests:rate", "sum by (endpoint) (rate(requests_total[5m]))")
    told = json.loads(json.dumps(tree(capacity(small(catalog, made), (1,)))))
    assert told["requests_per_month"] == 2_592_000
    (plan,) = told["plans"]
    assert plan["times"] == 1
    assert {"name": "requests_total", "series": 12, "derivation": "6 x 2 sdk"} in plan["metrics"]
    (rule,) = (rule for rule in plan["rules"] if rule["name"] == "endpoint:requests:rate")
    assert (rule["series"], rule["samples"], rule["every_seconds"]) == (12, 240, 30)
    (series,) = (f for s in plan["sections"] for f in s["figures"] if f["label"] == "series scraped")
    assert series == {
        "label": "series scraped",
        "low": 67,
        "high": 67,
        "unit": "count",
        "derivation": "5 critical + 62 standard",
    }


def test_the_pack_has_the_series_that_the_specification_wants(catalog: Catalog) -> None:
    (plan,) = capacity(catalog, (1,)).plans
    assert sum(each.series for each in plan.metrics) >= 13_000
    disk = next(f for s in plan.sections for f in s.figures if f.label == "disk for 90 d")
    assert disk.amount.high < 50 * 10**9
