"""How many machines: never none, never a part of one, and the scarcer of two things decides."""

from dataclasses import replace
from decimal import Decimal

import pytest

from capacity_world import metric, recording, small
from watchkeeper.model import Catalog, Label
from watchkeeper.quantity import Duration
from watchkeeper.report.capacity import Capacity, capacity
from watchkeeper.report.capacity.figure import Figure
from watchkeeper.report.capacity.nodes import needed
from watchkeeper.report.capacity.plan import Plan


@pytest.mark.parametrize(("share", "nodes"), [("0", 1), ("0.2", 1), ("1", 1), ("1.01", 2), ("17.4", 18)])
def test_parts_of_a_node_are_whole_nodes(share: str, nodes: int) -> None:
    assert needed(Decimal(share)) == nodes


@pytest.fixture(scope="module")
def planned(catalog: Catalog) -> Capacity:
    """A hundred requests a second, and a hundred times that."""
    reference = replace(catalog.reference, requests_per_month=259_200_000)
    return capacity(replace(catalog, reference=reference), (1, 100))


def nodes(plan: Plan) -> dict[str, Figure]:
    return {figure.label: figure for figure in plan.sections[-1].figures}


def test_loki_by_lines(planned: Capacity) -> None:
    first, hundred = (nodes(plan)["Loki"] for plan in planned.plans)
    # three lines a request, three times the mean in the busiest hour, half of 2,000/s planned with
    assert first.derivation == "300 lines/s x 3 / 1,000 lines/s"
    assert [first.amount.words, hundred.amount.words] == ["1", "90"]


def test_gateways_by_spans_or_by_what_waits(planned: Capacity, catalog: Catalog) -> None:
    assert catalog.tracing is not None
    sampling = catalog.tracing.sampling
    first, hundred = (nodes(plan)["Collector gateways"] for plan in planned.plans)
    # 10,000/s x 3 x 120 s x 1.5 = 5,400,000 undecided, 50,000 a gateway; spans need 120,000 x 3 / 15,850 = 23
    assert sampling.decision_wait == Duration.of(seconds=120)
    assert (sampling.traces_in_memory, sampling.spans_per_trace) == (50_000, 12)
    assert [first.amount.words, hundred.amount.words] == ["2", "108"]
    assert hundred.derivation == (
        "the larger of 120,000 spans/s x 3 / 15,850 spans/s and 5,400,000 undecided traces / 50,000"
    )


def test_spans_are_stored_by_the_largest_share(planned: Capacity) -> None:
    stored = nodes(planned.plans[0])["OpenSearch data nodes"]
    # 100/s x 12 spans x 50 % = 600/s; x 3 / (3,300 x 0.5) = 1.09
    assert (stored.amount.words, stored.derivation) == ("2", "600 spans/s x 3 / 1,650 spans/s")


MANY = metric("many_total", Label("path", cap=10_000_000))
"""20 million series in two processes."""


@pytest.mark.parametrize(
    ("window", "nodes_needed"),
    [
        # memory: 20 M x 9.9 kB = 198 GB, of which a node plans with 12 GB: 16.5
        # scrapes: 20 M / 15 s x 5.2 us = 6.93 cores, of which a node plans with one
        ("1m", 17),
        # and a rule every 30 s: 20 M series x 4 us + 480 samples of each x 0.042 us = 483.2 s, 16.11 cores
        ("2h", 24),
    ],
)
def test_prometheus_by_memory_or_processors(catalog: Catalog, window: str, nodes_needed: int) -> None:
    world = small(catalog, recording("all", f"sum(rate(many_total[{window}]))"), metrics=(MANY,))
    (plan,) = capacity(world, (1,)).plans
    assert nodes(plan)["Prometheus"].amount.words == str(nodes_needed)


def test_prometheus_says_what_it_compared(planned: Capacity) -> None:
    told = nodes(planned.plans[0])["Prometheus"]
    assert told.amount.words == "1"
    assert told.derivation.startswith("the larger of ")
    assert "/ 12 GB and (" in told.derivation


def test_without_logs_and_traces_there_is_prometheus_alone(catalog: Catalog) -> None:
    plan = capacity(replace(catalog, logs=None, tracing=None), (1,)).plans[0]
    assert list(nodes(plan)) == ["Prometheus"]
    assert [section.title for section in plan.sections] == ["metrics", "rules", "nodes"]
