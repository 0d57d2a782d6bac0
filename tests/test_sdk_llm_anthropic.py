"""Model calls through Anthropic's own client, against a server that speaks its wire format."""

import asyncio
import gc
import json
import threading
from collections.abc import AsyncIterable, Iterator
from contextlib import aclosing, suppress
from datetime import UTC, datetime

import anthropic
import genai_prices
import pytest
from anthropic import Anthropic, AsyncAnthropic
from anthropic.types import MessageParam

from sdk_bench import Wk, internal_errors, of, outcomes, samples, until, watched
from sdk_vendor import SONNET, Reply, Vendor, claude_error, claude_event, claude_events, message, vendor

WHO = f'model="{SONNET}",provider="anthropic"'
ASK: list[MessageParam] = [{"role": "user", "content": "hi"}]
TOKENS = {
    f'{{{WHO},type="input"}}': 10.0,
    f'{{{WHO},type="cache_read"}}': 100.0,
    f'{{{WHO},type="cache_write"}}': 5.0,
    f'{{{WHO},type="output"}}': 40.0,
}
"""What the server says it billed: 10 beside the cache, 100 read from it, 5 written to it, 40 answered."""


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
def claude(wk: Wk, server: Vendor) -> Iterator[Anthropic]:
    with Anthropic(base_url=server.url, api_key="k", max_retries=0) as client:
        yield wk.llm(client)


def async_claude(wk: Wk, server: Vendor, retries: int = 0) -> AsyncAnthropic:
    return wk.llm(AsyncAnthropic(base_url=server.url, api_key="k", max_retries=retries))


def dollars(wk: Wk) -> float:
    return of(wk, "llm_cost_usd_total").get(f"{{{WHO}}}", 0.0)


def listed_dollars() -> float:
    """An independent judge: the same usage, priced by genai-prices itself."""
    usage = genai_prices.Usage(input_tokens=115, cache_read_tokens=100, cache_write_tokens=5, output_tokens=40)
    now = datetime.now(UTC)
    return float(
        genai_prices.calc_price(usage, SONNET, provider_id="anthropic", genai_request_timestamp=now).total_price
    )


def test_a_whole_answer_is_counted_priced_and_returned_as_it_is(wk: Wk, server: Vendor, claude: Anthropic) -> None:
    server.plan(message())
    answer = claude.messages.create(model=SONNET, max_tokens=10, messages=ASK)
    assert answer.content[0].type == "text"
    assert outcomes(wk) == {"ok": 1}
    assert of(wk, "llm_tokens_total") == TOKENS
    assert dollars(wk) == pytest.approx(listed_dollars(), abs=1e-12)
    assert of(wk, "llm_request_duration_seconds_count") == {f"{{{WHO}}}": 1}
    assert of(wk, "llm_usage_missing_total") == {}


def test_the_context_is_filled_by_input_of_every_kind(wk: Wk, server: Vendor, claude: Anthropic) -> None:
    server.plan(message(), message(model="claude-99"), claude_error(500, "api_error"))
    claude.messages.create(model=SONNET, max_tokens=10, messages=ASK)
    claude.messages.create(model="claude-99", max_tokens=10, messages=ASK)
    with suppress(anthropic.APIError):
        claude.messages.create(model=SONNET, max_tokens=10, messages=ASK)
    # 10 + 100 + 5 of a million tokens; what has no known window, or no usage, leaves no sample
    assert of(wk, "llm_context_window_usage_ratio_count") == {f"{{{WHO}}}": 1}
    assert of(wk, "llm_context_window_usage_ratio_sum") == {f"{{{WHO}}}": pytest.approx(115 / 1_000_000)}


def test_every_outcome_of_a_model_is_there_at_zero_before_its_first_call_ends(
    wk: Wk, server: Vendor, claude: Anthropic
) -> None:
    gate = threading.Event()
    server.plan(Reply(message().body, gate=gate))
    call = threading.Thread(target=lambda: claude.messages.create(model=SONNET, max_tokens=1, messages=ASK))
    call.start()
    until(lambda: bool(server.bodies), "the call")
    seen = samples(wk)
    gate.set()
    call.join()
    assert seen[f'llm_requests_total{{{WHO[: WHO.index(",")]},outcome="ok",provider="anthropic"}}'] == 0
    assert seen[f"llm_usage_missing_total{{{WHO}}}"] == 0
    assert len([name for name in seen if name.startswith("llm_requests_total")]) == 9


def test_reasoning_and_hour_long_cache_are_told_apart(wk: Wk, server: Vendor, claude: Anthropic) -> None:
    usage = {
        "input_tokens": 10,
        "cache_creation_input_tokens": 1000,
        "cache_creation": {"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 600},
        "output_tokens": 50,
        "output_tokens_details": {"thinking_tokens": 30},
    }
    server.plan(message(usage))
    claude.messages.create(model=SONNET, max_tokens=10, messages=ASK)
    counted = of(wk, "llm_tokens_total")
    assert counted[f'{{{WHO},type="output"}}'] == 20  # 50 billed, 30 of them thought
    assert counted[f'{{{WHO},type="reasoning"}}'] == 30
    assert sum(counted.values()) == 10 + 1000 + 50
    # dollars a million: 2 in, 2.5 written for five minutes, 4 for an hour, 10 out
    assert dollars(wk) == pytest.approx((10 * 2 + 400 * 2.5 + 600 * 4 + 50 * 10) / 1e6, abs=1e-12)


def test_a_stream_is_the_vendors_own_and_counted_at_its_end(wk: Wk, server: Vendor, claude: Anthropic) -> None:
    server.plan(Reply(events=claude_events()), Reply(events=claude_events()))
    with Anthropic(base_url=server.url, api_key="k") as bare_client:
        bare = list(bare_client.messages.create(model=SONNET, max_tokens=9, messages=ASK, stream=True))
    stream = claude.messages.create(model=SONNET, max_tokens=9, messages=ASK, stream=True)
    assert type(stream) is anthropic.Stream
    assert outcomes(wk) == {}
    assert list(stream) == bare
    assert outcomes(wk) == {"ok": 1}
    assert of(wk, "llm_tokens_total") == TOKENS
    assert dollars(wk) == pytest.approx(listed_dollars(), abs=1e-12)
    assert of(wk, "llm_time_to_first_token_seconds_count") == {f"{{{WHO}}}": 1}


def test_text_stream_and_final_message(wk: Wk, server: Vendor, claude: Anthropic) -> None:
    server.plan(Reply(events=claude_events()))
    with claude.messages.stream(model=SONNET, max_tokens=9, messages=ASK) as stream:
        assert isinstance(stream, anthropic.MessageStream)
        assert list(stream.text_stream) == ["hel", "lo"]
        assert stream.get_final_message().usage.output_tokens == 40
    assert outcomes(wk) == {"ok": 1}
    assert of(wk, "llm_tokens_total") == TOKENS
    assert of(wk, "llm_time_to_first_token_seconds_count") == {f"{{{WHO}}}": 1}


def test_pieces_pass_at_once(server: Vendor, claude: Anthropic) -> None:
    gate = threading.Event()
    server.plan(Reply(events=claude_events(), gate=gate))
    with claude.messages.create(model=SONNET, max_tokens=9, messages=ASK, stream=True) as stream:
        first = next(iter(stream))
        assert first.type == "message_start"
        assert not gate.is_set()  # the server waits with everything behind the first event
        gate.set()


def leave_by_break(claude: Anthropic) -> None:
    for _ in claude.messages.create(model=SONNET, max_tokens=9, messages=ASK, stream=True):
        break


def leave_by_close(claude: Anthropic) -> None:
    stream = claude.messages.create(model=SONNET, max_tokens=9, messages=ASK, stream=True)
    next(stream)
    stream.close()
    assert stream.response.is_closed


def leave_the_context(claude: Anthropic) -> None:
    with claude.messages.create(model=SONNET, max_tokens=9, messages=ASK, stream=True) as stream:
        next(stream)


def leave_the_helper(claude: Anthropic) -> None:
    with claude.messages.stream(model=SONNET, max_tokens=9, messages=ASK) as stream:
        next(stream.text_stream)


def never_look(claude: Anthropic) -> None:
    claude.messages.create(model=SONNET, max_tokens=9, messages=ASK, stream=True)


@pytest.mark.parametrize("leave", [leave_by_break, leave_by_close, leave_the_context, leave_the_helper, never_look])
def test_a_stream_that_the_caller_leaves_is_no_fault_and_has_no_usage(
    wk: Wk, server: Vendor, claude: Anthropic, leave: object
) -> None:
    assert callable(leave)
    server.plan(Reply(events=claude_events()))
    leave(claude)
    gc.collect()
    assert outcomes(wk) == {"ok": 1}
    assert of(wk, "llm_usage_missing_total") == {f"{{{WHO}}}": 1}
    assert of(wk, "llm_tokens_total") == {}
    assert dollars(wk) == 0


def test_a_dropped_stream_closes_its_connection_without_the_collector(server: Vendor, claude: Anthropic) -> None:
    server.plan(Reply(events=claude_events()))
    gc.disable()
    try:
        stream = claude.messages.create(model=SONNET, max_tokens=9, messages=ASK, stream=True)
        response = stream.response
        next(stream)
        del stream
        assert response.is_closed
    finally:
        gc.enable()


@pytest.mark.parametrize("cut", [True, False])
def test_a_stream_that_breaks_off_is_cut(wk: Wk, server: Vendor, claude: Anthropic, cut: bool) -> None:
    server.plan(Reply(events=claude_events()[:4], cut=cut))
    with suppress(Exception):  # a torn connection raises, one that is closed in order does not: as without us
        list(claude.messages.create(model=SONNET, max_tokens=9, messages=ASK, stream=True))
    assert outcomes(wk) == {"cut": 1}
    assert of(wk, "llm_usage_missing_total") == {f"{{{WHO}}}": 1}


def test_an_error_event_in_the_stream_has_its_own_name(wk: Wk, server: Vendor, claude: Anthropic) -> None:
    torn = (*claude_events()[:4], claude_event("error", error={"type": "overloaded_error", "message": "busy"}))
    server.plan(Reply(events=torn))
    with pytest.raises(anthropic.APIStatusError):
        list(claude.messages.create(model=SONNET, max_tokens=9, messages=ASK, stream=True))
    assert outcomes(wk) == {"overloaded": 1}
    assert of(wk, "llm_usage_missing_total") == {f"{{{WHO}}}": 1}


@pytest.mark.parametrize(
    ("status", "kind", "outcome"),
    [
        (429, "rate_limit_error", "rate_limited"),
        (529, "overloaded_error", "overloaded"),
        (500, "api_error", "other"),
        (503, "api_error", "overloaded"),
        (504, "timeout_error", "timeout"),
        (400, "invalid_request_error", "invalid"),
        (404, "not_found_error", "invalid"),
        (401, "authentication_error", "auth"),
        (403, "permission_error", "auth"),
    ],
)
def test_refusals(server: Vendor, status: int, kind: str, outcome: str) -> None:
    for stream in (False, True):
        server.plan(claude_error(status, kind))
        with watched() as wk, Anthropic(base_url=server.url, api_key="k", max_retries=0) as client:
            wk.llm(client)
            with pytest.raises(anthropic.APIStatusError) as raised:
                client.messages.create(model=SONNET, max_tokens=9, messages=ASK, stream=stream)
            assert raised.value.status_code == status
            assert outcomes(wk) == {outcome: 1}
            assert of(wk, "llm_usage_missing_total") == {}


def test_no_answer_in_time(wk: Wk, server: Vendor, claude: Anthropic) -> None:
    gate = threading.Event()
    server.plan(Reply(message().body, gate=gate))
    with pytest.raises(anthropic.APITimeoutError):
        claude.messages.create(model=SONNET, max_tokens=9, messages=ASK, timeout=0.1)
    gate.set()
    assert outcomes(wk) == {"timeout": 1}


def test_nobody_there(wk: Wk, free_port: int) -> None:
    nobody = wk.llm(Anthropic(base_url=f"http://127.0.0.1:{free_port}", api_key="k", max_retries=0))
    with nobody, pytest.raises(anthropic.APIConnectionError):
        nobody.messages.create(model=SONNET, max_tokens=9, messages=ASK)
    assert outcomes(wk) == {"connection": 1}


def test_attempts_after_the_first_are_retries(wk: Wk, server: Vendor) -> None:
    busy = claude_error(429, "rate_limit_error", **{"retry-after-ms": "1"})
    server.plan(busy, busy, message())
    with Anthropic(base_url=server.url, api_key="k", max_retries=3) as client:
        wk.llm(client).messages.create(model=SONNET, max_tokens=9, messages=ASK)
    assert of(wk, "llm_retries_total") == {f"{{{WHO}}}": 2}
    assert outcomes(wk) == {"ok": 1}


def test_a_model_without_a_price_is_counted_and_costs_nothing_known(wk: Wk, server: Vendor, claude: Anthropic) -> None:
    server.plan(message(model="in-house-7b"))
    claude.messages.create(model="in-house-7b", max_tokens=9, messages=ASK)
    assert of(wk, "llm_unpriced_requests_total") == {'{model="in-house-7b",provider="anthropic"}': 1}
    assert of(wk, "llm_cost_usd_total") == {}
    assert sum(of(wk, "llm_tokens_total").values()) == 155


def test_a_named_provider_wins(wk: Wk, server: Vendor) -> None:
    server.plan(message())
    with Anthropic(base_url=server.url, api_key="k") as client:
        wk.llm(client, provider="gateway").messages.create(model=SONNET, max_tokens=9, messages=ASK)
    assert of(wk, "llm_unpriced_requests_total") == {f'{{model="{SONNET}",provider="gateway"}}': 1}


def test_wrapping_twice_counts_once_and_copies_are_wrapped(wk: Wk, server: Vendor, claude: Anthropic) -> None:
    server.plan(message(), message())
    assert wk.llm(claude) is claude
    claude.messages.create(model=SONNET, max_tokens=9, messages=ASK)
    claude.with_options(timeout=5).messages.create(model=SONNET, max_tokens=9, messages=ASK)
    assert outcomes(wk) == {"ok": 2}


def test_raw_responses_are_counted(wk: Wk, server: Vendor, claude: Anthropic) -> None:
    server.plan(message())
    raw = claude.messages.with_raw_response.create(model=SONNET, max_tokens=9, messages=ASK)
    assert raw.parse().usage.output_tokens == 40
    assert outcomes(wk) == {"ok": 1}
    assert of(wk, "llm_tokens_total") == TOKENS


def test_other_calls_of_the_client_are_not_model_calls(wk: Wk, server: Vendor, claude: Anthropic) -> None:
    server.plan(Reply({"input_tokens": 7}))
    assert claude.messages.count_tokens(model=SONNET, messages=ASK).input_tokens == 7
    assert outcomes(wk) == {}


def test_asynchronous_calls_and_streams(wk: Wk, server: Vendor) -> None:
    server.plan(message(), Reply(events=claude_events()), Reply(events=claude_events()))

    async def talk() -> None:
        async with async_claude(wk, server) as client:
            await client.messages.create(model=SONNET, max_tokens=9, messages=ASK)
            stream = await client.messages.create(model=SONNET, max_tokens=9, messages=ASK, stream=True)
            assert type(stream) is anthropic.AsyncStream
            assert len([event async for event in stream]) == 7
            async with client.messages.stream(model=SONNET, max_tokens=9, messages=ASK) as helper:
                assert [text async for text in helper.text_stream] == ["hel", "lo"]

    asyncio.run(talk())
    assert outcomes(wk) == {"ok": 3}
    assert of(wk, "llm_tokens_total") == {labels: 3 * count for labels, count in TOKENS.items()}
    assert dollars(wk) == pytest.approx(3 * listed_dollars(), abs=1e-12)


def test_an_asynchronous_stream_left_early(wk: Wk, server: Vendor) -> None:
    server.plan(Reply(events=claude_events()), Reply(events=claude_events()))

    async def leave() -> None:
        async with async_claude(wk, server) as client:
            async with await client.messages.create(model=SONNET, max_tokens=9, messages=ASK, stream=True) as stream:
                async for _ in stream:
                    break
            assert stream.response.is_closed
            other = await client.messages.create(model=SONNET, max_tokens=9, messages=ASK, stream=True)
            async with aclosing(aiter(other)) as pieces:  # type: ignore[type-var]
                await anext(pieces)
            await other.close()

    asyncio.run(leave())
    assert outcomes(wk) == {"ok": 2}
    assert of(wk, "llm_usage_missing_total") == {f"{{{WHO}}}": 2}


async def consume(stream: AsyncIterable[object]) -> None:
    async for _ in stream:
        pass


def test_cancelled_before_and_after_the_first_token(wk: Wk, server: Vendor) -> None:
    gates = threading.Event(), threading.Event()
    late = claude_events()[3:4]
    server.plan(Reply(message().body, gate=gates[0]), Reply(events=late + claude_events()[4:], gate=gates[1]))

    async def cancel() -> None:
        async with async_claude(wk, server) as client:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.messages.create(model=SONNET, max_tokens=9, messages=ASK), 0.1)
            stream = await client.messages.create(model=SONNET, max_tokens=9, messages=ASK, stream=True)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(consume(stream), 0.1)
            await stream.close()
            for gate in gates:
                gate.set()

    asyncio.run(cancel())
    assert outcomes(wk) == {"cut": 1, "ok": 1}


def test_concurrent_calls_keep_their_own_retries(wk: Wk, server: Vendor) -> None:
    busy = claude_error(529, "overloaded_error", **{"retry-after-ms": "1"})
    server.plan(*[busy] * 5, *[message()] * 20)

    async def talk() -> None:
        async with async_claude(wk, server, retries=9) as client:
            calls = (client.messages.create(model=SONNET, max_tokens=9, messages=ASK) for _ in range(20))
            await asyncio.gather(*calls)

    asyncio.run(talk())
    assert outcomes(wk) == {"ok": 20}
    assert of(wk, "llm_retries_total") == {f"{{{WHO}}}": 5}
    assert sum(of(wk, "llm_tokens_total").values()) == 20 * 155


def test_the_request_on_the_wire_is_the_callers(server: Vendor, claude: Anthropic) -> None:
    server.plan(message())
    claude.messages.create(model=SONNET, max_tokens=9, messages=ASK)
    assert json.loads(json.dumps(server.bodies[0])) == {"model": SONNET, "max_tokens": 9, "messages": ASK}
