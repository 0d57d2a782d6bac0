"""Tokens and cost as the SDK counts them, against what the emulated providers billed, call by call.

    python bench/ledger.py [--calls 10000] [--seed 1]

The official clients, wrapped by the SDK, make the calls: both providers, streamed and not, synchronous and not, with
refusals, cut streams and clients that leave. After each call the counters must have moved by exactly what the ledger
says. Prices come from the genai-prices package, not from our snapshot of it. Exit code 1 on any difference.
"""

import argparse
import asyncio
import gc
import random
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce

import anthropic
import httpx2
import openai
from anthropic.types import MessageParam, TextBlockParam
from genai_prices import Usage as PricedUsage
from genai_prices import calc_price
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionStreamOptionsParam

import watchkeeper
from watchkeeper import Watchkeeper
from watchkeeper.copilot import Instruments
from watchkeeper.demo.process import http_server
from watchkeeper.demo.providers.app import Emulator
from watchkeeper.demo.providers.behaviour import INSTANT, Allowances
from watchkeeper.demo.providers.call import MODELS, NOTHING, Fate, Provider, Usage
from watchkeeper.demo.providers.ledger import Entry, Ledger

KINDS = ("input", "cache_read", "cache_write", "output", "reasoning")
PRECISION = Decimal("1e-9")
COLLECT_EVERY = 500
FATES = {Fate.ANSWER: 88, Fate.RATE_LIMITED: 2, Fate.OVERLOADED: 2, Fate.FAILED: 2, Fate.CUT: 4, Fate.HOLD: 2}
REFUSED = {Fate.RATE_LIMITED, Fate.OVERLOADED, Fate.FAILED}
SYSTEM: list[TextBlockParam] = [{"type": "text", "text": "Be brief. " * 150, "cache_control": {"type": "ephemeral"}}]


@dataclass(frozen=True, slots=True)
class Step:
    """One call to make."""

    provider: Provider
    model: str
    stream: bool
    sync: bool
    asks_usage: bool
    fate: Fate
    question: str

    @property
    def headers(self) -> dict[str, str]:
        """Ordinary calls take the weather as it comes, single refusals included."""
        return {} if self.fate is Fate.ANSWER else {"x-demo-fate": self.fate}

    @property
    def retries(self) -> int:
        return 0 if self.headers else 2


def steps(count: int, dice: random.Random) -> Iterator[Step]:
    for _ in range(count):
        provider = dice.choice(tuple(Provider))
        fate = dice.choices(tuple(FATES), tuple(FATES.values()))[0]
        yield Step(
            provider=provider,
            model=dice.choice(MODELS[provider]),
            stream=fate in {Fate.CUT, Fate.HOLD} or dice.random() < 0.5,
            sync=dice.random() < 0.2,
            asks_usage=dice.random() < 0.5,
            fate=fate,
            question="Why? " * dice.randint(1, 200),
        )


@contextmanager
def emulator(ledger: Ledger, seed: int) -> Iterator[str]:
    """The address of an emulator in a thread of its own."""
    boundless = dict.fromkeys(Provider, 10**12)
    emulating = Emulator(
        ledger,
        pace=lambda _: INSTANT,
        dice=random.Random(seed),
        allowances=Allowances(boundless, boundless),
    )
    server = http_server(emulating, 0, log_level="critical")
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


class Callers:
    """Makes each call with the client it asks for: four clients, whole answers and streams."""

    def __init__(self, wk: Watchkeeper[Instruments], url: str) -> None:
        claude, gpt = f"{url}/anthropic", f"{url}/openai/v1"
        self._claude = wk.llm(anthropic.Anthropic(base_url=claude, api_key="any"), provider="anthropic")
        self._claude_async = wk.llm(anthropic.AsyncAnthropic(base_url=claude, api_key="any"), provider="anthropic")
        self._gpt = wk.llm(openai.OpenAI(base_url=gpt, api_key="any"), provider="openai")
        self._gpt_async = wk.llm(openai.AsyncOpenAI(base_url=gpt, api_key="any"), provider="openai")

    async def make(self, step: Step) -> None:
        with suppress(anthropic.APIError, openai.APIError, httpx2.HTTPError):
            match step.provider, step.sync:
                case Provider.ANTHROPIC, True:
                    self._ask_claude(step)
                case Provider.ANTHROPIC, False:
                    await self._ask_claude_async(step)
                case Provider.OPENAI, True:
                    self._ask_gpt(step)
                case _:
                    await self._ask_gpt_async(step)

    async def close(self) -> None:
        self._claude.close()
        self._gpt.close()
        await self._claude_async.close()
        await self._gpt_async.close()

    def _ask_claude(self, step: Step) -> None:
        messages = self._claude.with_options(max_retries=step.retries).messages
        asked: list[MessageParam] = [{"role": "user", "content": step.question}]
        if not step.stream:
            messages.create(model=step.model, max_tokens=500, system=SYSTEM, messages=asked, extra_headers=step.headers)
            return
        with messages.create(
            model=step.model, max_tokens=500, system=SYSTEM, messages=asked, stream=True, extra_headers=step.headers
        ) as events:
            for event in events:
                if event.type == "content_block_delta" and step.fate is Fate.HOLD:
                    break

    async def _ask_claude_async(self, step: Step) -> None:
        messages = self._claude_async.with_options(max_retries=step.retries).messages
        asked: list[MessageParam] = [{"role": "user", "content": step.question}]
        if not step.stream:
            await messages.create(
                model=step.model, max_tokens=500, system=SYSTEM, messages=asked, extra_headers=step.headers
            )
            return
        async with messages.stream(
            model=step.model, max_tokens=500, system=SYSTEM, messages=asked, extra_headers=step.headers
        ) as stream:
            async for _ in stream.text_stream:
                if step.fate is Fate.HOLD:
                    break

    def _ask_gpt(self, step: Step) -> None:
        completions = self._gpt.with_options(max_retries=step.retries).chat.completions
        if not step.stream:
            completions.create(model=step.model, messages=_turns(step), extra_headers=step.headers)
            return
        with completions.create(
            model=step.model,
            messages=_turns(step),
            stream=True,
            stream_options=_stream_options(step),
            extra_headers=step.headers,
        ) as chunks:
            for chunk in chunks:
                if chunk.choices and chunk.choices[0].delta.content and step.fate is Fate.HOLD:
                    break

    async def _ask_gpt_async(self, step: Step) -> None:
        completions = self._gpt_async.with_options(max_retries=step.retries).chat.completions
        if not step.stream:
            await completions.create(model=step.model, messages=_turns(step), extra_headers=step.headers)
            return
        async with await completions.create(
            model=step.model,
            messages=_turns(step),
            stream=True,
            stream_options=_stream_options(step),
            extra_headers=step.headers,
        ) as chunks:
            async for chunk in chunks:
                if chunk.choices and chunk.choices[0].delta.content and step.fate is Fate.HOLD:
                    break


def _turns(step: Step) -> list[ChatCompletionMessageParam]:
    return [{"role": "system", "content": "Be brief. " * 150}, {"role": "user", "content": step.question}]


def _stream_options(step: Step) -> ChatCompletionStreamOptionsParam | openai.Omit:
    """Half of the callers ask for usage themselves; for the others the SDK does."""
    return {"include_usage": True} if step.asks_usage else openai.omit


@dataclass(frozen=True, slots=True)
class Reading:
    """Where the counters of one model stand."""

    tokens: tuple[float, ...]
    cost: Decimal
    missing: float

    @classmethod
    def of(cls, wk: Watchkeeper[Instruments], provider: str, model: str) -> "Reading":
        return cls(
            tuple(wk.m.llm_tokens_total.value(provider, model, kind) for kind in KINDS),
            Decimal(wk.m.llm_cost_usd_total.value(provider, model)),
            wk.m.llm_usage_missing_total.value(provider, model),
        )

    def since(self, before: "Reading") -> "Reading":
        moved = tuple(now - then for now, then in zip(self.tokens, before.tokens, strict=True))
        return Reading(moved, self.cost - before.cost, self.missing - before.missing)

    def agrees(self, other: "Reading") -> bool:
        same = self.tokens == other.tokens and self.missing == other.missing
        return same and abs(self.cost - other.cost) <= PRECISION


def billed(entries: list[Entry]) -> Reading:
    """What the counters should have moved by."""
    delivered = [entry for entry in entries if entry.delivered]
    missing = sum(entry.status == 200 and not entry.delivered for entry in entries)
    usage = sum_of(entry.usage for entry in delivered)
    cost = sum((price(entry.provider, entry.model, entry.usage) for entry in delivered), Decimal(0))
    return Reading(tuple(float(getattr(usage, kind)) for kind in KINDS), cost, float(missing))


def sum_of(usages: Iterable[Usage]) -> Usage:
    return reduce(Usage.plus, usages, NOTHING)


def price(provider: str, model: str, usage: Usage) -> Decimal:
    """In the judge's words: input includes what was cached, output includes reasoning."""
    counted = PricedUsage(
        input_tokens=usage.input + usage.cache_read + usage.cache_write,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
        output_tokens=usage.output + usage.reasoning,
    )
    return calc_price(counted, model, provider_id=provider).total_price


class Recorder(Ledger):
    """A ledger that also keeps every entry."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        super().add(entry)
        self.entries.append(entry)


async def compare(calls: int, seed: int) -> int:
    """Make the calls; the number of those whose counters moved by something else than what was billed."""
    dice = random.Random(seed)
    wk = watchkeeper.init(Instruments, service="bench", version="1", environment="bench", metrics_port=None)
    ledger = Recorder()
    differences = 0
    with emulator(ledger, seed) as url:
        callers = Callers(wk, url)
        gc.disable()  # it would finish this loop's abandoned streams in the emulator's thread
        for number, step in enumerate(steps(calls, dice), 1):
            before, known = Reading.of(wk, step.provider, step.model), len(ledger.entries)
            await callers.make(step)
            expected = billed(await entries_of(step, ledger, known))
            moved = Reading.of(wk, step.provider, step.model).since(before)
            if not moved.agrees(expected):
                differences += 1
                print(f"call {number}: {step}\n  counted {moved}\n  billed  {expected}")
            if number % COLLECT_EVERY == 0:
                gc.collect()
        gc.enable()
        await callers.close()
    differences += totals(wk, ledger.entries)
    wk.close()
    return differences


async def entries_of(step: Step, ledger: Recorder, known: int) -> list[Entry]:
    """The ledger's entries for this call; the last one may be written a moment after the client has its answer."""
    async with asyncio.timeout(10):
        while True:
            entries = ledger.entries[known:]
            if entries and (entries[-1].status == 200 or step.fate in REFUSED):
                return entries
            await asyncio.sleep(0.0005)


def totals(wk: Watchkeeper[Instruments], entries: list[Entry]) -> int:
    """Print the sums by model; the number of models that differ."""
    differences = 0
    print(f"{'model':<18}{'calls':>7}{'tokens counted':>16}{'billed':>10}{'cost counted':>15}{'billed':>13}", end="")
    print(f"{'untold':>8}{'counted':>9}{'retried':>9}  same")
    for provider, model in ((provider, model) for provider, models in MODELS.items() for model in models):
        own = [entry for entry in entries if entry.model == model]
        counted, expected = Reading.of(wk, provider, model), billed(own)
        same = counted.agrees(expected)
        differences += not same
        retried = wk.m.llm_retries_total.value(provider, model)
        print(f"{model:<18}{len(own):>7}{sum(counted.tokens):>16.0f}{sum(expected.tokens):>10.0f}", end="")
        print(f"{counted.cost:>15.9f}{expected.cost:>13.9f}{expected.missing:>8.0f}{counted.missing:>9.0f}", end="")
        print(f"{retried:>9.0f}  {'yes' if same else 'NO'}")
    return differences


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    began = time.monotonic()
    differences = asyncio.run(compare(asked.calls, asked.seed))
    print(f"{asked.calls} calls in {time.monotonic() - began:.0f} s; {differences} differences")
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
