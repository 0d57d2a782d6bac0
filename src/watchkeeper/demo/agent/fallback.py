"""Two providers stand in for each other: while one of them fails, its questions go to the other."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeVar

from watchkeeper.demo.agent.models import Chat, Model, Models, Prompt, Provider, ProviderError
from watchkeeper.demo.agent.observability import Wk

T = TypeVar("T")

FAILING_SECONDS = 30.0
"""A provider that did not answer is asked again once in so long, if the other one can be asked meanwhile."""
_OTHER = {Provider.ANTHROPIC: Provider.OPENAI, Provider.OPENAI: Provider.ANTHROPIC}
_STAND_INS = {
    Model.SONNET: Model.GPT,
    Model.HAIKU: Model.GPT_MINI,
    Model.GPT: Model.SONNET,
    Model.GPT_MINI: Model.HAIKU,
}


class Fallback:
    """Asks whom the question is meant for, or its stand-in. Raises the ProviderError of the one that was meant."""

    def __init__(self, models: Models, wk: Wk, clock: Callable[[], float] = time.monotonic) -> None:
        self._models = models
        self._log = wk.logger("llm")
        self._active = wk.m.llm_fallback_active
        self._clock = clock
        self._failing_until = dict.fromkeys(Provider, 0.0)
        wk.before_scrape(self._report)

    async def answer(self, model: Model, prompt: Prompt) -> str:
        return await self._ask(model, lambda chat, asked: chat.answer(asked, prompt))

    async def stream(self, model: Model, prompt: Prompt) -> AsyncGenerator[str]:
        """The model has accepted the question when this returns."""
        return await self._ask(model, lambda chat, asked: chat.stream(asked, prompt))

    def active(self, provider: Provider) -> bool:
        """Whether questions for this provider go to the other one."""
        return self._failing(provider) and not self._failing(_OTHER[provider])

    async def _ask(self, meant: Model, ask: Callable[[Chat, Model], Awaitable[T]]) -> T:
        if self.active(meant.provider):
            return await self._try(_STAND_INS[meant], ask)
        try:
            return await self._try(meant, ask)
        except ProviderError as error:
            if not self.active(meant.provider):
                raise
            self._log.warning("llm.fallback.used", provider=meant.provider, model=meant)
            return await self._instead(meant, ask, error)

    async def _instead(self, meant: Model, ask: Callable[[Chat, Model], Awaitable[T]], error: ProviderError) -> T:
        try:
            return await self._try(_STAND_INS[meant], ask)
        except ProviderError:
            raise error from None

    async def _try(self, model: Model, ask: Callable[[Chat, Model], Awaitable[T]]) -> T:
        if self._failing_until[model.provider]:  # one question tries; the others do not wait for how it ends
            self._mark(model.provider)
        try:
            answer = await ask(self._models.chat(model), model)
        except ProviderError:
            self._mark(model.provider)
            raise
        self._failing_until[model.provider] = 0.0
        return answer

    def _mark(self, provider: Provider) -> None:
        self._failing_until[provider] = self._clock() + FAILING_SECONDS

    def _failing(self, provider: Provider) -> bool:
        return self._clock() < self._failing_until[provider]

    def _report(self) -> None:
        for provider in Provider:
            self._active.set(float(self.active(provider)), provider=provider)
