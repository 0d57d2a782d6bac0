"""The time that counts for latency: to the first useful token or the last byte, of good requests and given-up ones."""

import asyncio
from collections.abc import Iterator

import pytest

from sdk_bench import Wk, samples
from sdk_exchange import PING, QUICK, SLOW, TOKEN, Exchange, answering, events, exchange, impatient, streaming
from watchkeeper.sdk.asgi import Receive, Send
from watchkeeper.sdk.outcome import Ending, Facts, waited
from watchkeeper.sdk.requests import Scope


@pytest.fixture
def wk() -> Iterator[Wk]:
    with impatient() as process:
        yield process


def counted(wk: Wk, request_class: str = "simple") -> tuple[float, float]:
    """How many waits of the class there were, and their sum."""
    found = samples(wk)
    count, total = (f'sli_latency_seconds_{part}{{class="{request_class}"}}' for part in ("count", "sum"))
    return found[count], found[total]


GOOD = Facts(Ending.COMPLETE, 200, 0.4)
STREAM = Facts(Ending.COMPLETE, 200, 20.0, streamed=True, first_useful=0.3)


@pytest.mark.parametrize(
    ("facts", "seconds"),
    [
        (GOOD, 0.4),
        (STREAM, 0.3),  # 20 s of talking are not 20 s of waiting
        (Facts(Ending.COMPLETE, 503, 0.4), None),
        (Facts(Ending.COMPLETE, 404, 0.4), None),
        (Facts(Ending.COMPLETE, 200, 0.4, excluded=True), None),
        (Facts(Ending.COMPLETE, 200, 0.4, failed=True), None),
        (Facts(Ending.LEFT, None, 0.9), None),  # left early: nobody's fault
        (Facts(Ending.LEFT, None, 1.1), 1.1),  # gave up after the promised second
        (Facts(Ending.LEFT, 200, 1.1), None),  # the answer had begun
    ],
)
def test_what_counts(facts: Facts, seconds: float | None) -> None:
    assert waited(facts, 1.0) == seconds


def test_where_nothing_is_promised_nobody_gives_up() -> None:
    assert waited(GOOD, None) == 0.4
    assert waited(Facts(Ending.LEFT, None, 3600.0), None) is None


def test_a_whole_answer_counts_to_its_last_byte(wk: Wk) -> None:
    exchange(wk, answering(200))
    exchange(wk, answering(404))
    exchange(wk, answering(500))
    count, seconds = counted(wk)
    assert count == 1
    assert 0 < seconds < QUICK
    assert counted(wk, "complex") == (0, 0)


def test_a_stream_counts_to_its_first_useful_token(wk: Wk) -> None:
    exchange(wk, streaming(PING, 0.1, TOKEN, 0.3, TOKEN))
    count, seconds = counted(wk)
    assert count == 1
    assert 0.1 <= seconds < 0.3


def test_a_stream_that_ends_badly_does_not_count(wk: Wk) -> None:
    exchange(wk, streaming(TOKEN, b"event: error\ndata: {}\n\n"))
    exchange(wk, streaming(PING))
    assert counted(wk) == (0, 0)


def test_who_gave_up_counts_with_the_time_they_waited(wk: Wk) -> None:
    async def hanging(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - the protocol's
        await asyncio.sleep(SLOW)

    async def scene() -> None:
        visit = Exchange()
        asyncio.get_running_loop().call_later(QUICK + 0.1, visit.leaves.set)
        await visit.run(wk.asgi(hanging))

    asyncio.run(scene())
    count, seconds = counted(wk)
    assert count == 1
    assert QUICK + 0.1 <= seconds < SLOW
    assert events(wk)["latency-simple simple bad"] == 1


def test_a_request_counts_in_its_class(wk: Wk) -> None:
    visit = Exchange()
    app = wk.asgi(answering(200), classes={"GET unmatched": "complex"})
    asyncio.run(visit.run(app))
    assert counted(wk, "complex")[0] == 1
