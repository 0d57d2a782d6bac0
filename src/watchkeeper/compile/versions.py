"""Where the engines' dialects differ, and which version speaks which. What is not listed is alike in all of them."""

import re
from dataclasses import dataclass
from typing import TypeVar


@dataclass(frozen=True, slots=True)
class Collector:
    version: str
    """The first that speaks this dialect."""
    decides_after_root: bool
    """Tail sampling knows `decision_wait_after_root_received` and `maximum_trace_size_bytes`."""
    snake_names: bool
    """`otlp_grpc`, `otlp_http`, `span_metrics`; before, and still understood, `otlp`, `otlphttp`, `spanmetrics`."""


@dataclass(frozen=True, slots=True)
class Jaeger:
    version: str
    rotation: bool
    """Indices are described by `rotation`; before by `date_layout`, `use_aliases` and `use_ilm`."""


@dataclass(frozen=True, slots=True)
class Versions:
    collector: Collector
    jaeger: Jaeger


COLLECTORS = (
    Collector("0.140", decides_after_root=False, snake_names=False),
    Collector("0.145", decides_after_root=True, snake_names=False),
    Collector("0.165", decides_after_root=True, snake_names=True),
)
JAEGERS = (Jaeger("2.13", rotation=False), Jaeger("2.20", rotation=True))

DEFAULT = Versions(COLLECTORS[1], JAEGERS[0])


class UnknownVersionError(ValueError):
    """No dialect is known that such a version speaks."""


_Dialect = TypeVar("_Dialect", Collector, Jaeger)


def _spoken(rows: tuple[_Dialect, ...], version: str) -> _Dialect:
    if re.fullmatch(r"[0-9]{1,4}\.[0-9]{1,4}(?:\.[0-9]{1,4})?", version):
        known = [row for row in rows if _order(row.version) <= _order(version)]
        if known:
            return known[-1]
    raise UnknownVersionError(f"`{version[:40]}` is no version from {rows[0].version} on")


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


def collector(version: str) -> Collector:
    """The newest dialect that a version speaks. Raises UnknownVersionError."""
    return _spoken(COLLECTORS, version)


def jaeger(version: str) -> Jaeger:
    """The newest dialect that a version speaks. Raises UnknownVersionError."""
    return _spoken(JAEGERS, version)
