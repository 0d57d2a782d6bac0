"""Engines of SQLAlchemy, the real one: pools, statements and errors, and that nothing changes for the service."""

import asyncio
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool, QueuePool

from sdk_bench import Wk, internal_errors, of, samples, watched
from watchkeeper.sdk.databases import operation_of


@pytest.fixture
def wk() -> Iterator[Wk]:
    with watched() as process:
        yield process


@pytest.fixture
def engine(wk: Wk, tmp_path: Path) -> Iterator[Engine]:
    made = create_engine(f"sqlite:///{tmp_path / 'one.db'}", poolclass=QueuePool, pool_size=3, max_overflow=2)
    assert wk.database(made) is made
    yield made
    made.dispose()


def pool_of(wk: Wk) -> tuple[float | None, ...]:
    """Active, idle and most connections; None for a gauge without a sample."""
    found = samples(wk)
    return tuple(found.get(f"db_connections_{name}") for name in ("active", "idle", "max"))


def statements(wk: Wk) -> dict[str, float]:
    return _by_operation(wk, "db_query_duration_seconds_count")


def errors(wk: Wk) -> dict[str, float]:
    return _by_operation(wk, "db_errors_total")


def _by_operation(wk: Wk, name: str) -> dict[str, float]:
    return {labels.split('"')[1]: value for labels, value in of(wk, name).items()}


def test_a_pool_of_three_and_two(wk: Wk, engine: Engine) -> None:
    assert pool_of(wk) == (0, 0, 5)
    first, second = engine.connect(), engine.connect()
    assert pool_of(wk) == (2, 0, 5)
    first.close()
    assert pool_of(wk) == (1, 1, 5)
    second.close()
    assert pool_of(wk) == (0, 2, 5)


def test_a_pool_made_anew_is_the_one_that_counts(wk: Wk, engine: Engine) -> None:
    with engine.connect():
        pass
    engine.dispose()
    assert pool_of(wk) == (0, 0, 5)


def test_several_engines_count_together(wk: Wk, engine: Engine) -> None:
    other = wk.database(create_engine("sqlite://", poolclass=QueuePool, pool_size=1, max_overflow=0))
    with engine.connect(), other.connect():
        assert pool_of(wk) == (2, 0, 6)
    other.dispose()
    del other
    gc.collect()
    assert pool_of(wk) == (0, 1, 5)


def test_a_pool_without_a_limit_leaves_none(wk: Wk) -> None:
    made = wk.database(create_engine("sqlite://", poolclass=QueuePool, pool_size=1, max_overflow=-1))
    assert pool_of(wk) == (0, 0, None)
    made.dispose()


def test_a_pool_that_keeps_nothing_says_nothing(wk: Wk, tmp_path: Path) -> None:
    made = wk.database(create_engine(f"sqlite:///{tmp_path / 'none.db'}", poolclass=NullPool))
    assert pool_of(wk) == (None, None, None)
    with made.connect() as connection:
        connection.execute(text("SELECT 1"))
    assert statements(wk) == {"select": 1}


def test_statements_are_timed_by_operation(wk: Wk, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)"))
        connection.execute(text("INSERT INTO t (a) VALUES (:a)"), [{"a": "x"}, {"a": "y"}])
        connection.execute(text("\n  update t SET a = 'z'"))
        connection.execute(text("SELECT * FROM t")).all()
        connection.execute(text("WITH s AS (SELECT 1 AS a) SELECT a FROM s")).all()
        connection.execute(text("DELETE FROM t"))
    assert statements(wk) == {"insert": 1, "update": 1, "select": 1, "delete": 1, "other": 2}
    assert 0 < sum(of(wk, "db_query_duration_seconds_sum").values()) < 5
    assert errors(wk) == {}


def test_refused_statements_are_errors_and_are_timed_too(wk: Wk, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (id INTEGER PRIMARY KEY)"))
        connection.execute(text("INSERT INTO t VALUES (1)"))
    with engine.connect() as connection:
        with pytest.raises(IntegrityError):
            connection.execute(text("INSERT INTO t VALUES (1)"))
        with pytest.raises(OperationalError):
            connection.execute(text("SELECT * FROM missing"))
    assert errors(wk) == {"insert": 1, "select": 1}
    assert statements(wk) == {"other": 1, "insert": 2, "select": 1}


def test_a_statement_that_never_reached_the_driver_leaves_nothing_behind(wk: Wk, engine: Engine) -> None:
    """Another listener refuses it after ours began to count. SQLAlchemy 2.1 calls that an error of the statement."""

    def refuse(*_: object) -> None:
        raise LookupError("not today")

    event.listen(engine, "before_cursor_execute", refuse)
    with engine.connect() as connection:
        for _ in range(3):
            with pytest.raises(LookupError):
                connection.execute(text("SELECT 1"))
        event.remove(engine, "before_cursor_execute", refuse)
        connection.execute(text("SELECT 1"))
    assert errors(wk) == {"select": 3}
    assert statements(wk) == {"select": 4}


def test_an_asynchronous_engine(wk: Wk, tmp_path: Path) -> None:
    async def scene() -> None:
        made: AsyncEngine = wk.database(create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'two.db'}"))
        async with made.connect() as connection:
            await connection.execute(text("SELECT 1"))
            assert pool_of(wk)[0] == 1
            with pytest.raises(OperationalError):
                await connection.execute(text("SELECT * FROM missing"))
        await made.dispose()

    asyncio.run(scene())
    assert statements(wk) == {"select": 2}
    assert errors(wk) == {"select": 1}


def test_an_engine_shown_twice_counts_once(wk: Wk, engine: Engine) -> None:
    wk.database(engine)
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        assert pool_of(wk)[0] == 1
    assert statements(wk) == {"select": 1}


def test_errors_of_ours_do_not_reach_the_service(wk: Wk, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watchkeeper.sdk.databases.operation_of", lambda _: 1 / 0)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
        with pytest.raises(OperationalError):
            connection.execute(text("SELECT * FROM missing"))
    assert internal_errors(wk) == {'{where="database.end"}': 1, '{where="database.failed"}': 1}


def test_what_is_no_engine_is_handed_back(wk: Wk) -> None:
    assert wk.database("postgresql://") == "postgresql://"
    assert internal_errors(wk) == {'{where="database"}': 1}


@pytest.mark.parametrize(
    ("statement", "operation"),
    [("SELECT 1", "select"), ("  Insert into t", "insert"), ("selection", "select"), ("", "other"), (None, "other")],
)
def test_operations(statement: object, operation: str) -> None:
    assert operation_of(statement) == operation
