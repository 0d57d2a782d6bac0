"""Which lines an alert looks at, asked of Loki in the two shapes lines arrive in, and of the counters in Prometheus."""

from enum import Enum

from watchkeeper import conventions
from watchkeeper.formats import logql
from watchkeeper.formats.logql import Contains, Equals, Json, Stage, Where
from watchkeeper.model import KernelLines, Lines, LogAlert, LogLevel, LogRatio, Logs
from watchkeeper.promql import build
from watchkeeper.promql.nodes import Node, Selector


class Wire(Enum):
    """What an agent sends. The filter of the one finds nothing in the other, and says nothing."""

    OTLP = "the message is the line, everything else structured metadata"
    JSON_BODY = "the line is the JSON as it was written"


def rate_above(logs: Logs, service: str, alert: LogAlert, wire: Wire) -> str:
    """LogQL that gives a series while the alert's condition holds."""
    lines = _lines(logs, service, alert.lines, wire, alert.by)
    if alert.above is None:
        return logql.above(logql.count(lines, alert.over, alert.by), build.number(0).value)
    return logql.above(logql.rate(lines, alert.over, alert.by), alert.above)


def share_above(logs: Logs, service: str, alert: LogAlert, ratio: LogRatio, wire: Wire) -> str:
    part = logql.rate(_lines(logs, service, alert.lines, wire), alert.over)
    whole = logql.rate(_lines(logs, service, ratio.of, wire), alert.over)
    enough = logql.above(whole, ratio.at_least)
    return f"{logql.above(f'{part} / {whole}', ratio.above.value)} and {enough}"


def _lines(logs: Logs, service: str, lines: Lines | KernelLines, wire: Wire, by: tuple[str, ...] = ()) -> logql.Lines:
    if isinstance(lines, KernelLines):
        return logql.Lines((Equals("service_name", (conventions.KERNEL_LOG,)),), (Contains(lines.pattern),))
    streams = (Equals("service_name", (service,)),)
    conditions = [
        Equals(field, values)
        for field, values in (
            _level(logs, lines.levels, wire),
            ("component", lines.components),
            ("event", lines.events),
        )
        if values
    ]
    found: tuple[Stage, ...] = tuple(Where(condition) for condition in conditions)
    if wire is Wire.JSON_BODY and (conditions or by):
        read = dict.fromkeys([condition.name for condition in conditions] + list(by))
        found = (Json(tuple(read)), *found, logql.NO_ERROR)
    return logql.Lines(streams, found)


def _level(logs: Logs, levels: tuple[LogLevel, ...], wire: Wire) -> tuple[str, tuple[str, ...]]:
    """Loki finds a level by itself, in small letters and in the words of whoever wrote it; a field is as written."""
    words = [word for level in levels for word in (level.value.upper(), *logs.numbers(level).aliases)]
    if wire is Wire.OTLP:
        return "detected_level", tuple(word.lower() for word in words)
    return "level", tuple(words)


# --- the counters of the SDK -----------------------------------------------------------------------


def counted(lines: Lines) -> Selector:
    chosen = {"event": lines.events, "level": tuple(lines.levels), "component": lines.components}
    return build.selector(
        conventions.LOG_EVENTS, **{label: build.one_of(*values) for label, values in chosen.items() if values}
    )


def counted_rate(lines: Lines, alert: LogAlert) -> Node:
    return build.sum_by((), build.rate(counted(lines), alert.over))


def counted_any(lines: Lines, alert: LogAlert) -> Node:
    """A counter that is born with its first line has no increase, so one that was not there before counts as well."""
    counter = counted(lines)
    grown = build.compare(build.increase(counter, alert.over), ">", 0)
    born = build.binary("unless", counter, build.earlier(counter, alert.over))
    return build.sum_by((), build.or_(grown, build.compare(born, ">", 0)))
