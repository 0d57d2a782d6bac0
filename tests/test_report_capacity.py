"""The plan as a whole: multiples beside each other, in words and for programs."""

import json
from dataclasses import replace

import pytest

from capacity_world import recording, small
from watchkeeper.compile.metrics_catalog import planned
from watchkeeper.model import Catalog, Emitter, Pace
from watchkeeper.report.capacity import capacity, text, tree
from watchkeeper.report.capacity.counting import Counting, parse
from watchkeeper.report.capacity.load import Load


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


MADE = recording("endpoint:requests:rate", "sum by (endpoint) (rate(requests_total[5m]))")
"""18 us + 12 series x 4 us + 240 samples x 0.042 us = 76.08 us, every 30 s."""
SELDOM = replace(MADE, pace=Pace.SLOW)


def three_services(catalog: Catalog) -> Catalog:
    """`one` and `two` record the same, `three` its own and the same less often; one watchdog is for all."""
    alone = small(catalog, MADE)
    watchdog = tuple(alert for alert in catalog.services[0].alerts if alert.name == "Watchdog")
    service = replace(alone.services[0], alerts=watchdog)
    own = (recording("own:requests:rate", MADE.value), SELDOM)
    one, two = (replace(service, name=name) for name in ("one", "two"))
    return replace(alone, services=(one, two, replace(service, name="three", recordings=own)))


def test_a_rule_of_several_services_is_one_row_with_the_sum(catalog: Catalog) -> None:
    lines = text(capacity(three_services(catalog), (1,))).splitlines()
    told = {line[2:50].split("  ")[0]: line.split()[-6:] for line in lines if ":requests:rate" in line}
    assert told == {
        # 2 x 240 samples, 2 x 76.08 us
        "endpoint:requests:rate (2 services)": ["480", "samples", "0.152", "ms", "30", "s"],
        "own:requests:rate (three)": ["240", "samples", "0.0761", "ms", "30", "s"],
        "endpoint:requests:rate (three)": ["240", "samples", "0.0761", "ms", "2", "min"],
    }
    assert "dearest rules at 1x, over all services (all with --json)" in lines
    (watchdog,) = (line for line in lines if line.startswith("  Watchdog"))
    assert "(" not in watchdog


def test_a_row_of_one_service_does_not_say_whose_it_is(catalog: Catalog) -> None:
    lines = text(capacity(small(catalog, MADE), (1,))).splitlines()
    rows = lines[lines.index("dearest rules at 1x (all with --json)") + 2 :]
    assert rows
    assert not any("(" in row for row in rows)


def test_programs_get_the_services_of_a_rule_and_the_sum(catalog: Catalog) -> None:
    (plan,) = json.loads(json.dumps(tree(capacity(three_services(catalog), (1,)))))["plans"]
    found = [rule for rule in plan["rules"] if rule["name"] == "endpoint:requests:rate"]
    assert [(rule["services"], rule["rules"], rule["samples"], rule["seconds"]) for rule in found] == [
        (["one", "two"], 2, 480, pytest.approx(0.00015216)),
        (["three"], 1, 240, pytest.approx(0.00007608)),
    ]
    assert all("service" not in rule["labels"] for rule in found)
    (watchdog,) = (rule for rule in plan["rules"] if rule["name"] == "Watchdog")
    assert (watchdog["services"], watchdog["rules"]) == (["one", "two", "three"], 1)
    # nothing is left out, and nothing told twice: what the section says of all rules is what they are together
    (rules,) = (f for s in plan["sections"] for f in s["figures"] if f["label"] == "rules")
    assert sum(rule["rules"] for rule in plan["rules"]) == rules["low"]


def test_each_service_has_processes_of_its_own(catalog: Catalog) -> None:
    """Of 67 series 66 are of two SDK processes, 1 of the probe; the engines' are there once."""
    three = three_services(catalog)
    engine = replace(three.metrics[0], name="engine_bytes", labels=(), plan=0, buckets=(), emitter=Emitter.ENGINE)
    two = replace(three.reference, instances=(*three.reference.instances, (Emitter.ENGINE, 2)))
    (plan,) = capacity(replace(three, reference=two, metrics=(*three.metrics, engine)), (1,)).plans
    (scraped,) = (f for s in plan.sections for f in s.figures if f.label == "series scraped")
    assert scraped.amount.low == 203  # 3 x 67 + 2
    told = {metric.name: (metric.series, metric.derivation) for metric in plan.metrics}
    assert told["requests_total"] == (36, "6 x 2 sdk x 3 services")
    assert told["engine_bytes"] == (2, "1 x 2 engine")


@pytest.mark.parametrize(
    ("expression", "series"),
    [
        ('requests_total{service="one"}', 12),  # 6 x 2
        ("requests_total", 36),
        ('requests_total{service=~"one|two"}', 24),
        ("sum by (service) (requests_total)", 3),
        ('sum by (service) (requests_total{service="one"})', 1),
        ("sum(requests_total)", 1),
        ("max by (service, instance) (requests_total)", 6),
    ],
)
def test_what_names_no_service_reads_those_of_all(catalog: Catalog, expression: str, series: int) -> None:
    counting = Counting(Load(three_services(catalog), 1))
    assert counting.size(parse(expression)).series == series


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
