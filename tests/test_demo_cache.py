"""The cache: a real server or an imitation, stopped and started."""

import asyncio
import shutil
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from demo_bench import config_in, listens, until
from watchkeeper.demo.agent.context import connect
from watchkeeper.demo.cache import Cache, CacheServer, FakeServer, RedisServer, server_for
from watchkeeper.demo.config import DemoConfig
from watchkeeper.demo.faults import Active, Fault, Faults

REDIS = shutil.which("redis-server")
BROKEN = Faults((Active(Fault.REDIS_DOWN, 0.0),))


def deaf() -> None:
    """Takes no note of a death."""


@pytest.fixture
def config(tmp_path: Path) -> DemoConfig:
    return config_in(tmp_path)


@pytest.fixture(params=["redis-server", "imitation"])
def server(request: pytest.FixtureRequest, config: DemoConfig) -> CacheServer:
    if request.param == "imitation":
        return server_for(config, None, deaf)
    if REDIS is None:
        pytest.skip("redis-server is missing; get it with: apt-get install redis-server")
    return server_for(config, REDIS, deaf)


def test_the_real_server_is_preferred(config: DemoConfig) -> None:
    assert isinstance(server_for(config, "/usr/bin/redis-server", deaf), RedisServer)
    assert isinstance(server_for(config, None, deaf), FakeServer)


def test_keep_break_heal(config: DemoConfig, server: CacheServer) -> None:
    async def scenario() -> None:
        cache = Cache(server)
        client: Redis = connect(config.cache_port)
        try:
            await cache.apply(Faults())
            await until(lambda: listens(config.cache_port))
            await client.set("context:1", "said", ex=60)
            assert await client.get("context:1") == b"said"
            await cache.apply(BROKEN)
            assert not listens(config.cache_port)
            with pytest.raises(RedisConnectionError):
                await client.get("context:1")
            await cache.apply(Faults())
            await until(lambda: listens(config.cache_port))
            assert await client.get("context:1") is None
        finally:
            await client.aclose()
            await cache.close()
        assert not listens(config.cache_port)

    asyncio.run(scenario())


def test_the_death_of_the_server_is_reported(config: DemoConfig) -> None:
    if REDIS is None:
        pytest.skip("redis-server is missing; get it with: apt-get install redis-server")

    async def scenario() -> None:
        died = asyncio.Event()
        server = server_for(config, REDIS, died.set)
        assert isinstance(server, RedisServer)
        await server.start()
        await until(lambda: listens(config.cache_port))
        assert server._process is not None
        server._process.kill()
        await asyncio.wait_for(died.wait(), timeout=10)
        await server.stop()

    asyncio.run(scenario())
