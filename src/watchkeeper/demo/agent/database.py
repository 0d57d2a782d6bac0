"""What the copilot remembers for good: conversations, their messages, workflow runs."""

import time
import uuid
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import ForeignKey, delete, event, select, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import ConnectionPoolEntry

CONTEXT_MESSAGES = 8


class Table(DeclarativeBase):
    pass


class Conversation(Table):
    __tablename__ = "conversations"

    id: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str]
    started: Mapped[float]


class Message(Table):
    __tablename__ = "messages"

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    role: Mapped[str]
    text: Mapped[str]
    at: Mapped[float]


class WorkflowRun(Table):
    __tablename__ = "workflow_runs"

    id: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str]
    name: Mapped[str]
    at: Mapped[float]


def connect(file: Path) -> AsyncEngine:
    """An engine on a SQLite file that readers and one writer share without waiting for each other."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{file}", connect_args={"timeout": 2.0})
    event.listen(engine.sync_engine, "connect", _prepare)
    return engine


def _prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for setting in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


class Store:
    """Every method is one transaction and raises SQLAlchemyError when the database does not do its part."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._session = async_sessionmaker(engine, expire_on_commit=False)

    async def create(self) -> None:
        async with self._engine.begin() as connection:
            await connection.run_sync(Table.metadata.create_all)

    async def ping(self) -> None:
        async with self._engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def begin(self, user: str) -> Conversation:
        conversation = Conversation(id=uuid.uuid4().hex, user=user, started=time.time())
        async with self._session.begin() as session:
            session.add(conversation)
        return conversation

    async def find(self, conversation_id: str, user: str) -> Conversation | None:
        """None for other people's conversations, too."""
        async with self._session() as session:
            conversation = await session.get(Conversation, conversation_id)
        return conversation if conversation is not None and conversation.user == user else None

    async def recent(self, conversation_id: str, limit: int = CONTEXT_MESSAGES) -> Sequence[Message]:
        """The newest messages, oldest first."""
        newest = select(Message).where(Message.conversation_id == conversation_id).order_by(Message.id.desc())
        async with self._session() as session:
            rows = (await session.scalars(newest.limit(limit))).all()
        return rows[::-1]

    async def add_turn(self, conversation_id: str, question: str, answer: str) -> None:
        now = time.time()
        async with self._session.begin() as session:
            session.add(Message(conversation_id=conversation_id, role="user", text=question, at=now))
            session.add(Message(conversation_id=conversation_id, role="assistant", text=answer, at=now))

    async def add_run(self, run_id: str, user: str, name: str) -> None:
        async with self._session.begin() as session:
            session.add(WorkflowRun(id=run_id, user=user, name=name, at=time.time()))

    async def forget(self, before: float) -> None:
        """Remove what began before that time."""
        async with self._session.begin() as session:
            await session.execute(delete(Conversation).where(Conversation.started < before))
            await session.execute(delete(WorkflowRun).where(WorkflowRun.at < before))

    async def close(self) -> None:
        await self._engine.dispose()
