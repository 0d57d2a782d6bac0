"""What rules read and take, multiplied out on paper."""

from decimal import Decimal

import pytest

from capacity_world import counting, recording
from watchkeeper import promql
from watchkeeper.model import Catalog, Pace
from watchkeeper.report.capacity.evaluation import Cost, Read, costs, read

RECORDED = recording("endpoint:requests:rate", "sum by (endpoint) (rate(requests_total[5m]))")


@pytest.mark.parametrize(
    ("expression", "series", "samples"),
    [
        ("requests_total", 12, 12),
        ("rate(requests_total[5m])", 12, 240),  # 300 s / 15 s = 20 samples of each of 12 series
        ("rate(events_total[1m])", 4, 48),  # 60 s / 5 s = 12 of 4
        ("rate(events_total[1s])", 4, 4),  # never less than one
        ("sum_over_time(endpoint:requests:rate[1h])", 5, 600),  # recorded every 30 s: 120 of 5
        ("max_over_time(rate(requests_total[1m])[10m:1m])", 120, 480),  # ten times 4 samples of 12
        ("count_over_time(sum(requests_total)[1h:])", 1440, 1440),  # the step is that of the rules, 30 s: 120 times 12
        (
            "count_over_time(requests_total[1h:5m])",
            12,
            2880,
        ),  # opened once, and between two steps all is decoded: 240 of 12
        ("rate(requests_total[5m]) / rate(requests_total[5m])", 24, 480),  # read twice
        ("vector(1)", 0, 0),
    ],
)
def test_what_an_evaluation_reads(catalog: Catalog, expression: str, series: int, samples: int) -> None:
    assert read(promql.parse(expression), counting(catalog, RECORDED)) == Read(Decimal(series), Decimal(samples))


def test_time_is_that_of_the_rule_its_series_and_its_samples(catalog: Catalog) -> None:
    counted = counting(catalog, RECORDED)
    (rule,) = (rule for rule in counted.rules if rule.name == "endpoint:requests:rate")
    cost = Cost(rule, Read(Decimal(12), Decimal(240)))
    # 18 us + 12 x 4 us + 240 x 0.042 us = 18 + 48 + 10.08 us
    assert cost.seconds == Decimal("0.00007608")
    # every 30 s: 76.08 us / 30 s = 2.536 us a second; 240 / 30 s
    assert cost.cores == Decimal("0.000002536")
    assert cost.samples_per_second == 8


def test_the_dearest_stand_first_by_what_they_take_in_the_same_time(catalog: Catalog) -> None:
    often = recording("often", "sum(rate(requests_total[5m]))")
    seldom = recording("seldom", "sum(rate(requests_total[10m]))", pace=Pace.SLOW)
    names = [cost.rule.name for cost in costs(counting(catalog, seldom, often))]
    # 76 us every 30 s against 18 + 48 + 480 x 0.042 = 86 us every 2 min
    assert names.index("often") < names.index("seldom")


def test_ten_times_the_traffic_is_ten_times_the_reading(catalog: Catalog) -> None:
    node = promql.parse("rate(requests_total[5m])")
    assert read(node, counting(catalog, times=10)) == read(node, counting(catalog)) * Decimal(10)
