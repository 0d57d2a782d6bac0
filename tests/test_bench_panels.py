"""What `bench/panels.py` calls an empty panel, with answers made up."""

import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from watchkeeper import spec
from watchkeeper.live.errors import LiveError
from watchkeeper.model import Catalog, Need, Panel, PanelUnit

BENCH = runpy.run_path(str(Path(__file__).parents[1] / "bench" / "panels.py"), run_name="bench")
LATENCY = "http_request_duration_seconds_bucket"


@pytest.fixture(scope="module")
def small() -> Catalog:
    catalog = spec.load(pack=Path(__file__).parent / "golden" / "pack").catalog
    assert catalog is not None
    return catalog


@pytest.fixture
def panel(small: Catalog) -> Panel:
    return small.dashboard("health").panel("latency")


def judged(small: Catalog, panel: Panel, answers: dict[str, int]) -> tuple[str, str]:
    """Each query yields the number of the first key that it contains, or nothing."""

    def count(query: str, now: bool) -> int:
        assert 'service="llm-copilot-agent"' in query
        assert 'environment="demo"' in query
        asked.append((query, now))
        return next((number for part, number in answers.items() if part in query), 0)

    asked: list[tuple[str, bool]] = []
    verdict, words = BENCH["judged"](panel, small.services[0], "demo", count)
    assert asked[0][1] is panel.kind.instant
    return str(verdict), words


def test_answered(small: Catalog, panel: Panel) -> None:
    assert judged(small, panel, {"topk": 3}) == ("answered", "3 series")


def test_measured_and_nothing_to_show(small: Catalog, panel: Panel) -> None:
    assert judged(small, panel, {"count_over_time": 40}) == ("quiet", "No request was answered.")
    assert judged(small, replace(panel, empty=""), {"count_over_time": 40})[0] == "EMPTY"


def test_never_measured(small: Catalog, panel: Panel) -> None:
    """The text for a quiet hour excuses no series that was never there."""
    assert judged(small, panel, {}) == ("EMPTY", f"nothing is measured of {LATENCY}")


def test_a_declared_need_excuses(small: Catalog, panel: Panel) -> None:
    verdict, words = judged(small, replace(panel, needs=Need.KUBERNETES), {})
    assert (verdict, words) == ("needs", "kubernetes: needs kube-state-metrics of a Kubernetes cluster")


def test_every_query_must_answer(small: Catalog, panel: Panel) -> None:
    two = replace(panel, queries=(*panel.queries, replace(panel.queries[0], value="memory_bytes", top=0)))
    assert judged(small, two, {"topk": 3})[0] == "EMPTY"
    assert judged(small, two, {"topk": 3, "memory_bytes": 1}) == ("answered", "4 series")


def test_what_stands_beside_may_be_silent(small: Catalog, panel: Panel) -> None:
    lasts = replace(panel.queries[0], value="slo:error_budget_exhausted_in:seconds", top=0, beside=PanelUnit.SECONDS)
    assert judged(small, replace(panel, queries=(*panel.queries, lasts)), {"topk": 1})[0] == "answered"


def test_a_refused_query_is_told_with_its_panel(small: Catalog) -> None:
    def count(query: str, now: bool) -> int:
        raise LiveError("http://localhost", f"bad query, {'instant' if now else query.partition('(')[0]}")

    rows: list[Any] = list(BENCH["rows"](small, small.services[0], "demo", count))
    assert [(row.panel, str(row.verdict), row.words) for row in rows] == [
        ("health/budget", "REFUSED", "bad query, instant"),
        ("health/latency", "REFUSED", "bad query, histogram_quantile"),
    ]
