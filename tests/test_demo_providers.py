"""The emulated providers, judged by their own official clients."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anthropic
import httpx2
import msgspec
import openai
import pytest
from anthropic import AsyncAnthropic
from anthropic.types import TextBlockParam
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionMessageParam

from demo_bench import dice, serving, until
from ports import free_ports
from watchkeeper.demo.faults import Active, Fault, Faults
from watchkeeper.demo.providers.app import Emulator
from watchkeeper.demo.providers.behaviour import INSTANT, PromptCache, compose, fate_of, pace_of
from watchkeeper.demo.providers.call import Call, Fate, Provider, Usage
from watchkeeper.demo.providers.ledger import Entry, Ledger

SONNET = "claude-sonnet-5"
GPT = "gpt-5.2"


@dataclass(frozen=True)
class Bench:
    """The emulator, served, and a client of each kind that never retries."""

    emulator: Emulator
    url: str
    claude: AsyncAnthropic
    gpt: AsyncOpenAI

    @property
    def last(self) -> Entry:
        assert self.emulator.ledger.last is not None
        return self.emulator.ledger.last


@asynccontextmanager
async def bench(faults: Faults | None = None, *, seed: int = 7) -> AsyncIterator[Bench]:
    emulator = Emulator(Ledger(), lambda: faults or Faults(), lambda _: INSTANT, dice=dice(seed), cache=PromptCache())
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    async with (
        serving(emulator, port),
        AsyncAnthropic(base_url=f"{url}/anthropic", api_key="any", max_retries=0) as claude,
        AsyncOpenAI(base_url=f"{url}/openai/v1", api_key="any", max_retries=0) as gpt,
    ):
        yield Bench(emulator, url, claude, gpt)


def run(scenario: Callable[[Bench], Awaitable[None]], faults: Faults | None = None) -> None:
    async def whole() -> None:
        async with bench(faults) as ready:
            await scenario(ready)

    asyncio.run(whole())


SYSTEM: list[TextBlockParam] = [
    {"type": "text", "text": "s" * 4000, "cache_control": {"type": "ephemeral"}},
    {"type": "text", "text": "t" * 40},
]
CHAT: list[ChatCompletionMessageParam] = [
    {"role": "system", "content": "s" * 4000},
    {"role": "user", "content": "u" * 80},
]


def fate(name: Fate) -> dict[str, str]:
    return {"x-demo-fate": name}


def test_anthropic_answer_and_prompt_cache() -> None:
    async def scenario(bench: Bench) -> None:
        for written, read in ((1000, 0), (0, 1000)):  # 4000 characters are 1000 tokens, written once, then read
            message = await bench.claude.messages.create(
                model=SONNET, max_tokens=500, system=SYSTEM, messages=[{"role": "user", "content": "u" * 80}]
            )
            usage = message.usage
            assert usage.input_tokens == 30  # (40 + 80) / 4
            assert (usage.cache_creation_input_tokens, usage.cache_read_input_tokens) == (written, read)
            assert 60 <= usage.output_tokens <= 320
            assert message.stop_reason == "end_turn"
            assert message.content[0].type == "text"
            assert message.content[0].text
            assert bench.last.usage == Usage(30, read, written, usage.output_tokens, 0)
            assert bench.last.delivered

    run(scenario)


def test_anthropic_stream() -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.claude.messages.stream(
            model=SONNET, max_tokens=500, messages=[{"role": "user", "content": "u" * 80}]
        ) as stream:
            pieces = [text async for text in stream.text_stream]
            final = await stream.get_final_message()
        assert len(pieces) > 3
        assert final.usage.input_tokens == 20
        assert final.usage.output_tokens == bench.last.usage.output
        assert (bench.last.stream, bench.last.delivered) == (True, True)

    run(scenario)


def test_openai_answer_counts_cache_and_reasoning_inside() -> None:
    async def scenario(bench: Bench) -> None:
        for cached in (0, 896):  # 1000 tokens of prefix, in steps of 128
            completion = await bench.gpt.chat.completions.create(model=GPT, messages=CHAT)
            usage = completion.usage
            assert usage is not None
            assert usage.prompt_tokens == 1020
            assert usage.prompt_tokens_details is not None
            assert usage.completion_tokens_details is not None
            assert usage.prompt_tokens_details.cached_tokens == cached
            billed = bench.last.usage
            assert (billed.input, billed.cache_read) == (1020 - cached, cached)
            assert billed.reasoning == usage.completion_tokens_details.reasoning_tokens
            assert billed.output + billed.reasoning == usage.completion_tokens
            assert completion.choices[0].message.content

    run(scenario)


def test_openai_stream_says_usage_when_asked() -> None:
    async def scenario(bench: Bench) -> None:
        chunks = await bench.gpt.chat.completions.create(
            model=GPT, messages=CHAT, stream=True, stream_options={"include_usage": True}
        )
        got = [chunk async for chunk in chunks]
        assert [chunk for chunk in got if chunk.usage] == [got[-1]]
        assert not got[-1].choices
        assert bench.last.delivered

    run(scenario)


def test_openai_stream_is_silent_about_usage_when_not_asked() -> None:
    async def scenario(bench: Bench) -> None:
        chunks = await bench.gpt.chat.completions.create(model=GPT, messages=CHAT, stream=True)
        assert not [chunk async for chunk in chunks if chunk.usage]
        assert not bench.last.delivered

    run(scenario)


@pytest.mark.parametrize(
    ("name", "claude", "gpt"),
    [
        (Fate.RATE_LIMITED, anthropic.RateLimitError, openai.RateLimitError),
        (Fate.OVERLOADED, anthropic.InternalServerError, openai.InternalServerError),
        (Fate.FAILED, anthropic.InternalServerError, openai.InternalServerError),
    ],
)
def test_refusals(name: Fate, claude: type[Exception], gpt: type[Exception]) -> None:
    async def scenario(bench: Bench) -> None:
        with pytest.raises(claude):
            await bench.claude.messages.create(
                model=SONNET, max_tokens=9, messages=[{"role": "user", "content": "hi"}], extra_headers=fate(name)
            )
        with pytest.raises(gpt):
            await bench.gpt.chat.completions.create(model=GPT, messages=CHAT, extra_headers=fate(name))
        assert [total.refused for total in bench.emulator.ledger] == [1, 1]

    run(scenario)


def test_a_provider_names_its_error_as_the_real_one_does() -> None:
    async def scenario(bench: Bench) -> None:
        with pytest.raises(anthropic.APIStatusError) as caught:
            await bench.claude.messages.create(
                model=SONNET,
                max_tokens=9,
                messages=[{"role": "user", "content": "hi"}],
                extra_headers=fate(Fate.OVERLOADED),
            )
        assert caught.value.status_code == 529
        body = caught.value.body
        assert isinstance(body, dict)
        assert body["error"] == {"type": "overloaded_error", "message": "Overloaded"}

    run(scenario)


def test_cut_streams_break_the_connection() -> None:
    async def scenario(bench: Bench) -> None:
        with pytest.raises(httpx2.RemoteProtocolError):
            async with bench.claude.messages.stream(
                model=SONNET,
                max_tokens=500,
                messages=[{"role": "user", "content": "hi"}],
                extra_headers=fate(Fate.CUT),
            ) as stream:
                await stream.get_final_message()
        assert not bench.last.delivered
        chunks = await bench.gpt.chat.completions.create(
            model=GPT, messages=CHAT, stream=True, extra_headers=fate(Fate.CUT)
        )
        with pytest.raises(openai.APIConnectionError):
            [chunk async for chunk in chunks]

    run(scenario)


def test_a_client_that_leaves_was_told_nothing() -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.claude.messages.stream(
            model=SONNET, max_tokens=500, messages=[{"role": "user", "content": "hi"}], extra_headers=fate(Fate.HOLD)
        ) as stream:
            async for _ in stream.text_stream:
                break
        await until(lambda: bench.emulator.ledger.last is not None)
        assert not bench.last.delivered

    run(scenario)


@pytest.mark.parametrize(
    ("path", "headers", "body", "status", "said"),
    [
        ("/anthropic/v1/messages", {"x-api-key": "k"}, {"model": SONNET}, 400, "max_tokens"),
        ("/anthropic/v1/messages", {}, {}, 401, "missing api key"),
        (
            "/anthropic/v1/messages",
            {"x-api-key": "k"},
            {"model": "claude-9", "max_tokens": 1, "messages": []},
            404,
            "model: claude-9",
        ),
        (
            "/anthropic/v1/messages",
            {"x-api-key": "k"},
            {"model": SONNET, "max_tokens": 1, "messages": [{"role": "assistant", "content": "x"}]},
            400,
            "first message must use the user role",
        ),
        ("/openai/v1/chat/completions", {"authorization": "Bearer k"}, {"messages": []}, 400, "model"),
        ("/openai/v1/chat/completions", {"authorization": "Bearer k"}, {"model": GPT, "messages": []}, 400, "empty"),
        (
            "/openai/v1/chat/completions",
            {"authorization": "Bearer k"},
            {"model": "gpt-9", "messages": []},
            404,
            "gpt-9",
        ),
        ("/anthropic/v1/complete", {"x-api-key": "k"}, {}, 404, "not found"),
    ],
)
def test_what_a_provider_would_not_take(
    path: str, headers: dict[str, str], body: dict[str, object], status: int, said: str
) -> None:
    async def scenario(bench: Bench) -> None:
        async with httpx2.AsyncClient() as client:
            answer = await client.post(bench.url + path, headers=headers, json=body)
        assert answer.status_code == status
        assert said in answer.text

    run(scenario)


def test_health_and_ledger() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.gpt.chat.completions.create(model=GPT, messages=CHAT)
        async with httpx2.AsyncClient() as client:
            assert (await client.get(f"{bench.url}/health")).json() == {"status": "ok"}
            (total,) = (await client.get(f"{bench.url}/ledger")).json()["models"]
        assert (total["provider"], total["model"], total["calls"], total["delivered"]) == ("openai", GPT, 1, 1)
        assert total["usage"]["input"] == 1020

    run(scenario)


def test_outage_hits_every_attempt() -> None:
    outage = Faults((Active(Fault.PROVIDER_OUTAGE, 0.0),))

    async def scenario(bench: Bench) -> None:
        retrying = bench.claude.with_options(max_retries=1)
        for _ in range(5):
            with pytest.raises(anthropic.InternalServerError):
                await retrying.messages.create(model=SONNET, max_tokens=9, messages=[{"role": "user", "content": "hi"}])
        (total,) = bench.emulator.ledger
        assert total.refused == 10

    run(scenario, outage)


def test_stream_death_spares_whole_answers() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.gpt.chat.completions.create(model=GPT, messages=CHAT)
        assert bench.last.delivered
        chunks = await bench.gpt.chat.completions.create(model=GPT, messages=CHAT, stream=True)
        with pytest.raises(openai.APIConnectionError):
            [chunk async for chunk in chunks]

    run(scenario, Faults((Active(Fault.STREAM_DEATH, 0.0),)))


def call(*, stream: bool = False, provider: Provider = Provider.ANTHROPIC) -> Call:
    return Call(provider, SONNET, stream, 500, "p" * 400, "q" * 40)


def test_cost_spike_multiplies_every_kind() -> None:
    plain = compose(call(), PromptCache(), dice(1))
    spiked = compose(call(), PromptCache(), dice(1), factor=8)
    assert plain.usage.cache_write == 100
    assert spiked.usage == plain.usage.times(8)
    assert spiked.usage.cache_write == 800


def test_single_failures_are_rare_and_never_hit_a_retry() -> None:
    throws = dice(3)
    fates = [fate_of(call(), False, Faults(), throws) for _ in range(20_000)]
    failed = sum(name is not Fate.ANSWER for name in fates)
    assert 30 <= failed <= 90  # 0.3 % of 20,000 is 60
    assert {fate_of(call(), True, Faults(), throws) for _ in range(5000)} == {Fate.ANSWER}


@pytest.mark.parametrize(("model", "limit"), [("claude-haiku-4-5", 0.4), (SONNET, 1.1), ("gpt-5-mini", 0.4)])
def test_answers_stay_well_within_the_objectives(model: str, limit: float) -> None:
    throws = dice(5)
    for first, whole in (pace_of(model).throw(throws) for _ in range(500)):
        assert 0 < first <= whole <= limit


def test_prompt_cache_forgets_after_five_minutes() -> None:
    now = 0.0
    cache = PromptCache(lambda: now)
    assert not cache.remembers(SONNET, "x")
    now = 299.0
    assert cache.remembers(SONNET, "x")
    assert not cache.remembers(GPT, "x")
    now = 600.0  # 301 s after the last use
    assert not cache.remembers(SONNET, "x")


def test_ledger_file_holds_every_entry_and_keeps_the_one_before(tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    entry = Entry("req_1", Provider.OPENAI, GPT, 200, stream=False, usage=Usage(1, 2, 3, 4, 5), delivered=True)
    for _ in range(2):
        ledger = Ledger(file)
        ledger.add(entry)
        ledger.add(entry)
        ledger.close()
    lines = file.read_bytes().splitlines()
    assert [msgspec.json.decode(line, type=Entry) for line in lines] == [entry, entry]
    assert (tmp_path / "ledger.previous.jsonl").exists()


def test_ledger_totals_count_delivered_usage_alone() -> None:
    ledger = Ledger()
    usage = Usage(10, 20, 30, 40, 50)
    ledger.add(Entry("a", Provider.OPENAI, GPT, 200, stream=False, usage=usage, delivered=True))
    ledger.add(Entry("b", Provider.OPENAI, GPT, 200, stream=True, usage=usage, delivered=False))
    ledger.add(Entry("c", Provider.OPENAI, GPT, 429, stream=False))
    (total,) = ledger
    assert (total.calls, total.delivered, total.undelivered, total.refused) == (3, 1, 1, 1)
    assert total.usage == usage
