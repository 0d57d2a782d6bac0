"""The recent turns of a conversation: from the cache when it has them, from the database when not."""

from typing import Literal

import msgspec
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

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
        self._log = wk.logger("cache")

    async def recall(self, conversation_id: str) -> tuple[Turn, ...]:
        """Works without the cache; raises SQLAlchemyError without the database."""
        try:
            cached = await self.cache.get(_key(conversation_id))
        except RedisError as error:
            self._log.warning("cache.failed", error=type(error).__name__)
            cached = None
        if cached is not None:
            return msgspec.json.decode(cached, type=tuple[Turn, ...])
        return tuple(turn_of(message) for message in await self.store.recent(conversation_id))

    async def remember(self, conversation_id: str, turns: tuple[Turn, ...]) -> None:
        newest = msgspec.json.encode(turns[-CONTEXT_MESSAGES:])
        try:
            await self.cache.set(_key(conversation_id), newest, ex=_TTL_SECONDS)
        except RedisError as error:
            self._log.warning("cache.failed", error=type(error).__name__)


def turn_of(message: Message) -> Turn:
    return Turn("user" if message.role == "user" else "assistant", message.text)


def _key(conversation_id: str) -> str:
    return f"context:{conversation_id}"
