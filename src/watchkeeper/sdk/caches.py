"""Clients of redis-py: every command goes through the one method that we stand in front of."""

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from watchkeeper.sdk.containment import attempt, contained
from watchkeeper.sdk.instruments import Counter
from watchkeeper.sdk.tracing.spans import Span
from watchkeeper.sdk.tracing.tracer import Tracer

P = ParamSpec("P")
R = TypeVar("R")

_WRAPPED = "_watchkeeper_wrapped"
OTHER = "other"
_SPELLINGS = {"incrby": "incr"}
"""What redis-py sends for its own method `incr`."""


class Caches:
    """Counts commands. Those of a pipeline leave together, by another way, and are not counted."""

    def __init__(self, commands: Counter, tracer: Tracer) -> None:
        self._commands = commands
        self._tracer = tracer
        self._known = frozenset(commands.definition.labels[0].values)

    def watch(self, client: object) -> None:
        """Stand in front of a client, in place and once. Raises TypeError for what is none."""
        execute = getattr(client, "execute_command", None)
        of_redis = any(kind.__module__.startswith("redis.") for kind in type(client).__mro__)
        if not callable(execute) or not of_redis or hasattr(client, "command_stack"):
            raise TypeError(f"{type(client).__qualname__} is no client of redis-py")
        own = vars(client)
        if _WRAPPED in own:
            return
        counting = self._counting_async if inspect.iscoroutinefunction(execute) else self._counting
        own["execute_command"] = counting(execute)
        own[_WRAPPED] = True

    def internal_error(self, where: str) -> None:
        self._commands.registry.internal_error(f"redis.{where.strip('_')}")

    def _counting(self, execute: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(execute)
        def counted(*args: P.args, **kwargs: P.kwargs) -> R:
            span = self._begin(args)
            try:
                answer = execute(*args, **kwargs)
            except BaseException as error:
                self._ended(args, error, span)
                raise
            self._ended(args, None, span, answer)
            return answer

        return counted

    def _counting_async(self, execute: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
        @functools.wraps(execute)
        async def counted(*args: P.args, **kwargs: P.kwargs) -> R:
            span = self._begin(args)
            try:
                answer = await execute(*args, **kwargs)
            except BaseException as error:
                self._ended(args, error, span)
                raise
            self._ended(args, None, span, answer)
            return answer

        return counted

    def _begin(self, args: tuple[object, ...]) -> Span | None:
        return attempt(self, "begin", lambda: self._tracer.step(lambda: self._name(args)), None)

    def _name(self, args: tuple[object, ...]) -> str:
        return self._tracer.name("cache", _text(args[:1]).partition(" ")[0].upper(), _prefix(_text(args[1:2])))

    @contained
    def _ended(
        self, args: tuple[object, ...], error: BaseException | None, span: Span | None, answer: object = None
    ) -> None:
        """A caller that is called off says nothing about the server."""
        if span is not None:
            if error is None and _text(args[:1]).upper() == "GET":
                span.put("cache.hit", answer is not None)
            self._tracer.finish(span, error if isinstance(error, Exception) else None)
        if error is None or isinstance(error, Exception):
            self._commands.add((self._command(args), "ok" if error is None else "error"))

    def _command(self, args: tuple[object, ...]) -> str:
        """The first word of the command, or `other` where the definitions do not name it."""
        word = _text(args[:1]).partition(" ")[0].lower()
        word = _SPELLINGS.get(word, word)
        return word if not self._known or word in self._known else OTHER


def _text(first: tuple[object, ...]) -> str:
    named = first[0] if first else ""
    return named.decode("latin-1") if isinstance(named, bytes) else str(named)


def _prefix(key: str) -> str:
    """What stands before the first colon: `user_context` of `user_context:42`. A key without one may be an id."""
    prefix, colon, _ = key.partition(":")
    return prefix if colon and prefix else "-"
