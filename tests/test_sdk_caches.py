"""Clients of redis-py, the real one, at a server that speaks Redis: commands by word and outcome."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
import redis.asyncio
from fakeredis import TcpFakeServer
from redis import Redis, ResponseError
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Unreachable
from redis.retry import Retry

from ports import free_ports
from sdk_bench import Wk, internal_errors, of, watched


@pytest.fixture
def wk() -> Iterator[Wk]:
    with watched() as process:
        yield process


@pytest.fixture
def port() -> Iterator[int]:
    (chosen,) = free_ports(1)
    server = TcpFakeServer(("127.0.0.1", chosen))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield chosen
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def client(wk: Wk, port: int) -> Iterator[Redis]:
    with Redis(host="127.0.0.1", port=port) as made:
        assert wk.redis(made) is made
        yield made


def commands(wk: Wk) -> dict[str, float]:
    """`get ok` -> how many."""
    return {" ".join(labels.split('"')[1::2]): value for labels, value in of(wk, "redis_commands_total").items()}


def test_commands_by_word(wk: Wk, client: Redis) -> None:
    client.set("a", "1", ex=60)
    assert client.get("a") == b"1"
    client.get("b")
    client.incr("n")
    client.expire("n", 60)
    client.delete("a")
    client.ping()
    client.lpush("l", "x")
    assert commands(wk) == {
        "set ok": 1,
        "get ok": 2,
        "incr ok": 1,
        "expire ok": 1,
        "del ok": 1,
        "ping ok": 1,
        "other ok": 1,
    }


def test_what_the_server_refuses_is_an_error_and_passes(wk: Wk, client: Redis) -> None:
    client.set("a", "text")
    with pytest.raises(ResponseError):
        client.incr("a")
    assert commands(wk) == {"set ok": 1, "incr error": 1}


def test_a_server_that_is_away_is_an_error(wk: Wk) -> None:
    (nobody,) = free_ports(1)
    client = wk.redis(Redis(host="127.0.0.1", port=nobody, retry=Retry(NoBackoff(), 0)))
    with pytest.raises(Unreachable):
        client.get("a")
    assert commands(wk) == {"get error": 1}


def test_an_asynchronous_client(wk: Wk, port: int) -> None:
    async def scene() -> None:
        async with redis.asyncio.Redis(host="127.0.0.1", port=port) as client:
            wk.redis(client)
            await client.set("a", "text")
            assert await client.get("a") == b"text"
            with pytest.raises(ResponseError):
                await client.incr("a")

    asyncio.run(scene())
    assert commands(wk) == {"set ok": 1, "get ok": 1, "incr error": 1}


class Waiting(redis.asyncio.Redis):
    async def execute_command(self, *args: object, **options: object) -> None:  # noqa: ARG002 - the client's own
        await asyncio.Event().wait()


def test_a_caller_that_is_called_off_says_nothing(wk: Wk) -> None:
    async def scene() -> None:
        client = wk.redis(Waiting())
        asking = asyncio.ensure_future(client.execute_command("GET", "a"))
        await asyncio.wait((asking,), timeout=0.01)
        asking.cancel()
        await asyncio.wait((asking,))
        assert asking.cancelled()

    asyncio.run(scene())
    assert commands(wk) == {}


def test_a_client_shown_twice_counts_once(wk: Wk, client: Redis) -> None:
    wk.redis(client)
    client.ping()
    assert commands(wk) == {"ping ok": 1}


def test_a_pipeline_works_as_before_and_is_not_counted(wk: Wk, client: Redis) -> None:
    pipeline = wk.redis(client.pipeline())
    pipeline.set("a", "1")
    pipeline.get("a")
    assert pipeline.execute() == [True, b"1"]
    assert commands(wk) == {}
    assert internal_errors(wk) == {'{where="redis"}': 1}  # a pipeline is no client: said once


def test_what_is_no_client_is_handed_back(wk: Wk) -> None:
    thing = object()
    assert wk.redis(thing) is thing
    assert internal_errors(wk) == {'{where="redis"}': 1}


def test_errors_of_ours_do_not_reach_the_service(wk: Wk, client: Redis) -> None:
    class Hostile(bytes):
        def decode(self, *_: object) -> str:
            raise LookupError("no")

    assert client.execute_command(Hostile(b"PING")) is not None  # type: ignore[no-untyped-call]
    assert internal_errors(wk) == {'{where="redis.ended"}': 1}
