"""The shipped alerts among each other: numbers that stand in two places, labels that would fall together."""

import re

import pytest

from watchkeeper import promql
from watchkeeper.compile.lookback import leaves
from watchkeeper.model import Catalog, Requests
from watchkeeper.promql.labels import labels

ALERT_LABELS = frozenset({"severity", "component", "team", "kind", "priority"})
"""Those of the rule; they replace what the series says under the same name."""


@pytest.mark.parametrize(
    ("alert", "objective"),
    [("HighLatencySimpleRequests", "latency-simple"), ("HighLatencyComplexRequests", "latency-complex")],
)
def test_a_latency_alert_has_the_numbers_of_its_objective(catalog: Catalog, alert: str, objective: str) -> None:
    service = catalog.services[0]
    slo = next(slo for slo in service.slos if slo.name == objective)
    rule = next(each for each in service.alerts if each.name == alert)
    assert isinstance(slo.events, Requests)
    assert slo.events.within is not None
    bound = f"{slo.events.within.seconds.normalize():f}"
    assert re.findall(r'le=~"([^"]+)"', rule.value) == [rf"{bound}|{bound}\\.0"]
    assert re.findall(r'class="(\w+)"', rule.value) == [slo.events.request_class] * 2
    assert rule.threshold.value == slo.target.value


def test_a_quantile_is_compared_with_the_end_of_a_bucket(catalog: Catalog) -> None:
    """Between two bounds a quantile is a guess."""
    buckets = {metric.name: metric.buckets for metric in catalog.metrics}
    seen, service = 0, catalog.services[0]
    for alert in service.alerts:
        if alert.value.startswith("histogram_quantile"):
            (leaf,) = leaves(service, promql.parse(alert.value))
            assert alert.threshold.value in buckets[leaf.metric.removesuffix("_bucket")], alert.name
            seen += 1
    assert seen >= 5


def test_no_label_of_an_alert_hides_one_of_its_series(catalog: Catalog) -> None:
    """Two series that differ in that label alone would be one alert twice, and Prometheus evaluates neither."""
    owned = {metric.name: frozenset(label.name for label in metric.labels) for metric in catalog.metrics}

    def labels_of(series: str) -> frozenset[str] | None:
        return owned.get(re.sub(r"_(bucket|sum|count)$", "", series), owned.get(series))

    for alert in catalog.services[0].alerts:
        if not alert.kind.about_monitoring:
            found = labels(promql.parse(alert.value), labels_of)
            assert not ALERT_LABELS & found.possible, alert.name
