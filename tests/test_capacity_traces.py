"""Spans and what is kept of them, and why a cap is no target: the arithmetic of the reference's 19.3 requests/s."""

from dataclasses import replace
from decimal import Decimal

import pytest

from watchkeeper.model import Catalog, SamplingRule, Tracing
from watchkeeper.quantity import Duration, Ratio
from watchkeeper.report.capacity.figure import Amount, Unit
from watchkeeper.report.capacity.load import Load
from watchkeeper.report.capacity.traces import (
    binds_from,
    disk,
    kept_per_second,
    section,
    share,
    spans_per_second,
)


def rule(name: str, percent: int) -> SamplingRule:
    return SamplingRule(name, (f"/{name}",), (), (), Ratio.of(percent=percent), Duration.of(seconds=2))


@pytest.fixture
def tracing(catalog: Catalog) -> Tracing:
    """A tenth of the rest, half of what is critical, no more than 100 traces a second; kept for a week."""
    assert catalog.tracing is not None
    sampling = replace(
        catalog.tracing.sampling,
        environments=(("staging", Ratio.of(percent=50)), ("production", Ratio.of(percent=10))),
        rules=(rule("health", 1), rule("critical", 50)),
        cap_per_second=100,
        decision_wait=Duration.of(seconds=120),
        traces_in_memory=50_000,
        spans_per_trace=12,
    )
    return replace(catalog.tracing, sampling=sampling, retention=Duration.of(days=7))


def load(catalog: Catalog, times: int = 1) -> Load:
    """A request a second."""
    return Load(replace(catalog, reference=replace(catalog.reference, requests_per_month=2_592_000)), times)


def test_a_request_is_a_trace_of_so_many_spans(catalog: Catalog, tracing: Tracing) -> None:
    assert spans_per_second(load(catalog), tracing.sampling) == 12
    assert spans_per_second(load(catalog, 10), tracing.sampling) == 120


def test_the_share_lies_between_the_rest_and_the_largest_rule(tracing: Tracing) -> None:
    assert share(tracing.sampling) == Amount(Decimal("0.1"), Decimal("0.5"), Unit.SHARE)
    bare = replace(tracing.sampling, rules=())
    assert share(bare) == Amount(Decimal("0.1"), Decimal("0.1"), Unit.SHARE)


def test_what_is_kept_is_cut_at_the_cap(catalog: Catalog, tracing: Tracing) -> None:
    # 12 x 10 % and 12 x 50 %
    assert kept_per_second(load(catalog), tracing.sampling) == Amount(Decimal("1.2"), Decimal(6), Unit.PER_SECOND)
    # at 500/s: 50 traces, and 250 which are cut to 100; 12 spans each
    assert kept_per_second(load(catalog, 500), tracing.sampling) == Amount(Decimal(600), Decimal(1200), Unit.PER_SECOND)


def test_the_cap_binds_where_the_share_reaches_it(catalog: Catalog, tracing: Tracing) -> None:
    # 100/s are reached at 100 / 0.5 = 200 and 100 / 0.1 = 1,000 times a request a second
    assert binds_from(load(catalog), tracing.sampling) == Amount(Decimal(200), Decimal(1000), Unit.TIMES)
    # from whichever multiple it is asked
    assert binds_from(load(catalog, 10), tracing.sampling) == Amount(Decimal(200), Decimal(1000), Unit.TIMES)


def test_disk_holds_a_day_more_than_is_kept(catalog: Catalog, tracing: Tracing) -> None:
    # 1.2/s x 330 B x 8 d of 86,400 s / 0.8 = 342,144,000 B; 6/s x 709 B likewise 3,675,456,000 B
    assert disk(load(catalog), tracing) == Amount(Decimal(342_144_000), Decimal(3_675_456_000), Unit.BYTES)


def test_waiting_traces_are_told_beside_what_a_gateway_holds(catalog: Catalog, tracing: Tracing) -> None:
    (waiting,) = (f for f in section(load(catalog, 10), tracing).figures if f.label == "waiting for a decision")
    # 10/s x 120 s x 1.5
    assert waiting.amount.words == "1,800"
    assert waiting.derivation == "10 traces/s x 2 min x 1.5; one gateway holds 50,000"


def test_the_reference_never_reaches_a_thousand_a_second(catalog: Catalog, tracing: Tracing) -> None:
    """50 M a month are 50,000,000 / 2,592,000 = 19.29/s; 1,000 / 19.29 = 51.84."""
    thousand = replace(tracing, sampling=replace(tracing.sampling, cap_per_second=1000))
    reference = replace(catalog, reference=replace(catalog.reference, requests_per_month=50_000_000))
    (note,) = section(Load(reference, 1), thousand).notes
    # 1,000 / (19.29 x 0.5) = 103.7; 1,000 / (19.29 x 0.1) = 518.4; 19.29 x 12 x 709 B x 86,400 = 14.18 GB
    assert note == (
        "The cap of 1,000 traces/s binds from 104 to 518 times the reference's 19.3/s, and would from 51.8 times if all"
        " traces were kept. Kept all, the reference's would be 14.2 GB a day."
    )
