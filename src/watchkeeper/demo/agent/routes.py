"""The HTTP API."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Header, HTTPException, Request
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError

from watchkeeper.demo.agent.copilot import Briefing, Question
from watchkeeper.demo.agent.database import Conversation
from watchkeeper.demo.agent.identity import PROBE, InvalidTokenError
from watchkeeper.demo.agent.intents import PLANS, Intent, guess
from watchkeeper.demo.agent.models import Model, ProviderError
from watchkeeper.demo.agent.modules import ModuleError
from watchkeeper.demo.agent.services import Services

router = APIRouter(prefix="/api/v1")

WORKFLOWS: dict[str, tuple[str, ...]] = {
    "release-notes": ("collect", "summarise"),
    "dependency-update": ("resolve", "test", "propose"),
    "flaky-test-hunt": ("list", "repeat", "compare", "report"),
}


def services(request: Request) -> Services:
    found = request.app.state.services
    if not isinstance(found, Services):
        raise TypeError("the application has not been started")
    return found


Serving = Annotated[Services, Depends(services)]
_bearer = HTTPBearer(auto_error=False)


async def user(serving: Serving, bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> str:
    if bearer is None:
        raise HTTPException(401, "log in first")
    try:
        name = serving.tokens.read(bearer.credentials)
    except InvalidTokenError as error:
        raise HTTPException(401, "this token is not valid any more, log in again") from error
    if name != PROBE:
        serving.presence.note(name)
    return name


User = Annotated[str, Depends(user)]


class Login(BaseModel):
    user: str = Field(min_length=1, max_length=64)


class Token(BaseModel):
    token: str


class Begun(BaseModel):
    id: str


class Ask(BaseModel):
    text: str = Field(min_length=1, max_length=8000)
    intent: Intent | None = None
    model: Model | None = None


class Reply(BaseModel):
    reply: str
    intent: Intent
    missing: tuple[str, ...] = ()
    """Modules whose part of the answer is missing."""


class Said(BaseModel):
    role: str
    text: str


class History(BaseModel):
    id: str
    messages: list[Said]


class Workflow(BaseModel):
    name: str


class Run(BaseModel):
    id: str


@router.post("/login")
async def login(serving: Serving, body: Login, x_watchkeeper_probe: Annotated[str, Header()] = "") -> Token:
    attempts = serving.wk.m.auth_attempts_total
    if body.user == PROBE and not serving.is_probe(x_watchkeeper_probe):
        attempts.inc(outcome="failure")
        raise HTTPException(403, "only the probe may log in as the probe")
    await serving.store.ping()
    attempts.inc(outcome="success")
    return Token(token=serving.tokens.issue(body.user))


@router.post("/conversations")
async def begin(serving: Serving, user: User) -> Begun:
    conversation = await serving.store.begin(user)
    serving.wk.m.conversations_total.inc()
    return Begun(id=conversation.id)


async def own_conversation(serving: Serving, user: User, conversation_id: str) -> Conversation:
    conversation = await serving.store.find(conversation_id, user)
    if conversation is None:
        raise HTTPException(404, "you have no such conversation")
    return conversation


Own = Annotated[Conversation, Depends(own_conversation)]


@router.get("/conversations/{conversation_id}")
async def history(serving: Serving, conversation: Own) -> History:
    messages = await serving.store.recent(conversation.id, limit=100)
    return History(id=conversation.id, messages=[Said(role=message.role, text=message.text) for message in messages])


def question(conversation: Conversation, ask: Ask) -> Question:
    intent = ask.intent or guess(ask.text)
    return Question(conversation.id, conversation.user, ask.text, intent, ask.model or PLANS[intent].model)


@router.post("/conversations/{conversation_id}/messages")
async def message(serving: Serving, conversation: Own, ask: Ask) -> Reply:
    if conversation.user == PROBE:
        await serving.context.recall(conversation.id)
        return Reply(reply="as far as the model's door", intent=Intent.SMALLTALK)
    briefing = await serving.copilot.prepare(question(conversation, ask))
    text = await serving.copilot.answer(briefing)
    return Reply(reply=text, intent=briefing.question.intent, missing=briefing.missing)


@router.post("/conversations/{conversation_id}/messages/stream")
async def message_stream(serving: Serving, conversation: Own, ask: Ask) -> StreamingResponse:
    briefing = await serving.copilot.prepare(question(conversation, ask))
    pieces = await serving.copilot.stream(briefing)
    events = serving.wk.stream(server_sent(serving, briefing, pieces))
    return StreamingResponse(events, media_type="text/event-stream")


async def server_sent(serving: Services, briefing: Briefing, pieces: AsyncGenerator[str]) -> AsyncGenerator[bytes]:
    """The status has been sent when a stream breaks: `wk.failed` tells what the status no longer can."""
    try:
        async with aclosing(pieces):
            async for piece in pieces:
                yield b"data: %b\n\n" % msgspec.json.encode({"text": piece})
    except ProviderError as error:
        serving.wk.failed(dependency=error.provider)
        yield b'event: error\ndata: {"detail":"the model broke off"}\n\n'
    except SQLAlchemyError:
        serving.wk.failed(dependency="database")
        yield b'event: error\ndata: {"detail":"the answer could not be kept"}\n\n'
    else:
        yield b"event: done\ndata: %b\n\n" % msgspec.json.encode({"missing": briefing.missing})


@router.post("/workflows")
async def run_workflow(serving: Serving, user: User, workflow: Workflow) -> Run:
    steps = WORKFLOWS.get(workflow.name)
    if steps is None:
        raise HTTPException(422, f"there is no workflow {workflow.name}; there are {', '.join(WORKFLOWS)}")
    try:
        async with serving.queue.turn():
            run_id = await serving.modules.run_workflow(workflow.name, steps)
    except ModuleError:
        serving.wk.m.workflow_executions_total.inc(outcome="failure")
        raise
    await serving.store.add_run(run_id, user, workflow.name)
    serving.wk.m.workflow_executions_total.inc(outcome="success")
    return Run(id=run_id)
