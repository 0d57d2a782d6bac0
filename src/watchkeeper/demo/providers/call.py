"""What both wire protocols have in common: a call, what it used, and why it was refused."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from watchkeeper.demo.providers.allowance import Allowance

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"
"""What an answer is made of."""


class Provider(StrEnum):
    ANTHROPIC = "anthropic"
    OPENAI = "openai"


class Fate(StrEnum):
    """How a call ends. A client may ask for one with the header `x-demo-fate`."""

    ANSWER = "answer"
    RATE_LIMITED = "rate-limited"
    OVERLOADED = "overloaded"
    FAILED = "failed"
    CUT = "cut"
    """A stream breaks off before its usage is said."""
    HOLD = "hold"
    """A stream stops in the middle and waits until the client leaves."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Billed tokens; the kinds are disjoint."""

    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0

    def times(self, factor: int) -> "Usage":
        return Usage(
            self.input * factor,
            self.cache_read * factor,
            self.cache_write * factor,
            self.output * factor,
            self.reasoning * factor,
        )

    def plus(self, other: "Usage") -> "Usage":
        return Usage(
            self.input + other.input,
            self.cache_read + other.cache_read,
            self.cache_write + other.cache_write,
            self.output + other.output,
            self.reasoning + other.reasoning,
        )


NOTHING = Usage()


@dataclass(frozen=True, slots=True)
class Call:
    """A request the emulator understood."""

    provider: Provider
    model: str
    stream: bool
    max_tokens: int
    prefix: str
    """The part of the prompt the provider may keep in its prompt cache."""
    prompt: str
    """The rest of the prompt."""
    says_usage: bool = True
    """False for OpenAI streams that did not ask for it."""


@dataclass(frozen=True, slots=True)
class Reply:
    request_id: str
    chunks: Sequence[str]
    usage: Usage


class Refusal(Exception):  # noqa: N818  an answer of the provider, not a fault of the program
    """The provider does not serve this call."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Wire(Protocol):
    """One provider's protocol."""

    provider: Provider

    def parse(self, body: bytes) -> Call:
        """Raises Refusal for what the provider would not take."""

    def refused(self, refusal: Refusal, request_id: str) -> bytes: ...

    def limits(self, allowance: Allowance) -> dict[str, str]:
        """The headers that tell the customer what is left."""

    def whole(self, call: Call, reply: Reply) -> bytes: ...

    def opening(self, call: Call, reply: Reply) -> bytes:
        """The first events of a stream, before any text."""

    def piece(self, call: Call, reply: Reply, text: str) -> bytes: ...

    def closing(self, call: Call, reply: Reply) -> Iterator[bytes]:
        """The last events of a stream; the usage is complete when all are sent."""


MODELS: dict[Provider, tuple[str, ...]] = {
    Provider.ANTHROPIC: ("claude-sonnet-5", "claude-haiku-4-5"),
    Provider.OPENAI: ("gpt-5.2", "gpt-5-mini"),
}
QUICK_MODELS = ("claude-haiku-4-5", "gpt-5-mini")

OVERLOADED_STATUS = {Provider.ANTHROPIC: 529, Provider.OPENAI: 503}


def refusal_for(fate: Fate, provider: Provider) -> Refusal | None:
    match fate:
        case Fate.RATE_LIMITED:
            return Refusal(429, "Number of requests has exceeded your rate limit.")
        case Fate.OVERLOADED:
            return Refusal(OVERLOADED_STATUS[provider], "Overloaded")
        case Fate.FAILED:
            return Refusal(500, "Internal server error")
        case _:
            return None


def request_id(prefix: str, dice: random.Random) -> str:
    return f"{prefix}_{dice.getrandbits(96):024x}"
