"""Two providers that stand in for each other."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from demo_town import Town, in_town, said
from sdk_bench import Wk, watched
from watchkeeper.demo.agent import models
from watchkeeper.demo.agent.fallback import FAILING_SECONDS, Fallback
from watchkeeper.demo.agent.models import Model, Models, Prompt, Provider, ProviderError

PROMPT = Prompt("", ())


@dataclass
class Chat:
    """A provider that answers with the model's name, or fails."""

    provider: Provider
    broken: bool = False
    asked: list[Model] = field(default_factory=list)

    async def answer(self, model: Model, prompt: Prompt) -> str:  # noqa: ARG002 - the protocol's
        self.asked.append(model)
        if self.broken:
            raise ProviderError(self.provider, 529)
        return model

    async def stream(self, model: Model, prompt: Prompt) -> AsyncGenerator[str]:
        answer = await self.answer(model, prompt)

        async def pieces() -> AsyncGenerator[str]:
            yield answer

        return pieces()

    async def close(self) -> None:
        """Nothing is open."""


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Pair:
    wk: Wk
    clock: Clock = field(default_factory=Clock)
    anthropic: Chat = field(default_factory=lambda: Chat(Provider.ANTHROPIC))
    openai: Chat = field(default_factory=lambda: Chat(Provider.OPENAI))

    def __post_init__(self) -> None:
        self.fallback = Fallback(Models(self.anthropic, self.openai), self.wk, self.clock)

    def ask(self, model: Model) -> str:
        return asyncio.run(self.fallback.answer(model, PROMPT))

    @property
    def active(self) -> tuple[float, float]:
        """Of Anthropic and OpenAI, as a scrape sees it."""
        self.wk.page()
        gauge = self.wk.m.llm_fallback_active
        return gauge.value("anthropic"), gauge.value("openai")


@pytest.fixture
def pair() -> Iterator[Pair]:
    with watched() as wk:
        yield Pair(wk)


def test_everybody_answers_for_themselves(pair: Pair) -> None:
    assert [pair.ask(model) for model in Model] == list(Model)
    assert 'llm_fallback_active{provider="anthropic"} 0.0' in pair.wk.page().decode()
    assert pair.active == (0, 0)


@pytest.mark.parametrize(
    ("meant", "stand_in"),
    [
        (Model.SONNET, Model.GPT),
        (Model.HAIKU, Model.GPT_MINI),
        (Model.GPT, Model.SONNET),
        (Model.GPT_MINI, Model.HAIKU),
    ],
)
def test_a_model_of_the_other_house_stands_in(pair: Pair, meant: Model, stand_in: Model) -> None:
    (pair.anthropic if meant.provider is Provider.ANTHROPIC else pair.openai).broken = True
    assert pair.ask(meant) == stand_in


def test_while_one_fails_it_is_left_alone_for_a_while(pair: Pair) -> None:
    pair.anthropic.broken = True
    for _ in range(3):
        assert pair.ask(Model.SONNET) == Model.GPT
    assert len(pair.anthropic.asked) == 1
    assert pair.active == (1, 0)
    assert pair.ask(Model.GPT_MINI) == Model.GPT_MINI
    pair.clock.now += FAILING_SECONDS
    assert pair.active == (0, 0)
    pair.anthropic.broken = False
    assert pair.ask(Model.SONNET) == Model.SONNET
    assert pair.active == (0, 0)


def test_one_question_tries_again_and_the_others_do_not_wait_for_it(pair: Pair) -> None:
    pair.anthropic.broken = True
    pair.ask(Model.SONNET)
    pair.clock.now += FAILING_SECONDS
    seen: list[object] = []

    async def trial(model: Model, prompt: Prompt) -> str:
        seen.append(pair.fallback.active(Provider.ANTHROPIC))
        seen.append(await pair.fallback.answer(Model.HAIKU, prompt))  # somebody else, while the trial is under way
        return model

    pair.anthropic.answer = trial  # type: ignore[method-assign]
    assert pair.ask(Model.SONNET) == Model.SONNET
    assert seen == [True, Model.GPT_MINI]
    assert pair.active == (0, 0)


def test_when_both_fail_the_one_that_was_meant_is_named_and_asked(pair: Pair) -> None:
    pair.anthropic.broken = pair.openai.broken = True
    for _ in range(3):
        with pytest.raises(ProviderError) as error:
            pair.ask(Model.SONNET)
        assert error.value.provider == "anthropic"
    # the first question went to both, the others to whom they were meant for: nobody stands in
    assert (len(pair.anthropic.asked), len(pair.openai.asked)) == (3, 1)
    assert pair.active == (0, 0)
    pair.openai.broken = False
    assert pair.ask(Model.GPT) == Model.GPT
    assert pair.active == (1, 0)
    assert pair.ask(Model.SONNET) == Model.GPT


def test_a_stand_in_that_fails_later_ends_it(pair: Pair) -> None:
    pair.anthropic.broken = True
    pair.ask(Model.SONNET)
    pair.openai.broken = True
    with pytest.raises(ProviderError) as error:
        pair.ask(Model.SONNET)
    assert error.value.provider == "openai"  # the only one that was asked
    assert pair.active == (0, 0)


def test_streams_are_handed_over_before_they_begin(pair: Pair) -> None:
    pair.openai.broken = True

    async def scene() -> list[str]:
        return [piece async for piece in await pair.fallback.stream(Model.GPT, PROMPT)]

    assert asyncio.run(scene()) == [Model.SONNET]
    assert pair.active == (0, 1)


def test_users_notice_nothing_when_one_provider_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "MAX_RETRIES", 0)

    async def scenario(town: Town) -> None:
        await town.login()
        await town.break_("provider-down", "anthropic")
        assert (await town.ask(intent="code_help")).status_code == 200
        assert (await town.ask_for_stream(intent="code_help")).status_code == 200
        calls = town.wk.m.llm_requests_total
        assert sum(calls.value("anthropic", Model.SONNET, end) for end in ("other", "overloaded")) == 1
        assert calls.value("openai", Model.GPT, "ok") == 2
        assert town.events("complex", "bad") == 0
        assert 'llm_fallback_active{provider="anthropic"} 1.0' in town.wk.page().decode()
        assert len(said(town.log, "llm.fallback.used")) == 1

    in_town(tmp_path, scenario)
