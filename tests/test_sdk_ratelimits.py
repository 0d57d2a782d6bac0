"""What is left of a rate limit: from the headers of both vendors, through their own clients."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

import anthropic
import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic
from anthropic.types import MessageParam
from openai import OpenAI

from sdk_bench import Wk, internal_errors, of, watched
from sdk_vendor import GPT, SONNET, Reply, Vendor, chat_events, claude_error, claude_events, completion, message, vendor
from watchkeeper.sdk.llm.ratelimits import remaining

CLAUDE = {
    "anthropic-ratelimit-requests-limit": "4000",
    "anthropic-ratelimit-requests-remaining": "3000",
    "anthropic-ratelimit-requests-reset": "2026-11-26T12:00:00Z",
    "anthropic-ratelimit-tokens-limit": "200000",
    "anthropic-ratelimit-tokens-remaining": "100000",
    "anthropic-ratelimit-input-tokens-limit": "100000",
    "anthropic-ratelimit-input-tokens-remaining": "20000",
}
GPT_LEFT = {
    "x-ratelimit-limit-requests": "500",
    "x-ratelimit-remaining-requests": "499",
    "x-ratelimit-limit-tokens": "30000",
    "x-ratelimit-remaining-tokens": "0",
    "x-ratelimit-reset-tokens": "6m0s",
}


@pytest.fixture
def server() -> Iterator[Vendor]:
    with vendor() as running:
        yield running


@pytest.fixture
def wk() -> Iterator[Wk]:
    with watched() as process:
        yield process
        assert internal_errors(process) == {}


def left(wk: Wk, provider: str) -> dict[str, float]:
    return {kind: wk.m.llm_ratelimit_remaining_ratio.value(provider, kind) for kind in ("requests", "tokens")}


def with_headers(reply: Reply, headers: Mapping[str, str]) -> Reply:
    return replace(reply, headers=headers)


ASK: list[MessageParam] = [{"role": "user", "content": "hi"}]


def ask(client: Anthropic) -> None:
    client.messages.create(model=SONNET, max_tokens=1, messages=ASK)


def test_a_whole_answer_of_anthropics(wk: Wk, server: Vendor) -> None:
    server.plan(with_headers(message(), CLAUDE))
    with Anthropic(base_url=server.url, api_key="k") as client:
        ask(wk.llm(client))
    # 3000 of 4000; of tokens the tightest limit: 20,000 of 100,000 for input
    assert left(wk, "anthropic") == {"requests": 0.75, "tokens": 0.2}


def test_a_stream_tells_it_before_its_first_token(wk: Wk, server: Vendor) -> None:
    server.plan(Reply(events=claude_events(), headers=CLAUDE))
    with Anthropic(base_url=server.url, api_key="k") as client:
        stream = wk.llm(client).messages.create(model=SONNET, max_tokens=1, messages=ASK, stream=True)
        assert left(wk, "anthropic") == {"requests": 0.75, "tokens": 0.2}
        stream.close()


def test_the_newest_answer_counts_refusals_included(wk: Wk, server: Vendor) -> None:
    gone = {**CLAUDE, "anthropic-ratelimit-requests-remaining": "0"}
    refusal = claude_error(429, "rate_limit_error")
    server.plan(with_headers(message(), CLAUDE), with_headers(refusal, gone))
    with Anthropic(base_url=server.url, api_key="k", max_retries=0) as client:
        wk.llm(client)
        ask(client)
        with pytest.raises(anthropic.RateLimitError):
            ask(client)
    assert left(wk, "anthropic")["requests"] == 0


def test_an_asynchronous_client(wk: Wk, server: Vendor) -> None:
    server.plan(with_headers(message(), CLAUDE))

    async def call() -> None:
        async with AsyncAnthropic(base_url=server.url, api_key="k") as client:
            await wk.llm(client).messages.create(model=SONNET, max_tokens=1, messages=ASK)

    asyncio.run(call())
    assert left(wk, "anthropic")["requests"] == 0.75


def test_openai_whole_raw_and_streamed(wk: Wk, server: Vendor) -> None:
    more = {**GPT_LEFT, "x-ratelimit-remaining-requests": "250"}
    most = {**GPT_LEFT, "x-ratelimit-remaining-requests": "100"}
    server.plan(with_headers(completion(), GPT_LEFT), with_headers(completion(), more))
    server.plan(Reply(events=chat_events(usage=True), headers=most))
    with OpenAI(base_url=server.url, api_key="k") as client:
        wk.llm(client, provider="openai")
        client.chat.completions.create(model=GPT, messages=[{"role": "user", "content": "hi"}])
        assert left(wk, "openai") == {"requests": 499 / 500, "tokens": 0}
        client.chat.completions.with_raw_response.create(model=GPT, messages=[{"role": "user", "content": "hi"}])
        assert left(wk, "openai")["requests"] == 0.5
        list(client.chat.completions.create(model=GPT, messages=[{"role": "user", "content": "hi"}], stream=True))
        assert left(wk, "openai")["requests"] == 0.2


def test_what_says_nothing_leaves_no_sample(wk: Wk, server: Vendor) -> None:
    server.plan(message(), claude_error(500, "api_error"))
    with Anthropic(base_url=server.url, api_key="k", max_retries=0) as client:
        wk.llm(client)
        ask(client)
        with suppress(anthropic.APIError):
            ask(client)
    assert of(wk, "llm_ratelimit_remaining_ratio") == {}
    assert "llm_ratelimit_remaining_ratio{" not in wk.page().decode()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, {}),
        ({"X-RateLimit-Limit-Requests": "10", "X-RateLimit-Remaining-Requests": "5"}, {"requests": 0.5}),
        ({"x-ratelimit-limit-requests": "10"}, {}),
        ({"x-ratelimit-limit-requests": "0", "x-ratelimit-remaining-requests": "0"}, {}),
        ({"x-ratelimit-limit-requests": "many", "x-ratelimit-remaining-requests": "-1"}, {}),
        ({"x-ratelimit-limit-requests": "", "x-ratelimit-remaining-requests": "1.5"}, {}),
    ],
)
def test_headers_by_hand(said: dict[str, str], expected: dict[str, float]) -> None:
    assert remaining(httpx2.Headers(said)) == expected


@pytest.mark.parametrize("headers", [None, {}, 3])
def test_what_is_no_header(headers: object) -> None:
    assert remaining(headers) == {}
