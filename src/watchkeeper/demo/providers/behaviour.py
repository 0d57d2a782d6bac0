"""How the emulated models behave: how fast, how many tokens, what goes wrong now and then."""

import hashlib
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from watchkeeper.demo.faults import Fault, Faults
from watchkeeper.demo.providers.allowance import Allowance, Bucket
from watchkeeper.demo.providers.call import QUICK_MODELS, Call, Fate, Provider, Reply, Usage, request_id

SLOW_SECONDS = 20.0
SPIKE_FACTOR = 8
SINGLE_FAILURE_SHARE = 0.003
_CACHE_SECONDS = 300.0
_CHARACTERS_PER_TOKEN = 4
_OPENAI_CACHE_STEP = 128
_PIECES = 14

_SENTENCES = (
    "The function reads its input once and keeps a running total, so memory stays flat. ",
    "I would move the retry into the client and give it a deadline of its own. ",
    "Three requests failed with the same error since the last deploy; the others are unrelated. ",
    "Two of the tests share a fixture that is changed by the first one, which explains the order. ",
    "A cache entry lives longer than the token it was made with; shorten it or refresh it on login. ",
    "The query scans the whole table because the index begins with another column. ",
)


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds until the first word and until the last, as ranges."""

    first: tuple[float, float]
    whole: tuple[float, float]

    def throw(self, dice: random.Random) -> tuple[float, float]:
        first = dice.uniform(*self.first)
        return first, max(first, dice.uniform(*self.whole))


QUICK = Pace(first=(0.08, 0.2), whole=(0.15, 0.4))
THOROUGH = Pace(first=(0.2, 0.45), whole=(0.6, 1.1))
INSTANT = Pace(first=(0.0, 0.0), whole=(0.0, 0.0))


def pace_of(model: str) -> Pace:
    return QUICK if model in QUICK_MODELS else THOROUGH


class PromptCache:
    """Which prompt prefixes each model still remembers."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[tuple[str, bytes], float] = {}

    def remembers(self, model: str, prefix: str) -> bool:
        """Whether the prefix is known; it is from now on."""
        now = self._clock()
        key = (model, hashlib.blake2b(prefix.encode(), digest_size=16).digest())
        known = self._until.get(key, 0.0) > now
        if len(self._until) > 1000:
            self._until = {other: until for other, until in self._until.items() if until > now}
        self._until[key] = now + _CACHE_SECONDS
        return known


REQUESTS_A_MINUTE = {Provider.ANTHROPIC: 4000, Provider.OPENAI: 10_000}
TOKENS_A_MINUTE = {Provider.ANTHROPIC: 8_000_000, Provider.OPENAI: 30_000_000}
"""Limits of a customer who does not meet them with the load of this demo, not even at eight times the tokens."""


@dataclass(slots=True)
class Allowances:
    """What the customer may still ask for, by provider."""

    requests: Mapping[Provider, int] = field(default_factory=lambda: REQUESTS_A_MINUTE)
    tokens: Mapping[Provider, int] = field(default_factory=lambda: TOKENS_A_MINUTE)
    clock: Callable[[], float] = time.monotonic
    _known: dict[Provider, Allowance] = field(default_factory=dict)

    def of(self, provider: Provider) -> Allowance:
        if provider not in self._known:
            requests, tokens = self.requests[provider], self.tokens[provider]
            self._known[provider] = Allowance(Bucket(requests, self.clock), Bucket(tokens, self.clock))
        return self._known[provider]


def limited_tokens(usage: Usage) -> int:
    """What is read from a provider's own cache costs it little, and does not count."""
    return usage.input + usage.cache_write + usage.output + usage.reasoning


def fate_of(call: Call, retry: bool, faults: Faults, dice: random.Random) -> Fate:
    """Outages hit every attempt; in ordinary weather a few first attempts are turned away, never a second one."""
    if Fault.PROVIDER_OUTAGE in faults or call.provider in faults.arguments(Fault.PROVIDER_DOWN):
        return dice.choice((Fate.OVERLOADED, Fate.FAILED))
    if call.stream and Fault.STREAM_DEATH in faults:
        return Fate.CUT
    if not retry and dice.random() < SINGLE_FAILURE_SHARE:
        return dice.choice((Fate.RATE_LIMITED, Fate.OVERLOADED))
    return Fate.ANSWER


def compose(call: Call, cache: PromptCache, dice: random.Random, *, factor: int = 1) -> Reply:
    """An answer of plausible length, and what it costs in tokens."""
    output = min(call.max_tokens, dice.randint(60, 320))
    reasoning = dice.randint(0, output // 2) if call.provider is Provider.OPENAI else 0
    usage = Usage(output=output - reasoning, reasoning=reasoning)
    prompt = _prompt_usage(call, cache)
    return Reply(request_id("req", dice), _pieces(output - reasoning, dice), usage.plus(prompt).times(factor))


def _prompt_usage(call: Call, cache: PromptCache) -> Usage:
    prefix, rest = _tokens(call.prefix), _tokens(call.prompt)
    if prefix == 0:
        return Usage(input=rest)
    known = cache.remembers(call.model, call.prefix)
    if call.provider is Provider.ANTHROPIC:
        return Usage(input=rest, cache_read=prefix if known else 0, cache_write=0 if known else prefix)
    kept = prefix - prefix % _OPENAI_CACHE_STEP if known else 0
    return Usage(input=rest + prefix - kept, cache_read=kept)


def _tokens(text: str) -> int:
    return -(-len(text) // _CHARACTERS_PER_TOKEN)


def _pieces(tokens: int, dice: random.Random) -> tuple[str, ...]:
    words: list[str] = []
    while len(words) < max(1, tokens * 3 // 4):
        words += dice.choice(_SENTENCES).split(" ")[:-1]
    size = -(-len(words) // _PIECES)
    return tuple(" ".join(words[start : start + size]) + " " for start in range(0, len(words), size))
