"""Series counted from label flow, worked out by hand and, where a server is at hand, counted by it."""

import itertools
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from capacity_world import ENDPOINT, EVENTS, LATENCY, METHOD, REQUESTS, counting, metric, recording, small
from watchkeeper import promql
from watchkeeper.engines import Engine
from watchkeeper.engines.arguments import Server
from watchkeeper.engines.arguments import prometheus as arguments
from watchkeeper.engines.process import run
from watchkeeper.formats.prometheus import Recording
from watchkeeper.live.prometheus import Prometheus
from watchkeeper.live.remote_write import WrittenSeries, write
from watchkeeper.model import Catalog, Emitter, Label, Metric, Pace
from watchkeeper.promql.nodes import Matcher, MatchOperator
from watchkeeper.quantity import Duration
from watchkeeper.report.capacity.counting import Counting
from watchkeeper.report.capacity.domain import Domain
from watchkeeper.report.capacity.load import Load

# requests: 6 of 10 combinations of 2 methods and 5 endpoints in each of 2 processes
# latency: 5 endpoints x (2 buckets + the one without end) and sum and count, in each of 2 processes
COUNTED = [
    ("requests_total", 12),
    ('requests_total{method="GET"}', 6),  # half of the plan
    ('requests_total{method!="GET"}', 6),
    ('requests_total{method=~"GET|POST"}', 12),
    ('requests_total{method=~"P.*"}', 6),
    ('requests_total{method="PUT"}', 0),
    ('requests_total{endpoint="a"}', 4),  # 6 / 5 = 1.2 a process, so 2
    ('requests_total{endpoint=~"a|b"}', 6),  # 6 x 2 / 5 = 2.4, so 3
    ("rate(requests_total[5m])", 12),
    ("-requests_total", 12),
    ("max_over_time(rate(requests_total[1m])[10m:1m])", 12),
    ("sum(requests_total)", 1),
    ("sum by (method) (requests_total)", 2),
    ("sum by (endpoint) (requests_total)", 5),
    ("sum by (method, endpoint) (requests_total)", 6),  # not 10: the plan
    ("sum by (instance) (requests_total)", 2),
    ("sum by (instance, method) (requests_total)", 4),
    ("sum without (instance) (requests_total)", 6),
    ('sum by (method) (requests_total{method="GET"})', 1),
    ("topk(2, requests_total)", 2),
    ("topk by (method) (2, requests_total)", 4),
    ("topk(100, requests_total)", 12),
    ("latency_seconds_bucket", 30),
    ('latency_seconds_bucket{le="1"}', 10),
    ('latency_seconds_bucket{le=~"1|1\\\\.0"}', 10),
    ("latency_seconds_count", 10),
    ("sum by (endpoint, le) (rate(latency_seconds_bucket[5m]))", 15),
    ("sum by (endpoint) (rate(latency_seconds_bucket[5m]))", 5),
    ("histogram_quantile(0.9, rate(latency_seconds_bucket[5m]))", 10),
    ("histogram_quantile(0.9, sum by (endpoint, le) (rate(latency_seconds_bucket[5m])))", 5),
    ("histogram_quantile(0.9, sum by (le) (rate(latency_seconds_bucket[5m])))", 1),
    ("requests_total > 5", 12),
    ("2 * requests_total", 12),
    ("requests_total and on () vector(1)", 12),
    ("requests_total unless on () vector(1)", 12),
    ("sum by (endpoint) (requests_total) / sum by (endpoint) (latency_seconds_count)", 5),
    ("requests_total / on (endpoint) group_left sum by (endpoint) (latency_seconds_count)", 12),
    ("sum by (endpoint) (latency_seconds_count) * on (endpoint) group_right requests_total", 12),
    ("sum by (method) (requests_total) or sum by (endpoint) (requests_total)", 7),
    # the fill has the labels of what it fills: 3 and 5 of five endpoints are 5
    ('sum by (endpoint) (requests_total{method="GET"}) or 0 * sum by (endpoint) (requests_total)', 5),
    ("absent(requests_total)", 1),
    ("vector(1)", 1),
    ("scalar(sum(requests_total))", 1),
    ('label_replace(events_total, "is", "$1", "outcome", "(.*)")', 4),
    # no domain bounds a label that is made up: as many as one process has
    ('sum by (is) (label_replace(events_total, "is", "$1", "outcome", "(.*)"))', 2),
    ('count_values("times", events_total)', 2),
    ("nobody_declared_this", 0),
]


@pytest.mark.parametrize(("expression", "series"), COUNTED)
def test_series_of_an_expression(catalog: Catalog, expression: str, series: int) -> None:
    assert counting(catalog).size(promql.parse(expression)).series == series


def test_more_traffic_is_more_processes_and_not_more_labels(catalog: Catalog) -> None:
    tenfold = counting(catalog, times=10)
    assert tenfold.size(promql.parse("requests_total")).series == 120
    assert tenfold.size(promql.parse("sum by (endpoint) (requests_total)")).series == 5
    assert tenfold.size(promql.parse("sum by (instance) (requests_total)")).series == 20
    assert tenfold.size(promql.parse("probe_success")).series == 1


def test_the_one_process_that_tells_of_pods_tells_of_more(catalog: Catalog) -> None:
    pods = replace(metric("pods", Label("pod", cap=60), plan=3), emitter=Emitter.KUBERNETES)
    deployments = replace(metric("deployments", Label("deployment", cap=20), plan=1), emitter=Emitter.KUBERNETES)
    load = Load(small(catalog, metrics=(pods, deployments)), 10)
    assert [load.series(pods), load.series(deployments)] == [30, 1]


# --- recorded series ------------------------------------------------------------------------------


def made(counted: Counting) -> dict[str, int]:
    found: dict[str, int] = {}
    for rule in counted.rules:
        if isinstance(rule.rule, Recording):
            found[rule.name] = found.get(rule.name, 0) + counted.recorded(rule)
    return found


def test_recorded_series_are_counted_from_what_they_read(catalog: Catalog) -> None:
    counted = counting(
        catalog,
        recording("endpoint:requests:rate", "sum by (endpoint) (rate(requests_total[5m]))"),
        recording("best:requests:rate", "max(endpoint:requests:rate)"),
        recording("share:ratio", "sum(rate(events_total[5m]))", window="5m"),
        recording("share:ratio", "sum(rate(events_total[1h]))", window="1h"),
        recording("shares:max", "max by (window) (share:ratio)"),
        recording("hour:max", 'max by (window) (share:ratio{window="1h"})'),
    )
    assert made(counted) == {
        "endpoint:requests:rate": 5,
        "best:requests:rate": 1,
        "share:ratio": 2,
        "shares:max": 2,
        "hour:max": 1,
    }


def test_a_rule_that_reads_what_it_makes_adds_nothing_by_that(catalog: Catalog) -> None:
    counted = counting(catalog, recording("sticky", "sum(requests_total) or sticky"))
    assert made(counted) == {"sticky": 1}


def test_undeclared_names_are_told_and_prometheus_own_are_not(catalog: Catalog) -> None:
    counted = counting(catalog, recording("a", "sum(foreign_total) + count(ALERTS) + count(up)"))
    assert counted.undeclared() == ("foreign_total",)
    assert counting(catalog).undeclared() == ()


def test_the_pace_of_series_is_that_of_their_scrape_or_group(catalog: Catalog) -> None:
    counted = counting(
        catalog,
        recording("slow:one", "sum(requests_total)", pace=Pace.SLOW),
        recording("both", "sum(requests_total)", window="1h"),
        recording("both", "sum(requests_total)", pace=Pace.SLOW, window="1d"),
    )
    paces = {name: str(counted.every(promql.selectors(promql.parse(name))[0])) for name in (
        "requests_total", "latency_seconds_bucket", "events_total", "slow:one", "both", "elsewhere",
    )}  # fmt: skip
    assert paces == {
        "requests_total": "15s",
        "latency_seconds_bucket": "15s",
        "events_total": "5s",
        "slow:one": "2m",
        "both": "30s",
        "elsewhere": "30s",
    }


def test_objectives_of_the_pack_are_recorded_once_each(catalog: Catalog) -> None:
    counted = made(Counting(Load(catalog, 1)))
    objectives = len(catalog.services[0].slos)
    assert counted["slo:sli_total:rate5m"] == counted["slo:error_share:ratio"] == objectives
    assert counted["slo:error_budget_burn:ratio"] == 4 * objectives  # 5m, 1h, 6h, 24h
    assert counted == made(Counting(Load(catalog, 100)))


def test_nothing_the_pack_reads_is_undeclared(catalog: Catalog) -> None:
    assert Counting(Load(catalog, 1)).undeclared() == ()


# --- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operator", "value", "size"),
    [
        (MatchOperator.EQUAL, "a", 2),  # the listed one, and one of those nobody listed
        (MatchOperator.NOT_EQUAL, "a", 11),
        (MatchOperator.REGEX, "a|b", 4),
        (MatchOperator.REGEX, "a.*", 11),  # any of the ten may begin with an a
        (MatchOperator.NOT_REGEX, "a|b", 10),
    ],
)
def test_values_that_a_matcher_lets_through(operator: MatchOperator, value: str, size: int) -> None:
    domain = Domain(frozenset({"a", "b"}), 10)
    assert domain.admitted("x", [Matcher("x", operator, value), Matcher("y", operator, "z")]).size == size


def test_the_same_label_elsewhere_has_the_same_values() -> None:
    assert (Domain(frozenset("ab"), 3) | Domain(frozenset("bc"), 5)) == Domain(frozenset("abc"), 5)


# --- judged by a server ---------------------------------------------------------------------------

_LEFT_OUT = ("scalar", "count_values")
"""A scalar has no series, and how many values there are depends on the samples."""
JUDGED = [
    (text, count) for text, count in COUNTED if count and "endpoint=" not in text and not text.startswith(_LEFT_OUT)
]


@pytest.mark.engine
def test_prometheus_counts_no_more(prometheus: Engine, free_port: int, tmp_path: Path) -> None:
    """And as many, where a plan does not leave open which of the combinations there are."""
    (tmp_path / "prometheus.yaml").write_text("{}")
    server = Server(free_port, tmp_path / "prometheus.yaml", tmp_path / "data")
    url = f"http://127.0.0.1:{server.port}"
    with run(prometheus, arguments(server, origin=url), url=url, log=tmp_path / "log"):
        now = int(time.time())
        times = range(now - 600, now + 1, 15)
        write(
            url, (WrittenSeries(labels, [(float(at), 1.0 + at - now + 600) for at in times]) for labels in _written())
        )
        with Prometheus(url) as client:
            wrong = [
                (text, said, seen)
                for text, said in JUDGED
                if not (seen := _count(client, text, now)) <= said or ("requests" not in text and seen != said)
            ]
    assert wrong == []


def _count(client: Prometheus, text: str, at: int) -> int:
    return len(client.instant(text, at=float(at)))


def _written() -> Iterator[dict[str, str]]:
    for process in ("one", "two"):
        for each in (REQUESTS, LATENCY, EVENTS):
            for labels in _combinations(each):
                yield {"instance": process, "job": "test", **labels}


def _combinations(each: Metric) -> Iterator[dict[str, str]]:
    """The first label turns fastest, so that a plan has each of its values equally often."""
    names = [label.name for label in each.labels]
    domains = [label.values or [f"{label.name}-{number}" for number in range(label.cap)] for label in each.labels]
    for values in itertools.islice(itertools.product(*reversed(domains)), each.plan or None):
        labels = dict(zip(names, reversed(values), strict=True))
        if not each.buckets:
            yield {"__name__": each.name, **labels}
            continue
        for bound in ("0.5", "1", "+Inf"):
            yield {"__name__": f"{each.name}_bucket", "le": bound, **labels}
        yield {"__name__": f"{each.name}_count", **labels}
        yield {"__name__": f"{each.name}_sum", **labels}


def test_the_world_is_as_the_comments_say() -> None:
    assert (REQUESTS.planned, LATENCY.planned, EVENTS.planned) == (6, 25, 2)
    assert (METHOD.size, ENDPOINT.size, Duration.of(days=90)) == (2, 5, LATENCY.retention)
