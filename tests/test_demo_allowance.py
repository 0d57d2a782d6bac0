"""A provider's rate limits: buckets by hand, and what its customers' own clients read of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import anthropic
import httpx2
import pytest

from demo_bench import dice, serving
from ports import free_ports
from watchkeeper.demo.providers.allowance import Allowance, Bucket
from watchkeeper.demo.providers.anthropic import AnthropicWire
from watchkeeper.demo.providers.app import Emulator
from watchkeeper.demo.providers.behaviour import INSTANT, Allowances, limited_tokens
from watchkeeper.demo.providers.call import Provider, Usage
from watchkeeper.demo.providers.ledger import Ledger
from watchkeeper.demo.providers.openai import OpenAIWire

CLAUDE = {"model": "claude-sonnet-5", "max_tokens": 500, "messages": [{"role": "user", "content": "u" * 80}]}
GPT = {"model": "gpt-5.2", "messages": [{"role": "user", "content": "u" * 80}]}


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_empties_and_fills_all_the_time() -> None:
    clock = Clock()
    bucket = Bucket(600, clock)  # ten come back each second
    assert (bucket.left, bucket.full_in) == (600, 0)
    bucket.take(100)
    assert (bucket.left, bucket.full_in) == (500, 10)
    clock.now += 4
    assert (bucket.left, bucket.full_in) == (540, 6)
    clock.now += 60
    assert (bucket.left, bucket.full_in) == (600, 0)
    bucket.take(10_000)
    assert (bucket.left, bucket.full_in) == (0, 60)
    clock.now += 0.05
    assert bucket.left == 0  # half a request is none


def test_cached_input_does_not_count() -> None:
    assert limited_tokens(Usage(input=100, cache_read=5000, cache_write=10, output=20, reasoning=3)) == 133


@pytest.mark.parametrize("kind", ["requests", "tokens"])
def test_either_limit_uses_it_up(kind: str) -> None:
    clock = Clock()
    buckets = {"requests": Bucket(2, clock), "tokens": Bucket(2, clock)}
    allowance = Allowance(**buckets)
    buckets[kind].take(1)
    assert not allowance.used_up
    buckets[kind].take(1)
    assert allowance.used_up


def test_headers_as_the_vendors_write_them() -> None:
    clock = Clock()
    allowance = Allowance(Bucket(600, clock), Bucket(60_000, clock))
    allowance.requests.take(100)
    allowance.tokens.take(1234)
    assert OpenAIWire().limits(allowance) == {
        "x-ratelimit-limit-requests": "600",
        "x-ratelimit-remaining-requests": "500",
        "x-ratelimit-reset-requests": "10000ms",
        "x-ratelimit-limit-tokens": "60000",
        "x-ratelimit-remaining-tokens": "58766",
        "x-ratelimit-reset-tokens": "1234ms",
    }
    claude = AnthropicWire().limits(allowance)
    full = datetime.fromisoformat(claude.pop("anthropic-ratelimit-requests-reset"))
    assert 5 < (full - datetime.now(UTC)).total_seconds() <= 10
    claude.pop("anthropic-ratelimit-tokens-reset")
    assert claude == {
        "anthropic-ratelimit-requests-limit": "600",
        "anthropic-ratelimit-requests-remaining": "500",
        "anthropic-ratelimit-tokens-limit": "60000",
        "anthropic-ratelimit-tokens-remaining": "58766",
    }


@asynccontextmanager
async def emulator(allowances: Allowances) -> AsyncIterator[tuple[Emulator, httpx2.AsyncClient]]:
    made = Emulator(Ledger(), pace=lambda _: INSTANT, dice=dice(7), allowances=allowances)
    (port,) = free_ports(1)
    async with serving(made, port), httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        yield made, http


def test_every_answer_says_what_is_left() -> None:
    clock = Clock()
    allowances = Allowances(dict.fromkeys(Provider, 10), dict.fromkeys(Provider, 100_000), clock)

    async def scene() -> None:
        async with emulator(allowances) as (made, http):
            key = {"x-api-key": "any"}
            whole = await http.post("/anthropic/v1/messages", json=CLAUDE, headers=key)
            assert whole.headers["anthropic-ratelimit-requests-remaining"] == "9"
            assert made.ledger.last is not None
            spent = made.ledger.last.usage
            assert int(whole.headers["anthropic-ratelimit-tokens-remaining"]) == 100_000 - spent.input - spent.output
            streamed = await http.post("/anthropic/v1/messages", json={**CLAUDE, "stream": True}, headers=key)
            assert streamed.headers["anthropic-ratelimit-requests-remaining"] == "8"
            failed = await http.post(
                "/openai/v1/chat/completions", json=GPT, headers={**key, "x-demo-fate": "overloaded"}
            )
            assert (failed.status_code, failed.headers["x-ratelimit-remaining-requests"]) == (503, "9")
            nobody = await http.post("/openai/v1/chat/completions", json=GPT)
            assert nobody.status_code == 401
            assert not [name for name in nobody.headers if "ratelimit" in name]

    asyncio.run(scene())


def test_who_used_it_up_is_refused_until_it_fills_again() -> None:
    clock = Clock()
    allowances = Allowances(dict.fromkeys(Provider, 60), dict.fromkeys(Provider, 100_000), clock)
    allowances.of(Provider.ANTHROPIC).requests.take(60)

    async def scene() -> None:
        async with emulator(allowances) as (_, http):
            base = str(http.base_url.join("/anthropic"))
            async with anthropic.AsyncAnthropic(base_url=base, api_key="any", max_retries=0) as claude:

                async def ask() -> None:
                    await claude.messages.create(
                        model="claude-sonnet-5", max_tokens=5, messages=[{"role": "user", "content": "hi"}]
                    )

                with pytest.raises(anthropic.RateLimitError) as refused:
                    await ask()
                assert refused.value.response.headers["anthropic-ratelimit-requests-remaining"] == "0"
                clock.now += 1  # sixty a minute
                await ask()

    asyncio.run(scene())
