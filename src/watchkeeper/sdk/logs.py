"""JSON log lines: one object a line, with the correlation id, and a counter beside them."""

import logging
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, TextIO

import msgspec

from watchkeeper.sdk.containment import Contains, contained
from watchkeeper.sdk.instruments import Counter
from watchkeeper.sdk.labels import safe_text
from watchkeeper.sdk.requests import CURRENT
from watchkeeper.sdk.tracing.spans import CURRENT_SPAN

Level = Literal["debug", "info", "warn", "error", "fatal"]

_MAX_TEXT = 8192
_OWN_FIELDS = {
    "timestamp",
    "level",
    "message",
    "event",
    "service",
    "version",
    "environment",
    "correlation_id",
    "failed_dependency",
    "excluded_because",
}
_OF_SPANS = frozenset({"trace_id", "span_id"})
"""Ours while there is a span; without one a service that has another tracer may give its own."""
_STANDARD_FIELDS = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
"""What every stdlib record carries; anything else on it came from `extra`."""
OTHER_EVENT = "log"
"""Event of lines that name none: a free text is no label."""


def level_of(number: int) -> Level:
    """Our name of a stdlib level."""
    steps: tuple[tuple[int, Level], ...] = ((50, "fatal"), (40, "error"), (30, "warn"), (20, "info"))
    return next((name for least, name in steps if number >= least), "debug")


class LogWriter:
    """Writes lines to a stream and counts them by event, level and component."""

    def __init__(self, events: Counter, identity: Mapping[str, str], stream: TextIO | None) -> None:
        self._events = events
        self._identity = dict(identity)
        self._stream = stream

    def count(self, event: str, level: Level, component: str) -> None:
        self._events.add((event, level, component))

    def write(self, event: str, level: Level, component: str, message: str, fields: Mapping[str, object]) -> None:
        """The caller's fields never replace ours: those get an underscore behind their name."""
        line = self._line(event, level, component, message, fields)
        stream = self._stream if self._stream is not None else sys.stdout
        try:
            stream.write(line)
            stream.flush()
        except Exception as error:
            self._events.registry.dropped("logs", _why_lost(error))
            raise

    def _line(self, event: str, level: Level, component: str, message: str, fields: Mapping[str, object]) -> str:
        request = CURRENT.get()
        record: dict[str, object] = {
            "timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
            "level": level.upper(),
            "message": message,
            "event": event,
            "component": component,
            **self._identity,
        }
        if request is not None:
            record["correlation_id"] = request.correlation_id
            record.update(request.verdict)
        span = CURRENT_SPAN.get()
        if span is not None:
            record |= {"trace_id": f"{span.trace.id:032x}", "span_id": f"{span.id:016x}"}
        for name, value in fields.items():
            taken = name in _OWN_FIELDS or (name in _OF_SPANS and span is not None)
            record[f"{name}_" if taken else name] = value
        return encoded(record)


def _why_lost(error: Exception) -> Literal["overflow", "refused", "error"]:
    """A pipe that nobody empties is full; a stream that was closed takes nothing more."""
    if isinstance(error, BlockingIOError):
        return "overflow"
    return "refused" if isinstance(error, ValueError) else "error"


def encoded(record: Mapping[str, object]) -> str:
    """One line of JSON, whatever the values are: what cannot be encoded is text, what cannot be shown is named."""
    try:
        return msgspec.json.encode(record, enc_hook=shown).decode() + "\n"
    except Exception:  # noqa: BLE001 - surrogates, cycles, values whose own methods raise
        plain = {shown(name): value if type(value) in {int, bool} else shown(value) for name, value in record.items()}
        return msgspec.json.encode(plain, enc_hook=str).decode() + "\n"


def shown(value: object) -> str:
    """Any object as text: an exception's message, a field's value."""
    try:
        return safe_text(value, _MAX_TEXT)
    except Exception:  # noqa: BLE001 - the object's own `__str__` may raise anything
        return f"<{type(value).__name__} that cannot be shown>"


def formatted(error: BaseException | None) -> str:
    """An exception with the end of its traceback."""
    return "".join(traceback.format_exception(error, limit=-20))[-_MAX_TEXT:] if error is not None else ""


class Logger:
    """Lines of one component. `event` is a short fixed name, which is counted; what varies goes into the fields."""

    def __init__(self, writer: LogWriter, component: str, owner: Contains) -> None:
        self._writer = writer
        self._component = component
        self._owner = owner

    @contained
    def debug(self, event: str, message: str = "", /, **fields: object) -> None:
        self._log("debug", event, message, fields)

    @contained
    def info(self, event: str, message: str = "", /, **fields: object) -> None:
        self._log("info", event, message, fields)

    @contained
    def warn(self, event: str, message: str = "", /, **fields: object) -> None:
        self._log("warn", event, message, fields)

    warning = warn

    @contained
    def error(self, event: str, message: str = "", /, **fields: object) -> None:
        self._log("error", event, message, fields)

    @contained
    def fatal(self, event: str, message: str = "", /, **fields: object) -> None:
        self._log("fatal", event, message, fields)

    @contained
    def exception(self, event: str, message: str = "", /, **fields: object) -> None:
        """An error line with the traceback of the exception being handled."""
        self._log("error", event, message, {**fields, "exception": formatted(sys.exception())})

    def internal_error(self, where: str) -> None:
        self._owner.internal_error(f"logger.{where}")

    def _log(self, level: Level, event: str, message: str, fields: Mapping[str, object]) -> None:
        self._writer.count(event, level, self._component)
        self._writer.write(event, level, self._component, message or event, fields)


class LogHandler(logging.Handler):
    """Takes the lines of stdlib loggers: counts them, and writes them as JSON if `write`.

    A line names its event with `extra={"event": ...}`; its component is the first part of its logger's name.
    """

    def __init__(self, writer: LogWriter, owner: Contains, *, write: bool) -> None:
        super().__init__()
        self._writer = writer
        self._owner = owner
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._emit(record)
        except Exception:  # noqa: BLE001 - the edge of the SDK: logging never raises into the service
            self._owner.internal_error("log_handler")

    def _emit(self, record: logging.LogRecord) -> None:
        extra = {name: value for name, value in record.__dict__.items() if name not in _STANDARD_FIELDS}
        event = str(extra.pop("event", OTHER_EVENT))
        level, component = level_of(record.levelno), record.name.partition(".")[0]
        self._writer.count(event, level, component)
        if self._write:
            if record.exc_info and record.exc_info[1] is not None:
                extra["exception"] = formatted(record.exc_info[1])
            self._writer.write(event, level, component, record.getMessage(), {"logger": record.name, **extra})
