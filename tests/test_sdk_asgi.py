# ruff: noqa: ARG001 - every ASGI application takes three arguments
"""Requests through the ASGI wrap: every one is counted exactly once, and nothing of it is changed on the way."""

import asyncio
import io
import json
import uuid
from collections.abc import AsyncIterator, Iterator, MutableMapping

import pytest

from sdk_bench import Wk, of, samples
from sdk_exchange import (
    PING,
    QUICK,
    SLOW,
    TOKEN,
    Exchange,
    answering,
    events,
    exchange,
    impatient,
    piece,
    start,
    streaming,
    until,
)
from watchkeeper.sdk.asgi import ASGIApp, Message, Receive, Send
from watchkeeper.sdk.maintenance import Maintenance
from watchkeeper.sdk.requests import Scope


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def wk(log: io.StringIO) -> Iterator[Wk]:
    with impatient(log) as process:
        yield process


async def raising(scope: Scope, receive: Receive, send: Send) -> None:
    raise LookupError("lost")


async def dying(scope: Scope, receive: Receive, send: Send) -> None:
    await start(send)
    await piece(send, b"half")
    raise LookupError("lost")


async def silent(scope: Scope, receive: Receive, send: Send) -> None:
    pass


async def half(scope: Scope, receive: Receive, send: Send) -> None:
    await start(send)
    await piece(send, b"half")


# --- one request, one event for each objective ----------------------------------------------------


def test_good(wk: Wk) -> None:
    exchange(wk, answering(200))
    assert events(wk) == {"availability simple good": 1, "latency-simple simple good": 1}
    assert of(wk, "http_requests_total") == {'{endpoint="unmatched",method="GET",status_code="200"}': 1}
    assert of(wk, "http_request_duration_seconds_count") == {'{endpoint="unmatched",method="GET"}': 1}
    assert samples(wk)["http_requests_in_flight"] == 0


@pytest.mark.parametrize("status", [500, 503, 504])
def test_bad(wk: Wk, status: int) -> None:
    exchange(wk, answering(status))
    assert events(wk) == {"availability simple bad": 1, "latency-simple simple excluded": 1}


@pytest.mark.parametrize("status", [400, 404, 429])
def test_excluded(wk: Wk, status: int) -> None:
    exchange(wk, answering(status))
    assert events(wk) == {"availability simple excluded": 1, "latency-simple simple excluded": 1}


@pytest.mark.parametrize("app", [raising, dying])
def test_exceptions_pass_and_count(wk: Wk, log: io.StringIO, app: ASGIApp) -> None:
    with pytest.raises(LookupError, match="lost"):
        exchange(wk, app)
    assert events(wk) == {"availability simple bad": 1, "latency-simple simple excluded": 1}
    line = json.loads(log.getvalue())
    assert (line["event"], line["level"], line["error"]) == ("unhandled_exception", "ERROR", "LookupError")
    assert uuid.UUID(line["correlation_id"]).version == 4
    assert of(wk, "log_events_total") == {'{component="http",event="unhandled_exception",level="error"}': 1}


@pytest.mark.parametrize("app", [silent, half])
def test_answers_without_an_end(wk: Wk, app: ASGIApp) -> None:
    exchange(wk, app)
    assert events(wk) == {"availability simple bad": 1, "latency-simple simple excluded": 1}


def test_the_service_says_failed_or_excluded(wk: Wk) -> None:
    exchange(wk, answering(429, lambda: wk.failed(dependency="anthropic")))
    exchange(wk, answering(503, lambda: wk.exclude("maintenance")))
    assert events(wk) == {
        "availability simple bad": 1,
        "availability simple excluded": 1,
        "latency-simple simple excluded": 2,
    }


def test_maintenance_that_was_forgotten_ends_after_four_hours(wk: Wk, monkeypatch: pytest.MonkeyPatch) -> None:
    """R43 of the specification's resolutions. 4 h are 14,400 s; a pause of more than 15 min ends a stretch."""
    now = 1000.0
    monkeypatch.setattr(wk, "_maintenance", Maintenance(lambda: now))

    def declared(status: int) -> None:
        exchange(wk, answering(status, lambda: wk.exclude("maintenance")))

    for now in (1000.0, *(1000.0 + 600 * step for step in range(1, 25))):  # noqa: B007 - read by the clock
        declared(503)
    assert events(wk)["availability simple excluded"] == 25
    now = 15401.0
    declared(503)
    declared(200)
    exchange(wk, answering(200, lambda: wk.exclude("synthetic")))
    found = events(wk)
    assert (found["availability simple bad"], found["availability simple good"]) == (1, 1)
    assert found["availability simple excluded"] == 26
    now = 15401.0 + 901
    declared(503)
    assert events(wk)["availability simple excluded"] == 27


def test_outside_of_a_request_these_words_do_nothing(wk: Wk) -> None:
    wk.failed(dependency="anthropic")
    wk.exclude("maintenance")
    exchange(wk, answering(200))
    assert events(wk)["availability simple good"] == 1


def test_a_slow_answer_is_good_and_late(wk: Wk) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(QUICK * 1.5)
        await answering(200)(scope, receive, send)

    exchange(wk, app)
    assert events(wk) == {"availability simple good": 1, "latency-simple simple bad": 1}


# --- streams --------------------------------------------------------------------------------------


def test_a_stream_is_timed_by_its_first_useful_token(wk: Wk) -> None:
    exchange(wk, streaming(PING, 0.02, TOKEN, QUICK * 1.2, TOKEN))
    assert events(wk) == {"availability simple good": 1, "latency-simple simple good": 1}
    assert of(wk, "stream_time_to_first_token_seconds_count") == {'{endpoint="unmatched"}': 1}
    waited = of(wk, "stream_time_to_first_token_seconds_sum")['{endpoint="unmatched"}']
    assert 0.02 <= waited < QUICK


def test_pings_do_not_make_a_stream_quick(wk: Wk) -> None:
    exchange(wk, streaming(PING, QUICK * 1.5, TOKEN))
    assert events(wk) == {"availability simple good": 1, "latency-simple simple bad": 1}


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (PING, PING),
        (b"event: done\ndata: {}\n\n",),
        (b"data: [DONE]\n\n",),
        (TOKEN, b'event: error\ndata: {"why":"x"}\n\n'),
        (TOKEN, SLOW * 1.5, TOKEN),
        (TOKEN, SLOW * 0.7, PING, SLOW * 0.7, TOKEN),
        (SLOW * 1.5, TOKEN),
    ],
    ids=["nothing", "pings", "farewell", "done", "error", "stalled", "stalled with pings", "late beyond patience"],
)
def test_streams_that_end_badly(wk: Wk, pieces: tuple[bytes | float, ...]) -> None:
    exchange(wk, streaming(*pieces))
    assert events(wk) == {"availability simple bad": 1, "latency-simple simple excluded": 1}


def test_a_stream_that_hangs_is_counted_while_it_hangs(wk: Wk) -> None:
    async def scenario() -> None:
        request = Exchange()
        running = asyncio.ensure_future(request.run(wk.asgi(streaming(TOKEN, 60))))
        await until(lambda: events(wk) != {})
        assert not running.done()
        assert events(wk) == {"availability simple bad": 1, "latency-simple simple excluded": 1}
        running.cancel()
        await asyncio.wait({running})

    asyncio.run(scenario())
    assert events(wk)["availability simple bad"] == 1


def test_the_services_own_stream_decides_what_is_useful(wk: Wk) -> None:
    async def words() -> AsyncIterator[str]:
        yield "  "
        await asyncio.sleep(0.03)
        yield "hello"

    async def app(scope: MutableMapping[str, object], receive: Receive, send: Send) -> None:
        await start(send, kind=b"application/x-ndjson")
        async for word in wk.stream(words()):
            await piece(send, word.encode())
        await piece(send, more=False)

    exchange(wk, app)
    assert events(wk) == {"availability simple good": 1, "latency-simple simple good": 1}
    assert of(wk, "stream_time_to_first_token_seconds_sum")['{endpoint="unmatched"}'] >= 0.03


def test_a_stream_of_ours_that_hangs_is_counted_while_it_hangs(wk: Wk) -> None:
    async def nothing() -> AsyncIterator[str]:
        await asyncio.sleep(60)
        yield "late"

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        words = wk.stream(nothing())
        await start(send, kind=b"application/x-ndjson")
        async for word in words:
            await piece(send, word.encode())

    async def scenario() -> None:
        running = asyncio.ensure_future(Exchange().run(wk.asgi(app)))
        await until(lambda: events(wk) != {})
        running.cancel()
        await asyncio.wait({running})

    asyncio.run(scenario())
    assert events(wk) == {"availability simple bad": 1, "latency-simple simple excluded": 1}


def test_a_stream_of_events_through_our_hand_is_not_begun_by_a_ping(wk: Wk) -> None:
    async def words() -> AsyncIterator[bytes]:
        yield PING
        yield b"event: done\ndata: {}\n\n"

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await start(send, kind=b"text/event-stream")
        async for word in wk.stream(words()):
            await piece(send, word)
        await piece(send, more=False)

    exchange(wk, app)
    assert events(wk)["availability simple bad"] == 1


def test_leaving_our_stream_closes_the_one_within(wk: Wk) -> None:
    closed = []

    async def words() -> AsyncIterator[str]:
        try:
            yield "a"
            yield "b"
        finally:
            closed.append(True)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        stream = wk.stream(words())
        assert await anext(stream) == "a"
        await stream.aclose()  # type: ignore[attr-defined]
        await answering(200)(scope, receive, send)

    exchange(wk, app)
    assert closed == [True]


def test_outside_of_a_request_a_stream_is_itself(wk: Wk) -> None:
    async def words() -> AsyncIterator[str]:
        yield "a"

    made = words()
    assert wk.stream(made) is made
    asyncio.run(made.aclose())  # type: ignore[attr-defined]


# --- clients that leave ---------------------------------------------------------------------------


def busy(seconds: float) -> ASGIApp:
    """An application that never asks whether anybody still waits."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await asyncio.sleep(seconds)
        await answering(200)(scope, receive, send)

    return app


def test_leaving_what_hangs_is_bad_and_known_before_it_ends(wk: Wk) -> None:
    async def scenario() -> None:
        request = Exchange()
        running = asyncio.ensure_future(request.run(wk.asgi(busy(60))))
        await asyncio.sleep(QUICK * 1.5)
        assert events(wk) == {}
        request.leaves.set()
        await until(lambda: events(wk) != {})
        assert events(wk) == {"availability simple bad": 1, "latency-simple simple bad": 1}
        running.cancel()
        await asyncio.wait({running})

    asyncio.run(scenario())
    assert events(wk) == {"availability simple bad": 1, "latency-simple simple bad": 1}
    assert of(wk, "http_requests_total") == {'{endpoint="unmatched",method="GET",status_code="499"}': 1}


def test_leaving_early_is_nobodys_fault(wk: Wk) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        raise OSError("the client is gone")

    async def scenario() -> None:
        request = Exchange()
        request.leaves.set()
        with pytest.raises(OSError, match="gone"):
            await request.run(wk.asgi(app))

    asyncio.run(scenario())
    assert events(wk) == {"availability simple excluded": 1, "latency-simple simple excluded": 1}


def test_a_send_that_fails_is_a_client_that_left(wk: Wk) -> None:
    with pytest.raises(OSError, match="gone"):
        exchange(wk, streaming(TOKEN), broken=True)
    assert events(wk) == {"availability simple excluded": 1, "latency-simple simple excluded": 1}


def test_a_disconnect_after_the_answer_changes_nothing(wk: Wk) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await answering(200)(scope, receive, send)
        while (await receive())["type"] != "http.disconnect":
            pass

    async def scenario() -> None:
        request = Exchange()
        request.leaves.set()
        await request.run(wk.asgi(app))

    asyncio.run(scenario())
    assert events(wk) == {"availability simple good": 1, "latency-simple simple good": 1}


def test_while_we_listen_the_application_still_hears_everything(wk: Wk) -> None:
    """After a while we listen for the client's departure; a body that we hear then is handed on."""
    heard: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(QUICK * 1.5)
        heard.extend([await receive(), await receive()])
        await answering(200)(scope, receive, send)

    async def scenario() -> None:
        request = Exchange(body=({"type": "http.request", "body": b"question", "more_body": False},))
        running = asyncio.ensure_future(request.run(wk.asgi(app)))
        await until(lambda: len(heard) == 0 and not request._messages)
        request.leaves.set()
        await running

    asyncio.run(scenario())
    assert heard == [
        {"type": "http.request", "body": b"question", "more_body": False},
        {"type": "http.disconnect"},
    ]


def test_we_never_read_a_body_ahead_of_the_application(wk: Wk) -> None:
    parts = tuple({"type": "http.request", "body": b"x", "more_body": True} for _ in range(9))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(QUICK * 2)
        await answering(200)(scope, receive, send)

    request = exchange(wk, app, body=parts)
    assert len(request._messages) == 8
