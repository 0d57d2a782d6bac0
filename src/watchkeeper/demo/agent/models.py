"""The language models, through their makers' own clients."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import anthropic
import httpx2
import openai
from anthropic import AsyncAnthropic
from anthropic.types import MessageParam, RawMessageStreamEvent, TextBlockParam
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

from watchkeeper.demo.agent.context import Turn
from watchkeeper.demo.agent.observability import Wk

MAX_TOKENS = 800
TIMEOUT_SECONDS = 30.0
MAX_RETRIES = 2


class Provider(StrEnum):
    ANTHROPIC = "anthropic"
    OPENAI = "openai"


class Model(StrEnum):
    SONNET = "claude-sonnet-5"
    HAIKU = "claude-haiku-4-5"
    GPT = "gpt-5.2"
    GPT_MINI = "gpt-5-mini"

    @property
    def provider(self) -> Provider:
        return Provider.OPENAI if self in {Model.GPT, Model.GPT_MINI} else Provider.ANTHROPIC


class ProviderError(Exception):
    """A provider did not answer, in spite of the client's retries."""

    def __init__(self, provider: str, status: int | None = None) -> None:
        super().__init__(f"{provider} answered {status}" if status else f"{provider} broke off or could not be reached")
        self.provider = provider
        self.busy = status in {429, 503, 529}


@dataclass(frozen=True, slots=True)
class Prompt:
    instructions: str
    turns: tuple[Turn, ...]


class Chat(Protocol):
    """One provider. Both methods raise ProviderError; `stream` does so before it returns when it can."""

    async def answer(self, model: Model, prompt: Prompt) -> str: ...

    async def stream(self, model: Model, prompt: Prompt) -> AsyncGenerator[str]: ...

    async def close(self) -> None: ...


class AnthropicChat:
    def __init__(self, wk: Wk, base_url: str, api_key: str) -> None:
        client = AsyncAnthropic(base_url=base_url, api_key=api_key, max_retries=MAX_RETRIES, timeout=TIMEOUT_SECONDS)
        self._client = wk.llm(client, provider="anthropic")

    async def answer(self, model: Model, prompt: Prompt) -> str:
        with _anthropic_errors():
            message = await self._client.messages.create(
                model=model, max_tokens=MAX_TOKENS, system=_system(prompt), messages=_anthropic_turns(prompt)
            )
        return "".join(block.text for block in message.content if block.type == "text")

    async def stream(self, model: Model, prompt: Prompt) -> AsyncGenerator[str]:
        with _anthropic_errors():
            events = await self._client.messages.create(
                model=model,
                max_tokens=MAX_TOKENS,
                system=_system(prompt),
                messages=_anthropic_turns(prompt),
                stream=True,
            )
        return _anthropic_texts(events)

    async def close(self) -> None:
        await self._client.close()


async def _anthropic_texts(events: anthropic.AsyncStream[RawMessageStreamEvent]) -> AsyncGenerator[str]:
    with _anthropic_errors():
        async with events:
            async for event in events:
                if event.type == "content_block_delta" and event.delta.type == "text_delta":
                    yield event.delta.text


@contextmanager
def _anthropic_errors() -> Iterator[None]:
    try:
        yield
    except anthropic.APIStatusError as error:
        raise ProviderError("anthropic", error.status_code) from error
    except (anthropic.APIConnectionError, httpx2.HTTPError) as error:
        raise ProviderError("anthropic") from error


def _system(prompt: Prompt) -> list[TextBlockParam]:
    """The instructions are the same for everybody, so the provider may keep them."""
    return [{"type": "text", "text": prompt.instructions, "cache_control": {"type": "ephemeral"}}]


def _anthropic_turns(prompt: Prompt) -> list[MessageParam]:
    turns: list[MessageParam] = []
    for turn in prompt.turns:
        if turn.role == "user":
            turns.append({"role": "user", "content": turn.text})
        else:
            turns.append({"role": "assistant", "content": turn.text})
    return turns


class OpenAIChat:
    def __init__(self, wk: Wk, base_url: str, api_key: str) -> None:
        client = AsyncOpenAI(base_url=base_url, api_key=api_key, max_retries=MAX_RETRIES, timeout=TIMEOUT_SECONDS)
        self._client = wk.llm(client, provider="openai")

    async def answer(self, model: Model, prompt: Prompt) -> str:
        with _openai_errors():
            completion = await self._client.chat.completions.create(
                model=model, max_completion_tokens=MAX_TOKENS, messages=_openai_turns(prompt)
            )
        return completion.choices[0].message.content or ""

    async def stream(self, model: Model, prompt: Prompt) -> AsyncGenerator[str]:
        with _openai_errors():
            chunks = await self._client.chat.completions.create(
                model=model,
                max_completion_tokens=MAX_TOKENS,
                messages=_openai_turns(prompt),
                stream=True,
                stream_options={"include_usage": True},
            )
        return _openai_texts(chunks)

    async def close(self) -> None:
        await self._client.close()


async def _openai_texts(chunks: openai.AsyncStream[ChatCompletionChunk]) -> AsyncGenerator[str]:
    with _openai_errors():
        async with chunks:
            async for chunk in chunks:
                if chunk.choices and (text := chunk.choices[0].delta.content):
                    yield text


@contextmanager
def _openai_errors() -> Iterator[None]:
    try:
        yield
    except openai.APIStatusError as error:
        raise ProviderError("openai", error.status_code) from error
    except (openai.APIConnectionError, httpx2.HTTPError) as error:
        raise ProviderError("openai") from error


def _openai_turns(prompt: Prompt) -> list[ChatCompletionMessageParam]:
    turns: list[ChatCompletionMessageParam] = [{"role": "system", "content": prompt.instructions}]
    for turn in prompt.turns:
        if turn.role == "user":
            turns.append({"role": "user", "content": turn.text})
        else:
            turns.append({"role": "assistant", "content": turn.text})
    return turns


@dataclass(frozen=True, slots=True)
class Models:
    """Every model, by whoever makes it."""

    anthropic: Chat
    openai: Chat

    def chat(self, model: Model) -> Chat:
        return self.openai if model.provider is Provider.OPENAI else self.anthropic

    async def close(self) -> None:
        await self.anthropic.close()
        await self.openai.close()


def connect(wk: Wk, base_url: str, api_key: str) -> Models:
    """`base_url` is where both providers are emulated."""
    return Models(AnthropicChat(wk, f"{base_url}/anthropic", api_key), OpenAIChat(wk, f"{base_url}/openai/v1", api_key))
