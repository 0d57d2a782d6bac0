"""A watched process for tests: made without a port, read back through prometheus_client's parser."""

import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prometheus_client.parser import text_string_to_metric_families

import watchkeeper
from watchkeeper import Traces, Watchkeeper
from watchkeeper.copilot import Instruments
from watchkeeper.sdk.scrape import Scrape

DEADLINE_SECONDS = 15.0

Wk = Watchkeeper[Instruments]


@contextmanager
def watched(
    log: io.StringIO | None = None,
    port: int | None = None,
    *,
    instruments: type[Instruments] = Instruments,
    traces: Traces | None = None,
) -> Iterator[Wk]:
    wk: Wk = watchkeeper.init(
        instruments,
        service="agent",
        version="1.2.3",
        environment="test",
        metrics_port=port,
        log_stream=log or io.StringIO(),
        traces=traces,
    )
    try:
        yield wk
    finally:
        wk.close()


def samples(wk: Wk, scrape: Scrape = "all") -> dict[str, float]:
    """Every sample of a scrape, by how it is written: `name{a="x",b="y"}`, labels sorted."""
    return parsed(wk.page(scrape).decode())


def parsed(text: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
            name = sample.name + (f"{{{labels}}}" if labels else "")
            assert name not in found, f"{name} is there twice"
            found[name] = sample.value
    return found


def of(wk: Wk, name: str) -> dict[str, float]:
    """The samples of one metric that are not zero, by their labels as written."""
    return {
        key.removeprefix(name): value for key, value in samples(wk).items() if key.partition("{")[0] == name and value
    }


def internal_errors(wk: Wk) -> dict[str, float]:
    return of(wk, "watchkeeper_internal_errors_total")


def outcomes(wk: Wk) -> dict[str, float]:
    """Outcome of model calls -> how many."""
    found = of(wk, "llm_requests_total")
    return {labels.partition('outcome="')[2].partition('"')[0]: count for labels, count in found.items()}


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a state, not for a time."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(0.005)
