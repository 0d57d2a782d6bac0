"""How an answer comes about: remember, ask a module if it helps, ask a model, remember again."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from watchkeeper.demo.agent.context import Context, Turn
from watchkeeper.demo.agent.database import Store
from watchkeeper.demo.agent.fallback import Fallback
from watchkeeper.demo.agent.intents import PLANS, Intent, severity
from watchkeeper.demo.agent.models import Model, Prompt
from watchkeeper.demo.agent.modules import ModuleError, Modules
from watchkeeper.demo.agent.observability import Wk

INSTRUCTIONS = """\
You are the copilot of a software team. You help with code, tests, telemetry and incidents.

Answer in the language of the question. Begin with the answer itself; give reasons after it, and only those that
change what the reader would do. When you propose a change to code, show the smallest change that works and say what
you did not look at. When you are not sure, say so and say what would settle it.

You are given findings of the team's own tools where they apply: generated tests, observations from production,
incident numbers. Quote numbers exactly as you were given them. Never invent a number, a log line or a test result.
If a tool did not answer, say that its part of the answer is missing; do not replace it by a guess.

Never repeat secrets you see in code or logs; point to the line instead. Do not run or suggest commands that delete
data unless the question is about deleting data, and then name what will be lost.

Keep code blocks short enough to read on one screen. Prefer the standard library and what the project already uses.
Name files by their path from the root of the repository. Write dates as year-month-day and times with their zone.
"""


@dataclass(frozen=True, slots=True)
class Question:
    conversation_id: str
    user: str
    text: str
    intent: Intent
    model: Model


@dataclass(frozen=True, slots=True)
class Briefing:
    """Everything a model is told, and the modules that should have helped and did not."""

    question: Question
    turns: tuple[Turn, ...]
    missing: tuple[str, ...]

    @property
    def prompt(self) -> Prompt:
        return Prompt(INSTRUCTIONS, self.turns)


class Copilot:
    def __init__(self, store: Store, context: Context, modules: Modules, models: Fallback, wk: Wk) -> None:
        self.store = store
        self.context = context
        self.modules = modules
        self.models = models
        self.wk = wk
        self._log = wk.logger("copilot")
        self._llm_log = wk.logger("llm")

    async def prepare(self, question: Question) -> Briefing:
        """What the conversation and the modules know. A module that fails makes the answer poorer, not impossible."""
        past = await self.context.recall(question.conversation_id)
        missing: tuple[str, ...] = ()
        try:
            finding = await self._consult(question)
        except ModuleError as error:
            self._log.warning("answer.degraded", module=error.module)
            finding, missing = f"(no answer from {error.module})", (error.module,)
        asked = Turn("user", f"{question.text}\n\n{finding}" if finding else question.text)
        return Briefing(question, (*past, asked), missing)

    async def answer(self, briefing: Briefing) -> str:
        question = briefing.question
        text = await self.models.answer(question.model, briefing.prompt)
        await self._keep(briefing, text)
        return text

    async def stream(self, briefing: Briefing) -> AsyncGenerator[str]:
        """The model has accepted the question when this returns."""
        pieces = await self.models.stream(briefing.question.model, briefing.prompt)
        return self._kept_when_complete(briefing, pieces)

    async def _kept_when_complete(self, briefing: Briefing, pieces: AsyncGenerator[str]) -> AsyncGenerator[str]:
        said: list[str] = []
        async with aclosing(pieces):
            async for piece in pieces:
                said.append(piece)
                yield piece
        await self._keep(briefing, "".join(said))

    async def _consult(self, question: Question) -> str:
        match PLANS[question.intent].module:
            case "test-bench":
                return await self.modules.generate_tests(question.text)
            case "observatory":
                return await self.modules.observe(question.text)
            case "incident-manager":
                self.wk.m.incidents_detected_total.inc(severity=severity(question.text))
                return await self.modules.open_incident(question.text, question.user)
            case _:
                return ""

    async def _keep(self, briefing: Briefing, text: str) -> None:
        question = briefing.question
        await self.store.add_turn(question.conversation_id, question.text, text)
        await self.context.remember(question.conversation_id, (*briefing.turns, Turn("assistant", text)))
        self.wk.m.messages_total.inc(intent=question.intent)
        self._llm_log.info("llm.request.completed", model=question.model)
        self._log.info("message.answered", intent=question.intent, model=question.model)
