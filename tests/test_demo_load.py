"""The load: how much at which hour, what people do, and how each visit is counted."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from demo_bench import config_in, dice, talking, until
from ports import free_ports
from watchkeeper.demo.load.crowd import Crowd, Tally
from watchkeeper.demo.load.door import Answer, BrokenAnswerError, Door, Request
from watchkeeper.demo.load.rhythm import SHARES, Rhythm
from watchkeeper.demo.load.visitor import CHAT, Action, Ending, Visitor


def test_the_day() -> None:
    rhythm = Rhythm(peak_rps=20.0, start_hour=0.0)
    assert rhythm.rate(0) == pytest.approx(2.4)  # 12 % of 20
    assert rhythm.rate(11 * 3600) == pytest.approx(20.0)
    assert rhythm.rate(11.5 * 3600) == pytest.approx(20 * (1.00 + 0.93) / 2)
    assert rhythm.rate(23.5 * 3600) == pytest.approx(20 * (0.15 + 0.12) / 2)
    assert rhythm.rate(35 * 3600) == rhythm.rate(11 * 3600)


def test_the_mean_of_the_day_is_half_the_peak() -> None:
    assert sum(SHARES) / 24 == pytest.approx(0.496, abs=0.0005)
    assert 0.10 <= min(SHARES) <= 0.15


def test_speed_compresses_the_day() -> None:
    fast = Rhythm(peak_rps=10.0, start_hour=9.0, speed=6.0)
    slow = Rhythm(peak_rps=10.0, start_hour=9.0)
    assert fast.rate(600) == slow.rate(3600)  # ten minutes are an hour


def test_a_newcomer_sees_traffic_at_night(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    night = datetime(2026, 11, 23, 3, 30).astimezone()
    assert Rhythm.of(config, night).rate(0) == pytest.approx(8.0)  # 40 % of 20
    noon = datetime(2026, 11, 23, 11, 0).astimezone()
    assert Rhythm.of(config, noon).rate(0) == pytest.approx(20.0)


def test_a_configured_hour_is_taken_as_it_is(tmp_path: Path) -> None:
    config = msgspec.structs.replace(config_in(tmp_path), start_hour=3.0)
    assert Rhythm.of(config, datetime(2026, 11, 23, 11, 0).astimezone()).rate(0) == pytest.approx(2.0)


Script = Callable[[bytes], bytes]


def json_answer(status: int, body: object) -> bytes:
    text = msgspec.json.encode(body)
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (status, len(text), text)


def chunked(*pieces: bytes) -> bytes:
    body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body


END = b"0\r\n\r\n"


def with_service(answer: Script, scenario: Callable[[Door], Awaitable[None]]) -> None:
    """A service that answers every request with what the script makes of it, then hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((int(line[16:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length: ")), 0)
        writer.write(answer(head + await reader.readexactly(length)))

    async def whole() -> None:
        (port,) = free_ports(1)
        async with talking(serve, port):
            await scenario(Door(port))

    asyncio.run(whole())


def test_request_on_the_wire() -> None:
    assert Request("POST", "/x", "secret", b"{}").encode() == (
        b"POST /x HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: Bearer secret\r\n"
        b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    )


def test_chunked_and_plain_bodies() -> None:
    async def read(door: Door, path: str) -> bytes:
        async with door.open(Request("GET", path)) as answer:
            assert answer.status == 200
            return await answer.whole()

    async def scenario(door: Door) -> None:
        assert await read(door, "/chunks") == b"one two"
        assert await read(door, "/plain") == b"[1]"

    with_service(lambda said: chunked(b"one ", b"two") + END if b"/chunks" in said else json_answer(200, [1]), scenario)


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\n", chunked(b"one"), b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"]
)
def test_incomplete_answers_are_connection_errors(answer: bytes) -> None:
    async def scenario(door: Door) -> None:
        with pytest.raises(BrokenAnswerError):
            async with door.open(Request("GET", "/")) as given:
                await given.whole()

    with_service(lambda _: answer, scenario)


def service(said: bytes) -> bytes:
    """A copilot in eight lines."""
    path = said.split(b" ")[1]
    if path.endswith(b"/login"):
        return json_answer(200, {"token": "t"})
    if path.endswith(b"/conversations"):
        return json_answer(200, {"id": "c1"})
    if path.endswith(b"/stream"):
        return chunked(*(b'data: {"text":"x"}\n\n',) * 8, b"event: done\ndata: {}\n\n") + END
    return json_answer(404, {}) if b"no-such-one" in path else json_answer(200, {})


def visitor(door: Door, seed: int = 1) -> Visitor:
    return Visitor("user-1", door, dice(seed))


def test_a_visit_from_login_to_the_end_of_the_conversation() -> None:
    async def scenario(door: Door) -> None:
        person = visitor(door)
        done: Counter[Action] = Counter()
        for _ in range(400):
            action = person.choose()
            done[action] += 1
            expected = {Action.MISTAKE: Ending.REFUSED, Action.STREAM: None}.get(action, Ending.OK)
            ending = await person.act(action)
            assert ending == expected or (expected is None and ending in {Ending.OK, Ending.LEFT})
        assert done[Action.LOGIN] == 1
        assert sum(done[action] for action in CHAT) / 400 >= 0.6

    with_service(service, scenario)


def test_a_visitor_whose_token_is_old_logs_in_again() -> None:
    async def scenario(door: Door) -> None:
        person = visitor(door)
        await person.act(Action.LOGIN)
        assert person.choose() is Action.CONVERSATION
        assert await person.act(Action.CONVERSATION) is Ending.REFUSED
        assert person.choose() is Action.LOGIN

    with_service(lambda said: service(said) if b"/login" in said else json_answer(401, {}), scenario)


@pytest.mark.parametrize(
    ("answer", "ending"),
    [
        (json_answer(503, {}), Ending.FAILED),
        (chunked(b'data: {"text":"half"}\n\n') + END, Ending.FAILED),  # ends well, but was never done
        (chunked(b'data: {"text":"half"}\n\n'), Ending.FAILED),
        (chunked(b"event: done\n", b"data: {}\n\n") + END, Ending.OK),
        (b"", Ending.FAILED),
    ],
)
def test_how_a_stream_ends(answer: bytes, ending: Ending) -> None:
    async def scenario(door: Door) -> None:
        person = visitor(door)
        await person.act(Action.LOGIN)
        await person.act(Action.CONVERSATION)
        assert await person.act(Action.STREAM) is ending

    with_service(lambda said: answer if b"/stream" in said else service(said), scenario)


def test_nobody_there_is_a_failure() -> None:
    async def scenario() -> None:
        (port,) = free_ports(1)
        assert await visitor(Door(port)).act(Action.LOGIN) is Ending.FAILED

    asyncio.run(scenario())


def test_patience_ends() -> None:
    async def never(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async def scenario() -> None:
        (port,) = free_ports(1)
        async with talking(never, port):
            person = visitor(Door(port))
            person._patience = 0.05
            assert await person.act(Action.LOGIN) is Ending.IMPATIENT

    asyncio.run(scenario())


def test_some_hang_up_in_mid_answer() -> None:
    async def scenario(door: Door) -> None:
        person = visitor(door)
        await person.act(Action.LOGIN)
        await person.act(Action.CONVERSATION)
        endings = Counter([await person.act(Action.STREAM) for _ in range(300)])
        assert set(endings) == {Ending.OK, Ending.LEFT}
        assert endings[Ending.LEFT] <= 15

    with_service(service, scenario)


def test_the_crowd_comes_whether_it_is_answered_or_not() -> None:
    reports: list[str] = []

    async def scenario() -> None:
        (port,) = free_ports(1)
        crowd = Crowd(Door(port), Rhythm(peak_rps=2000.0, start_hour=11.0), reports.append, dice(1))
        coming = asyncio.ensure_future(crowd.run())
        await until(lambda: crowd.tally.endings[Ending.FAILED] >= 50)
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
        assert set(crowd.tally.actions) == {Action.LOGIN}
        assert 1 < len(crowd._visitors) <= 60

    asyncio.run(scenario())


def test_reports() -> None:
    tally = Tally()
    for seconds in (0.1, 0.2, 0.3, 0.4):
        tally.add(Action.MESSAGE, Ending.OK, seconds)
    tally.add(Action.LOGIN, Ending.FAILED, 9.0)
    assert tally.line(10.0) == "rps=0.5 ok=4 refused=0 failed=1 impatient=0 left=0 chat=80% p50=0.30s p95=0.40s"
    assert Tally().line(10.0) == "no requests"


def test_the_answer_as_a_type() -> None:
    async def scenario(door: Door) -> None:
        async with door.open(Request("GET", "/")) as answer:
            assert isinstance(answer, Answer)
            assert await answer.json(dict[str, int]) == {"a": 1}

    with_service(lambda _: json_answer(200, {"a": 1}), scenario)
