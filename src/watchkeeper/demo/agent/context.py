"""The recent turns of a conversation: from the cache when it has them, from the database when not."""

from typing import Literal

import msgspec
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from watchkeeper.demo.agent.database import CONTEXT_MESSAGES, Message, Store
from watchkeeper.demo.agent.observability import Wk

_TTL_SECONDS = 900


class Turn(msgspec.Struct, frozen=True, array_like=True):
    role: Literal["user", "assistant"]
    text: str


def connect(port: int) -> Redis:
    """A cache that is slow is no help: it gets a quarter of a second, once."""
    return Redis(
        host="127.0.0.1",
        port=port,
        socket_timeout=0.25,
        socket_connect_timeout=0.25,
        retry=Retry(NoBackoff(), 0),
    )


class Context:
    def __init__(self, store: Store, cache: Redis, wk: Wk) -> None:
        self.store = store
        self.cache = cache
        self.wk = wk
        self._tells_memory = True
        self._log = wk.logger("cache")

    async def recall(self, conversation_id: str) -> tuple[Turn, ...]:
        """Works without the cache; raises SQLAlchemyError without the database."""
        try:
            cached = await self.cache.get(_key(conversation_id))
        except RedisError as error:
            self._log.warning("cache.failed", error=type(error).__name__)
            cached = None
        else:
            self.wk.m.cache_requests_total.inc(cache="context", outcome="miss" if cached is None else "hit")
        if cached is not None:
            return msgspec.json.decode(cached, type=tuple[Turn, ...])
        return tuple(turn_of(message) for message in await self.store.recent(conversation_id))

    async def check(self) -> None:
        """Raises RedisError when the cache does not answer. Notes what it says of its memory."""
        await self.cache.ping()
        if self._tells_memory:
            await self._note_memory()

    async def remember(self, conversation_id: str, turns: tuple[Turn, ...]) -> None:
        newest = msgspec.json.encode(turns[-CONTEXT_MESSAGES:])
        try:
            await self.cache.set(_key(conversation_id), newest, ex=_TTL_SECONDS)
        except RedisError as error:
            self._log.warning("cache.failed", error=type(error).__name__)

    async def _note_memory(self) -> None:
        try:
            said = await self.cache.info("memory")
        except ResponseError:
            # an imitation of Redis has no memory of its own to speak of, and hangs up when it is asked
            self._tells_memory = False
            await self.cache.connection_pool.disconnect(inuse_connections=False)
            return
        self.wk.m.redis_memory_used_bytes.set(said["used_memory"])
        self.wk.m.redis_memory_max_bytes.set(said["maxmemory"])


def turn_of(message: Message) -> Turn:
    return Turn("user" if message.role == "user" else "assistant", message.text)


def _key(conversation_id: str) -> str:
    return f"context:{conversation_id}"
