"""One person at the keyboard: logs in, asks, reads, asks again, sometimes leaves."""

import asyncio
import random
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from watchkeeper.demo.load.door import Answer, Door, Request

PATIENCE_SECONDS = (6.0, 14.0)
LEAVING_SHARE = 0.015
_CONVERSATION_LENGTH = (6, 18)


class Ending(StrEnum):
    OK = "ok"
    REFUSED = "refused"
    """4xx: our own mistake."""
    FAILED = "failed"
    IMPATIENT = "impatient"
    LEFT = "left"


class Action(StrEnum):
    LOGIN = "login"
    CONVERSATION = "conversation"
    MESSAGE = "message"
    STREAM = "stream"
    HISTORY = "history"
    WORKFLOW = "workflow"
    MISTAKE = "mistake"


CHAT = (Action.MESSAGE, Action.STREAM)
_MIX = {
    Action.MESSAGE: 45,
    Action.STREAM: 30,
    Action.HISTORY: 11,
    Action.WORKFLOW: 7,
    Action.CONVERSATION: 5,
    Action.MISTAKE: 2,
}

_QUESTIONS: dict[str, tuple[str, ...]] = {
    "code_help": ("Why does this loop never end?", "How do I read a large file line by line?"),
    "explain": ("Explain what this regular expression matches.", "What does this stack trace mean?"),
    "test_generation": ("Write tests for the parser.", "Which cases do my tests miss?"),
    "telemetry": ("How is the latency of checkout today?", "How many requests did we serve in the last hour?"),
    "incident": (
        "Open an incident: payments are failing.",
        "Start an incident for the login errors, please.",
        "Open an incident: search is slow since noon.",
    ),
    "smalltalk": ("Thanks, that helped!", "Good morning."),
}
_INTENT_WEIGHTS = {
    "code_help": 34,
    "explain": 20,
    "test_generation": 12,
    "telemetry": 12,
    "incident": 10,
    "smalltalk": 12,
}
_WORKFLOWS = ("release-notes", "dependency-update", "flaky-test-hunt")


class _Token(msgspec.Struct):
    token: str


class _Identified(msgspec.Struct):
    id: str


@dataclass(slots=True)
class Visitor:
    name: str
    door: Door
    dice: random.Random
    busy: bool = False
    _token: str = ""
    _conversation: str = ""
    _questions_left: int = 0
    _patience: float = field(init=False)

    def __post_init__(self) -> None:
        self._patience = self.dice.uniform(*PATIENCE_SECONDS)

    def choose(self) -> Action:
        """What to do next."""
        if not self._token:
            return Action.LOGIN
        if not self._conversation or self._questions_left <= 0:
            return Action.CONVERSATION
        return self.dice.choices(tuple(_MIX), tuple(_MIX.values()))[0]

    async def act(self, action: Action) -> Ending:
        """Do it, and say how it ended. Never waits longer than this person's patience."""
        self.busy = True
        try:
            async with asyncio.timeout(self._patience):
                return await self._attempt(action)
        except TimeoutError:
            return Ending.IMPATIENT
        except OSError:
            return Ending.FAILED
        finally:
            self.busy = False

    async def _attempt(self, action: Action) -> Ending:
        async with self.door.open(self._request(action)) as answer:
            if answer.status >= 400:
                await answer.whole()
                return self._refused(answer.status)
            match action:
                case Action.LOGIN:
                    self._token = (await answer.json(_Token)).token
                case Action.CONVERSATION:
                    self._conversation = (await answer.json(_Identified)).id
                    self._questions_left = self.dice.randint(*_CONVERSATION_LENGTH)
                case Action.STREAM:
                    self._questions_left -= 1
                    return await self._listen(answer)
                case Action.MESSAGE:
                    self._questions_left -= 1
                    await answer.whole()
                case _:
                    await answer.whole()
        return Ending.OK

    def _refused(self, status: int) -> Ending:
        if status == 401:
            self._token = ""
        if status == 404:
            self._conversation = ""
        return Ending.REFUSED if status < 500 else Ending.FAILED

    async def _listen(self, answer: Answer) -> Ending:
        leaves_after = self.dice.randint(2, 5) if self.dice.random() < LEAVING_SHARE else None
        heard = b""
        count = 0
        async for piece in answer.pieces():
            heard = heard[-200:] + piece
            count += 1
            if count == leaves_after:
                return Ending.LEFT
        return Ending.OK if b"event: done" in heard else Ending.FAILED

    def _request(self, action: Action) -> Request:
        match action:
            case Action.LOGIN:
                return Request("POST", "/api/v1/login", body=msgspec.json.encode({"user": self.name}))
            case Action.CONVERSATION:
                return Request("POST", "/api/v1/conversations", self._token)
            case Action.HISTORY:
                return Request("GET", f"/api/v1/conversations/{self._conversation}", self._token)
            case Action.WORKFLOW:
                body = msgspec.json.encode({"name": self.dice.choice(_WORKFLOWS)})
                return Request("POST", "/api/v1/workflows", self._token, body)
            case Action.MISTAKE:
                return Request("GET", "/api/v1/conversations/no-such-one", self._token)
            case Action.MESSAGE | Action.STREAM:
                path = f"/api/v1/conversations/{self._conversation}/messages"
                return Request("POST", path + "/stream" * (action is Action.STREAM), self._token, self._question())

    def _question(self) -> bytes:
        intent = self.dice.choices(tuple(_INTENT_WEIGHTS), tuple(_INTENT_WEIGHTS.values()))[0]
        text = self.dice.choice(_QUESTIONS[intent])
        said = {"intent": intent} if self.dice.random() < 0.7 else {}
        return msgspec.json.encode({"text": text, **said})
