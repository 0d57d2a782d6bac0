"""What the SDK had to give up, and how much it holds: both are told."""

import io
import logging
from collections.abc import Iterator

import pytest

from sdk_bench import Wk, of, samples, watched


class Stream(io.StringIO):
    """Fails as told."""

    failure: Exception | None = None

    def write(self, text: str) -> int:
        if self.failure is not None:
            raise self.failure
        return super().write(text)


@pytest.fixture
def stream() -> Stream:
    return Stream()


@pytest.fixture
def wk(stream: Stream) -> Iterator[Wk]:
    with watched(stream) as process:
        yield process


def dropped(wk: Wk) -> dict[str, float]:
    """`logs error` -> how often."""
    found = of(wk, "watchkeeper_dropped_total")
    return {" ".join(reversed(labels.split('"')[1::2])): value for labels, value in found.items()}


def test_every_loss_is_there_at_zero(wk: Wk) -> None:
    assert len([name for name in samples(wk) if name.startswith("watchkeeper_dropped_total{")]) == 9
    assert dropped(wk) == {}


@pytest.mark.parametrize(
    ("failure", "reason"),
    [(BlockingIOError("full"), "overflow"), (ValueError("it is closed"), "refused"), (OSError("no"), "error")],
)
def test_a_line_that_could_not_be_written(wk: Wk, stream: Stream, failure: Exception, reason: str) -> None:
    stream.failure = failure
    wk.logger("chat").info("answered")
    wk.log_handler().emit(logging.makeLogRecord({"name": "chat", "msg": "answered", "levelno": logging.INFO}))
    assert dropped(wk) == {f"logs {reason}": 2}
    assert sum(of(wk, "log_events_total").values()) == 2  # it happened all the same
    stream.failure = None
    wk.logger("chat").info("answered")
    assert dropped(wk) == {f"logs {reason}": 2}


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_an_update_that_is_no_amount(wk: Wk, value: float) -> None:
    wk.m.conversations_total.inc(by=value)
    assert dropped(wk) == {"metrics refused": 1}
    assert wk.m.conversations_total.value() == 0


def test_a_measurement_that_fails(wk: Wk) -> None:
    failures = iter([LookupError("no")])

    def measure() -> None:
        for failure in failures:
            raise failure

    wk.before_scrape(measure)
    assert samples(wk)["conversations_total"] == 0  # the page is there
    assert dropped(wk) == {"metrics error": 1}


def test_a_measurement_of_the_services_own_is_taken_for_each_page(wk: Wk) -> None:
    jobs = ["a", "b"]
    wk.before_scrape(lambda: wk.m.queue_depth.set(len(jobs), queue="jobs"))
    assert samples(wk)['queue_depth{queue="jobs"}'] == 2
    jobs.clear()
    assert samples(wk)['queue_depth{queue="jobs"}'] == 0


def series(wk: Wk) -> int:
    return len(samples(wk))


def test_the_series_it_holds_are_those_on_its_page(wk: Wk) -> None:
    wk.page()  # what a page itself measures exists from the second one on
    assert samples(wk)["watchkeeper_series"] == series(wk)
    before = series(wk)
    wk.m.messages_total.inc(intent="new")
    wk.m.http_request_duration_seconds.observe(1.0, method="GET", endpoint="/new")
    # one counter; a histogram has its ten bounds, infinity, count and sum
    assert series(wk) == before + 1 + 10 + 3
    assert samples(wk)["watchkeeper_series"] == before + 14
