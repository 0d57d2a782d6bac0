"""What a call costs, by the dated price snapshot, read when the first model call ends. No network, and no guessing:
a model that the serving provider's list does not name has no price, which is not the same as costing nothing. Prices
are those of standard requests: discounts for batches and surcharges for priority are not in the snapshot.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import TypeAlias

import msgspec

Clause: TypeAlias = list[object]
"""`["equals", text]`, or `["or", clause, clause]`."""
Rate: TypeAlias = str | list[str | tuple[int, str]]
"""Dollars; or a base, then `[more input tokens than this, dollars]` in ascending order."""

_MILLION = Decimal(1_000_000)
_THOUSAND = Decimal(1_000)
_COMPACT_DATE = re.compile(r"-(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call, by kind. The kinds are disjoint: their sum is what was billed."""

    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0
    cache_write_1h: int = 0
    """How many of `cache_write` are to be kept for an hour: a part of it, not a further kind."""

    @property
    def whole_input(self) -> int:
        return self.input + self.cache_read + self.cache_write


class Price(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """Dollars for a million tokens of each kind, and when that holds."""

    input: Rate | None = None
    cache_read: Rate | None = None
    cache_write: Rate | None = None
    cache_write_1h: Rate | None = None
    output: Rate | None = None
    reasoning: Rate | None = None
    request: Rate | None = None
    """Dollars for a thousand calls."""
    from_: date | None = None
    between: tuple[time, time] | None = None

    def holds(self, at: datetime) -> bool:
        if self.from_ is not None:
            return at.date() >= self.from_
        if self.between is None:
            return True
        begin, end = self.between
        now = at.time()
        return begin <= now < end if begin <= end else now >= begin or now < end

    def cost(self, usage: Usage) -> Decimal | None:
        """Dollars; None when tokens of some kind have no price."""
        long_kept = min(usage.cache_write_1h, usage.cache_write)
        billed = (
            (usage.input, self.input),
            (usage.cache_read, self.cache_read or self.input),
            (usage.cache_write - long_kept, self.cache_write or self.input),
            (long_kept, self.cache_write_1h or self.cache_write or self.input),
            (usage.output, self.output),
            (usage.reasoning, self.reasoning or self.output),
        )
        dollars = Decimal(0)
        for tokens, rate in billed:
            if tokens and rate is None:
                return None
            if rate is not None:
                dollars += tokens * _rate(rate, usage.whole_input)
        return dollars / _MILLION + (_rate(self.request, 0) / _THOUSAND if self.request is not None else 0)


def _rate(rate: Rate, whole_input: int) -> Decimal:
    """Crossing a step applies its rate to every token of the call."""
    if isinstance(rate, str):
        return Decimal(rate)
    dollars = Decimal(0)
    for step in rate:
        if isinstance(step, str):
            dollars = Decimal(step)
        elif whole_input > step[0]:
            dollars = Decimal(step[1])
    return dollars


class _Model(msgspec.Struct, frozen=True):
    model: str
    match: Clause
    prices: list[Price]
    window: int | None = None
    """Tokens of input that fit."""


class _Head(msgspec.Struct, frozen=True):
    source: str
    dated: date


class _Provider(msgspec.Struct, frozen=True):
    provider: str
    url: str
    fallback: tuple[str, ...] = ()


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "equals": str.__eq__,
    "starts": str.startswith,
    "ends": str.endswith,
    "contains": str.__contains__,
    "regex": lambda name, pattern: re.search(pattern, name) is not None,
}


def _matches(clause: Clause, name: str) -> bool:
    verb, *operands = clause
    if verb in {"or", "and"}:
        results = (_matches(inner, name) for inner in operands if isinstance(inner, list))
        return any(results) if verb == "or" else all(results)
    return isinstance(verb, str) and isinstance(operands[0], str) and _TESTS[verb](name, operands[0])


class PriceBook:
    """The snapshot, opened provider by provider as they are asked for."""

    def __init__(self, text: str) -> None:
        head, *lines = text.splitlines() or ['{"source":"none","dated":"0001-01-01"}']
        self._head = msgspec.json.decode(head, type=_Head)
        self._lines: dict[str, list[str]] = {}
        self._providers: list[_Provider] = []
        self._models: dict[str, list[_Model]] = {}
        self._found: dict[tuple[str, str], _Model | None] = {}
        self._index(lines)

    @property
    def source(self) -> str:
        return self._head.source

    @property
    def dated(self) -> date:
        return self._head.dated

    def provider_at(self, url: str) -> str | None:
        """The provider that serves this address."""
        return next((known.provider for known in self._providers if re.match(known.url, url)), None)

    def cost(self, provider: str, model: str, usage: Usage, at: datetime) -> Decimal | None:
        """Dollars at that time (UTC); None when the snapshot has no price for it."""
        found = self._model(provider, model)
        if found is None or not found.prices:
            return None
        holding = (price for price in reversed(found.prices) if price.holds(at))
        return next(holding, found.prices[0]).cost(usage)

    def window(self, provider: str, model: str) -> int | None:
        """How many tokens of input fit into the model's context; None when the snapshot does not know."""
        found = self._model(provider, model)
        return found.window if found is not None else None

    def _index(self, lines: list[str]) -> None:
        current: list[str] = []
        for line in lines:
            if line.startswith('{"provider"'):
                provider = msgspec.json.decode(line, type=_Provider)
                self._providers.append(provider)
                current = self._lines.setdefault(provider.provider, [])
            else:
                current.append(line)

    def _model(self, provider: str, name: str) -> _Model | None:
        key = provider, name
        if key not in self._found:
            if len(self._found) > 1000:
                self._found.clear()
            self._found[key] = self._look_up(provider, name.lower())
        return self._found[key]

    def _look_up(self, provider: str, name: str) -> _Model | None:
        dashed = _COMPACT_DATE.sub(r"-\1-\2-\3", name)
        for spelling in dict.fromkeys((name, dashed)):
            for source in (provider, *self._fallbacks(provider)):
                for model in self._opened(source):
                    if _matches(model.match, spelling):
                        return model
        return None

    def _fallbacks(self, provider: str) -> tuple[str, ...]:
        return next((known.fallback for known in self._providers if known.provider == provider), ())

    def _opened(self, provider: str) -> list[_Model]:
        if provider not in self._models:
            lines = self._lines.get(provider, [])
            self._models[provider] = [msgspec.json.decode(line, type=_Model) for line in lines]
        return self._models[provider]
