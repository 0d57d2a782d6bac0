"""Log lines: how many a request writes, how long a line is, and who keeps it how long."""

import json
from collections.abc import Iterator
from decimal import Decimal

from watchkeeper import measured
from watchkeeper.formats.yaml import Tree
from watchkeeper.model import FieldType, Kept, LogField, Logs, Presence, RetentionClass
from watchkeeper.quantity import Duration
from watchkeeper.report.capacity.figure import Amount, Figure, Section, Unit, grouped, in_bytes
from watchkeeper.report.capacity.load import ENVIRONMENT, Load

_EACH_REQUEST = ("request.completed",)
_EACH_ANSWER = ("llm.request.completed", "message.answered")
"""Beside the line of its request, where a model answers. Every other event is rare as long as the service is well."""
_DAY = Duration.of(days=1)
_A_THOUSAND = Amount.of(1000 / _DAY.seconds, Unit.PER_SECOND)


def section(load: Load, logs: Logs) -> Section:
    lines, bytes_ = lines_per_second(load, logs), line_bytes(logs)
    written = _product(lines, bytes_)
    least, most = per_request(logs)
    figures = (
        Figure(
            "lines",
            lines,
            f"{grouped(load.requests_per_second)} requests/s x {len(least)} ({_named(least)}) to {len(most)}"
            f" ({_named(most)})",
        ),
        Figure("bytes a line", bytes_, "the line's own examples: with what every line has, and with every field"),
        Figure(
            "written a day",
            Amount(written.low * _DAY.seconds, written.high * _DAY.seconds, Unit.BYTES),
            f"{grouped(lines.low)} to {grouped(lines.high)} lines/s x {grouped(bytes_.low)} to {grouped(bytes_.high)} B"
            f" x {grouped(_DAY.seconds)} s",
        ),
        *(figure for kept in _environment(logs) for figure in _kept(kept, lines)),
    )
    return Section("logs", figures, tuple(_rare(logs)))


def per_request(logs: Logs) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The events of a request without and with a model's answer, as far as the definitions have them."""
    known = {event.name for event in logs.events}
    least = tuple(name for name in _EACH_REQUEST if name in known)
    return least, (*least, *(name for name in _EACH_ANSWER if name in known))


def lines_per_second(load: Load, logs: Logs) -> Amount:
    low, high = (load.requests_per_second * len(events) for events in per_request(logs))
    return Amount(low, high, Unit.PER_SECOND)


def line_bytes(logs: Logs) -> Amount:
    always = {Presence.ALWAYS, Presence.REQUEST}
    short = [field for field in logs.line if field.present in always]
    low, high = (len(json.dumps(_example(fields), separators=(",", ":"))) + 1 for fields in (short, logs.line))
    return Amount(Decimal(low), Decimal(high), Unit.BYTES)


def stored(lines: Amount, time: Duration) -> Amount:
    """What Loki has on disk of lines that live so long."""
    low, high = (rate * time.seconds * measured.LOKI_BYTES_PER_LINE for rate in (lines.low, lines.high))
    return Amount(low, high, Unit.BYTES)


def _example(fields: tuple[LogField, ...] | list[LogField]) -> Tree:
    return {field.name: _value(field) for field in fields}


def _value(field: LogField) -> Tree:
    if field.type is FieldType.OBJECT:
        return _example(field.fields)
    if field.type is FieldType.NUMBER:
        number: int | float = json.loads(field.example)
        return number
    return field.example


def _environment(logs: Logs) -> tuple[Kept, ...]:
    """The reference deployment is one environment; what the others serve is not declared."""
    return tuple(kept for kept in logs.retention if kept.environment == ENVIRONMENT)


def _kept(kept: Kept, lines: Amount) -> Iterator[Figure]:
    derivation = f"{grouped(lines.low)} to {grouped(lines.high)} lines/s x {{}} x {measured.LOKI_BYTES_PER_LINE} B"
    yield Figure(f"in Loki, {kept.keep.words}", stored(lines, kept.keep), derivation.format(kept.keep.words))
    if kept.tiers:
        for name, time in (("hot", kept.tiers.hot), ("warm", kept.tiers.warm), ("cold", kept.tiers.cold)):
            yield Figure(f"of it {name}", stored(lines, time), derivation.format(time.words))


def _rare(logs: Logs) -> Iterator[str]:
    """What lives longer is rare, and how rare nobody declared: told for a thousand lines a day."""
    classes = [(stream.match, stream.keep) for kept in _environment(logs) for stream in kept.streams]
    for match, keep in (*classes, ((("retention_class", RetentionClass.AUDIT.value),), logs.audit)):
        named = ", ".join(f"{label} {value}" for label, value in match)
        yield f"Each 1,000 lines a day of {named} are {in_bytes(stored(_A_THOUSAND, keep).high)} after {keep.words}."


def _product(one: Amount, other: Amount) -> Amount:
    return Amount(one.low * other.low, one.high * other.high, Unit.BYTES)


def _named(events: tuple[str, ...]) -> str:
    return ", ".join(events) or "none"
