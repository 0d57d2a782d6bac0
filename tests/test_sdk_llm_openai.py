"""Model calls through OpenAI's own client, against a server that speaks its wire formats."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import genai_prices
import httpx2
import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletionMessageParam

from sdk_bench import Wk, internal_errors, of, outcomes, watched
from sdk_vendor import (
    GPT,
    Reply,
    Vendor,
    chat_events,
    completion,
    gpt_error,
    response_body,
    response_events,
    vendor,
)

WHO = f'model="{GPT}",provider="openai"'
ASK: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hi"}]
TOKENS = {
    f'{{{WHO},type="input"}}': 10.0,
    f'{{{WHO},type="cache_read"}}': 100.0,
    f'{{{WHO},type="output"}}': 25.0,
    f'{{{WHO},type="reasoning"}}': 15.0,
}
"""110 asked, 100 of them from the cache; 40 answered, 15 of them reasoned: 150 billed."""


@pytest.fixture
def server() -> Iterator[Vendor]:
    with vendor() as running:
        yield running


@pytest.fixture
def wk() -> Iterator[Wk]:
    with watched() as process:
        yield process
        assert internal_errors(process) == {}


@pytest.fixture
def gpt(wk: Wk, server: Vendor) -> Iterator[OpenAI]:
    with OpenAI(base_url=server.url, api_key="k", max_retries=0) as client:
        yield wk.llm(client)


def listed_dollars() -> float:
    """An independent judge: the same usage, priced by genai-prices itself."""
    usage = genai_prices.Usage(input_tokens=110, cache_read_tokens=100, output_tokens=40)
    now = datetime.now(UTC)
    return float(genai_prices.calc_price(usage, GPT, provider_id="openai", genai_request_timestamp=now).total_price)


def assert_one_call(wk: Wk) -> None:
    assert outcomes(wk) == {"ok": 1}
    assert of(wk, "llm_tokens_total") == TOKENS
    assert of(wk, "llm_cost_usd_total")[f"{{{WHO}}}"] == pytest.approx(listed_dollars(), abs=1e-12)
    assert of(wk, "llm_usage_missing_total") == {}


def test_a_completion(wk: Wk, server: Vendor, gpt: OpenAI) -> None:
    server.plan(completion())
    assert gpt.chat.completions.create(model=GPT, messages=ASK).choices[0].message.content == "hello"
    assert_one_call(wk)


def test_a_completion_without_usage(wk: Wk, server: Vendor, gpt: OpenAI) -> None:
    server.plan(completion(usage=None))
    gpt.chat.completions.create(model=GPT, messages=ASK)
    assert outcomes(wk) == {"ok": 1}
    assert of(wk, "llm_usage_missing_total") == {f"{{{WHO}}}": 1}


def test_we_ask_for_usage_and_keep_the_extra_piece(wk: Wk, server: Vendor, gpt: OpenAI) -> None:
    server.plan(Reply(events=chat_events(usage=True)), Reply(events=chat_events(usage=False)))
    stream = gpt.chat.completions.create(model=GPT, messages=ASK, stream=True)
    assert type(stream) is openai.Stream
    pieces = list(stream)
    assert_one_call(wk)
    assert server.bodies[0]["stream_options"] == {"include_usage": True}
    with OpenAI(base_url=server.url, api_key="k") as bare:
        assert pieces == list(bare.chat.completions.create(model=GPT, messages=ASK, stream=True))
    assert of(wk, "llm_time_to_first_token_seconds_count") == {f"{{{WHO}}}": 1}


def test_a_caller_who_asks_gets_the_piece(wk: Wk, server: Vendor, gpt: OpenAI) -> None:
    server.plan(Reply(events=chat_events(usage=True)))
    options = {"include_usage": True}
    stream = gpt.chat.completions.create(
        model=GPT, messages=ASK, stream=True, stream_options={"include_usage": options["include_usage"]}
    )
    assert list(stream)[-1].choices == []
    assert_one_call(wk)


def test_a_caller_who_refuses_is_counted_as_missing(wk: Wk, server: Vendor, gpt: OpenAI) -> None:
    server.plan(Reply(events=chat_events(usage=False)))
    stream = gpt.chat.completions.create(model=GPT, messages=ASK, stream=True, stream_options={"include_usage": False})
    assert len(list(stream)) == 4
    assert server.bodies[0]["stream_options"] == {"include_usage": False}
    assert outcomes(wk) == {"ok": 1}
    assert of(wk, "llm_usage_missing_total") == {f"{{{WHO}}}": 1}


def test_a_server_that_refuses_the_option_is_not_asked(wk: Wk, server: Vendor) -> None:
    server.plan(Reply(events=chat_events(usage=False)))
    with OpenAI(base_url=server.url, api_key="k") as client:
        wk.llm(client, include_usage=False)
        assert len(list(client.chat.completions.create(model=GPT, messages=ASK, stream=True))) == 4
    assert "stream_options" not in server.bodies[0]
    assert of(wk, "llm_usage_missing_total") == {f"{{{WHO}}}": 1}


def test_the_stream_helper(wk: Wk, server: Vendor, gpt: OpenAI) -> None:
    server.plan(Reply(events=chat_events(usage=True)))
    with gpt.chat.completions.stream(model=GPT, messages=ASK) as stream:
        text = "".join(event.delta for event in stream if event.type == "content.delta")
    assert text == "hello"
    assert_one_call(wk)


@pytest.mark.parametrize("cut", [True, False])
def test_a_stream_that_breaks_off_is_cut(wk: Wk, server: Vendor, gpt: OpenAI, cut: bool) -> None:
    server.plan(Reply(events=chat_events(usage=False, finished=False)[: 2 if cut else None], cut=cut))
    with suppress(openai.APIConnectionError):
        list(gpt.chat.completions.create(model=GPT, messages=ASK, stream=True))
    assert outcomes(wk) == {"cut": 1}
    assert of(wk, "llm_usage_missing_total") == {f"{{{WHO}}}": 1}


def test_a_stream_that_is_left(wk: Wk, server: Vendor, gpt: OpenAI) -> None:
    server.plan(Reply(events=chat_events(usage=True)))
    with gpt.chat.completions.create(model=GPT, messages=ASK, stream=True) as stream:
        for piece in stream:
            if piece.choices[0].delta.content:
                break
    assert stream.response.is_closed
    assert outcomes(wk) == {"ok": 1}
    assert of(wk, "llm_usage_missing_total") == {f"{{{WHO}}}": 1}
    assert of(wk, "llm_tokens_total") == {}


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(429, "rate_limited"), (500, "other"), (503, "overloaded"), (400, "invalid"), (401, "auth"), (408, "timeout")],
)
def test_refusals(wk: Wk, server: Vendor, gpt: OpenAI, status: int, outcome: str) -> None:
    server.plan(gpt_error(status, "no"))
    with pytest.raises(openai.APIStatusError):
        gpt.chat.completions.create(model=GPT, messages=ASK)
    assert outcomes(wk) == {outcome: 1}


def test_retries(wk: Wk, server: Vendor) -> None:
    server.plan(gpt_error(429, "slow_down", **{"retry-after-ms": "1"}), completion())
    with OpenAI(base_url=server.url, api_key="k", max_retries=2) as client:
        wk.llm(client).chat.completions.create(model=GPT, messages=ASK)
    assert of(wk, "llm_retries_total") == {f"{{{WHO}}}": 1}
    assert_one_call(wk)


def test_responses_whole_and_streamed(wk: Wk, server: Vendor, gpt: OpenAI) -> None:
    server.plan(Reply(response_body()), Reply(events=response_events()))
    gpt.responses.create(model=GPT, input="hi")
    assert_one_call(wk)
    assert len(list(gpt.responses.create(model=GPT, input="hi", stream=True))) == 3
    assert outcomes(wk) == {"ok": 2}
    assert of(wk, "llm_tokens_total") == {labels: 2 * count for labels, count in TOKENS.items()}
    assert of(wk, "llm_time_to_first_token_seconds_count") == {f"{{{WHO}}}": 1}


def test_asynchronous_calls_and_streams(wk: Wk, server: Vendor) -> None:
    server.plan(completion(), Reply(events=chat_events(usage=True)), Reply(events=chat_events(usage=True)))

    async def talk() -> None:
        async with wk.llm(AsyncOpenAI(base_url=server.url, api_key="k")) as client:
            await client.chat.completions.create(model=GPT, messages=ASK)
            stream = await client.chat.completions.create(model=GPT, messages=ASK, stream=True)
            assert type(stream) is openai.AsyncStream
            assert len([piece async for piece in stream]) == 4
            left = await client.chat.completions.create(model=GPT, messages=ASK, stream=True)
            async for _ in left:
                break
            await left.aclose()
            assert left.response.is_closed

    asyncio.run(talk())
    assert outcomes(wk) == {"ok": 3}
    assert of(wk, "llm_tokens_total") == {labels: 2 * count for labels, count in TOKENS.items()}
    assert of(wk, "llm_usage_missing_total") == {f"{{{WHO}}}": 1}


def test_pieces_pass_at_once(server: Vendor, gpt: OpenAI) -> None:
    gate = threading.Event()
    server.plan(Reply(events=chat_events(usage=True), gate=gate))
    with gpt.chat.completions.create(model=GPT, messages=ASK, stream=True) as stream:
        assert next(stream).choices[0].delta.role == "assistant"
        assert not gate.is_set()  # the server waits with everything behind the first event
        gate.set()


@pytest.mark.parametrize(
    ("url", "provider"),
    [
        ("https://api.mistral.ai/v1", "mistral"),
        ("https://weights.openai.azure.com", "azure"),
        ("https://router.huggingface.co/groq/v1", "huggingface_groq"),
        ("http://gateway.internal:4000", "openai"),
    ],
)
def test_the_address_decides_whose_prices_hold(wk: Wk, url: str, provider: str) -> None:
    answered = httpx2.MockTransport(lambda _: httpx2.Response(200, json=completion().body))
    with OpenAI(base_url=url, api_key="k", http_client=httpx2.Client(transport=answered)) as client:
        wk.llm(client).chat.completions.create(model=GPT, messages=ASK)
    assert of(wk, "llm_requests_total") == {f'{{model="{GPT}",outcome="ok",provider="{provider}"}}': 1}


@pytest.mark.parametrize("thing", ["no client", None, 3, object()])
def test_what_is_no_client_comes_back_as_it_is(wk: Wk, thing: object) -> None:
    assert wk.llm(thing) is thing
