"""SQLAlchemy engines: how full their pools are, how long statements take, and which of them fail."""

import re
import time
import weakref
from typing import TYPE_CHECKING

from watchkeeper.sdk.containment import contained
from watchkeeper.sdk.instruments import Counter, Gauge, Histogram
from watchkeeper.sdk.tracing.tracer import Tracer

if TYPE_CHECKING:
    from sqlalchemy import Engine, Pool
    from sqlalchemy.engine import ExceptionContext

_OPERATIONS = frozenset({"select", "insert", "update", "delete"})
_LONGEST = 6
"""All four have six letters."""
_STARTED = "_watchkeeper_started"
_SPAN = "_watchkeeper_span"
_TABLE = re.compile(r"\b(?:from|into|update|join|table)\s+[\"`\[]?([A-Za-z_][\w.]{0,100})", re.IGNORECASE)


def operation_of(statement: object) -> str:
    """By the statement's first word; `other` for what is none of the four, a `WITH` included."""
    word = statement.lstrip()[:_LONGEST].lower() if isinstance(statement, str) else ""
    return word if word in _OPERATIONS else "other"


def table_of(statement: str) -> str:
    """The first table that the statement names; empty when it names none."""
    found = _TABLE.search(statement, 0, 4096)
    return found[1] if found is not None else ""


class Databases:
    """Every engine the service has shown, held weakly."""

    def __init__(
        self, *, active: Gauge, idle: Gauge, limit: Gauge, duration: Histogram, errors: Counter, tracer: Tracer
    ) -> None:
        self._active = active
        self._idle = idle
        self._limit = limit
        self._duration = duration
        self._errors = errors
        self._tracer = tracer
        self._engines: weakref.WeakSet[Engine] = weakref.WeakSet()

    def watch(self, engine: object) -> None:
        """Listen to an engine, once. Raises TypeError for what is none."""
        from sqlalchemy import Engine, event
        from sqlalchemy.ext.asyncio import AsyncEngine

        found = engine.sync_engine if isinstance(engine, AsyncEngine) else engine
        if not isinstance(found, Engine):
            raise TypeError(f"{type(engine).__qualname__} is no SQLAlchemy engine")
        if found in self._engines:
            return
        self._engines.add(found)
        event.listen(found, "before_cursor_execute", self._begin)
        event.listen(found, "after_cursor_execute", self._end)
        event.listen(found, "handle_error", self._failed)

    def measure(self) -> None:
        """All pools together. One that keeps no connections has nothing to say; one without a limit leaves none."""
        pools = [engine.pool for engine in tuple(self._engines) if _asked(engine.pool, "checkedout") is not None]
        for gauge, counts in (
            (self._active, [_asked(pool, "checkedout") for pool in pools]),
            (self._idle, [_asked(pool, "checkedin") for pool in pools]),
            (self._limit, [_most(pool) for pool in pools]),
        ):
            known = [count for count in counts if count is not None]
            if known and len(known) == len(counts):
                gauge.write((), sum(known))

    def internal_error(self, where: str) -> None:
        self._duration.registry.internal_error(f"database.{where.strip('_')}")

    @contained
    def _begin(self, *event: object) -> None:
        # (connection, cursor, statement, parameters, context, executemany), as of the one below
        vars(event[4])[_STARTED] = time.perf_counter()
        self._span_begins(event[0], str(event[2]), event[4])

    @contained
    def _end(self, *event: object) -> None:
        rows = getattr(event[1], "rowcount", None)
        self._span_ends(event[4], rows=rows if isinstance(rows, int) and rows >= 0 else None)
        self._timed(event[4], operation_of(event[2]))

    @contained
    def _failed(self, failure: "ExceptionContext") -> None:
        if failure.statement is None:  # a connection that could not be made, or a broken one that was tried first
            return
        operation = operation_of(failure.statement)
        self._span_ends(failure.execution_context, error=failure.original_exception)
        self._errors.add((operation,))
        self._timed(failure.execution_context, operation)

    @contained
    def _span_begins(self, connection: object, statement: str, context: object) -> None:
        span = self._tracer.step(lambda: self._name(statement))
        if span is not None:
            span.put("db.system.name", getattr(getattr(connection, "dialect", None), "name", "unknown"))
            span.put("db.query.text", statement)
            vars(context)[_SPAN] = span

    def _name(self, statement: str) -> str:
        operation = statement.lstrip().partition(" ")[0].upper()
        return self._tracer.name("database", operation, table_of(statement) or "-")

    @contained
    def _span_ends(self, context: object, *, rows: int | None = None, error: BaseException | None = None) -> None:
        span = vars(context).pop(_SPAN, None) if context is not None else None
        if span is None:
            return
        if rows is not None:
            span.put("db.response.returned_rows", rows)
        self._tracer.finish(span, error)

    def _timed(self, context: object, operation: str) -> None:
        started = vars(context).pop(_STARTED, None) if context is not None else None
        if started is not None:
            self._duration.record((operation,), time.perf_counter() - started)


def _asked(pool: "Pool", question: str) -> int | None:
    ask = getattr(pool, question, None)
    count = ask() if callable(ask) else None
    return count if isinstance(count, int) else None


def _most(pool: "Pool") -> int | None:
    """Size and overflow together; SQLAlchemy has no public word for how much overflow there may be."""
    size, overflow = _asked(pool, "size"), getattr(pool, "_max_overflow", None)
    if not size or not isinstance(overflow, int) or overflow < 0:
        return None
    return size + overflow
