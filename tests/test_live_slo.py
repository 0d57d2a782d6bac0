"""Figures of objectives, worked out on paper, from series written into a real Prometheus."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

import pytest

from ports import free_port
from watchkeeper.engines import Engine
from watchkeeper.engines.arguments import Server
from watchkeeper.engines.arguments import prometheus as arguments
from watchkeeper.engines.process import run
from watchkeeper.live.errors import Unreachable
from watchkeeper.live.prometheus import Prometheus
from watchkeeper.live.remote_write import WrittenSeries, write
from watchkeeper.live.slo import SloFigures, slos
from watchkeeper.model import Catalog
from watchkeeper.quantity import Duration, Ratio

pytestmark = pytest.mark.engine

SERVICE = "llm-copilot-agent"
MONTH = "slo:sli_error:ratio_rate30d"
HOUR = "slo:sli_error:ratio_rate1h"
LEFT = "slo:error_budget_remaining:ratio"
LASTS = "slo:error_budget_exhausted_in:seconds"
HISTORY = "slo:history_coverage:ratio"
HOSTILE = 'a"} or vector(1) or {b="\\\n{{é}}'

AVAILABILITY: Mapping[str, float] = {MONTH: 0.0005, HOUR: 0.0144, LEFT: 0.5, LASTS: 90_000, HISTORY: 0.75}


def series(name: str, value: float, **labels: str) -> WrittenSeries:
    meant = {"environment": "production", "service": SERVICE, "slo": "availability"} | labels
    return WrittenSeries({"__name__": name, **meant}, [(time.time() - 1, value)])


@pytest.fixture(scope="module")
def client(prometheus: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "prometheus.yaml").write_text("global: {}\n")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    server = Server(port, folder / "prometheus.yaml", folder / "data")
    with run(prometheus, arguments(server, origin=url), url=url, log=folder / "log"), Prometheus(url) as opened:
        write(
            url,
            [
                *(series(name, value) for name, value in AVAILABILITY.items()),
                series(HOUR, 0.1, slo="latency-simple"),
                series(HOUR, float("nan"), slo="latency-complex"),
                series(LASTS, float("inf"), slo="latency-complex"),
                series(LEFT, -0.25, slo="latency-complex"),
                # what must not be taken for ours
                series(HOUR, 0.9, environment="staging"),
                series(HOUR, 0.9, service="another"),
                series(HOUR, 0.9, slo="another"),
                series("slo:sli_error:ratio_rate5m", 0.9),
                series(HOUR, 0.002, environment=HOSTILE),
            ],
        )
        yield opened


def by_name(figures: tuple[SloFigures, ...]) -> dict[str, SloFigures]:
    return {one.slo: one for one in figures}


def test_an_objective_with_everything(client: Prometheus, catalog: Catalog) -> None:
    """Of 1,000 requests one may fail. In the last hour 14.4 did, in the month half a one."""
    figures = slos(client, catalog, "production")
    assert {one.slo for one in figures} == {slo.name for slo in catalog.services[0].slos}
    assert by_name(figures)["availability"] == SloFigures(
        service=SERVICE,
        slo="availability",
        title="99.9 % of requests are answered well",
        target=Ratio(Decimal("0.999")),
        window=Duration.of(days=30),
        good_share=0.9995,
        budget_left=0.5,
        burn_rate=14.4,  # 0.0144 / 0.001
        exhausted_in_seconds=90_000,
        coverage=0.75,
    )


def test_what_is_not_there_yet_is_none(client: Prometheus, catalog: Catalog) -> None:
    simple = by_name(slos(client, catalog, "production"))["latency-simple"]
    assert simple.burn_rate == 2.0  # 0.1 / 0.05
    assert (simple.good_share, simple.budget_left, simple.exhausted_in_seconds, simple.coverage) == (None,) * 4


def test_no_number_and_no_end_are_not_there_either(client: Prometheus, catalog: Catalog) -> None:
    odd = by_name(slos(client, catalog, "production"))["latency-complex"]
    assert (odd.burn_rate, odd.exhausted_in_seconds, odd.budget_left) == (None, None, -0.25)


def test_each_environment_has_its_own(client: Prometheus, catalog: Catalog) -> None:
    staging = by_name(slos(client, catalog, "staging"))
    assert staging["availability"].burn_rate == 900  # 0.9 / 0.001
    assert staging["availability"].good_share is None
    assert staging["latency-simple"].burn_rate is None
    nowhere = slos(client, catalog, "nowhere")
    assert {one.burn_rate for one in nowhere} == {one.coverage for one in nowhere} == {None}


def test_an_environment_is_text_and_never_a_query(client: Prometheus, catalog: Catalog) -> None:
    availability, *others = slos(client, catalog, HOSTILE)
    assert availability.burn_rate == 2.0  # 0.002 / 0.001
    assert availability.good_share is None
    assert {one.burn_rate for one in others} == {None}


def test_without_objectives_nothing_is_asked(catalog: Catalog, free_port: int) -> None:
    bare = replace(catalog, services=tuple(replace(service, slos=()) for service in catalog.services))
    with Prometheus(f"http://127.0.0.1:{free_port}") as nobody:
        assert slos(nobody, bare, "production") == ()
        with pytest.raises(Unreachable):
            slos(nobody, catalog, "production")


def test_the_window_of_an_objective_names_its_series(client: Prometheus, catalog: Catalog) -> None:
    """The same target over 1 h: good is what was good in the last hour."""
    service = catalog.services[0]
    hourly = replace(service.slos[0], window=Duration.of(hours=1))
    only = replace(catalog, services=(replace(service, slos=(hourly,)),))
    (figures,) = slos(client, only, "production")
    assert figures.good_share == pytest.approx(0.9856)  # 1 - 0.0144
    assert figures.burn_rate == 14.4
