"""Where the engines' dialects differ, and which version speaks which. What is not listed is alike in all of them.

Loki has no row: its files mean the same from 3.5, the first with stream labels from attributes of a log record, to 4.0.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Collector:
    version: str
    """The first that speaks this dialect."""
    decides_after_root: bool
    """Tail sampling knows `decision_wait_after_root_received` and `maximum_trace_size_bytes`."""
    file_log: bool
    """The receiver's name since contrib pull request 46750; before, and for a while still, `filelog`."""
    snake_names: bool
    """`otlp_grpc`, `otlp_http`, `span_metrics`; before, and still understood, `otlp`, `otlphttp`, `spanmetrics`."""
    keyed_hash: bool
    """The redaction processor hashes with a key; without one a pseudonym can be guessed."""


@dataclass(frozen=True, slots=True)
class Jaeger:
    version: str
    rotation: bool
    """Indices are described by `rotation`; before by `date_layout`, `use_aliases` and `use_ilm`."""


@dataclass(frozen=True, slots=True)
class Versions:
    """The dialects to compile for."""

    collector: Collector
    jaeger: Jaeger


COLLECTORS = (
    Collector("0.140", decides_after_root=False, file_log=False, snake_names=False, keyed_hash=False),
    Collector("0.145", decides_after_root=True, file_log=False, snake_names=False, keyed_hash=False),
    Collector("0.149", decides_after_root=True, file_log=True, snake_names=False, keyed_hash=False),
    # snake names and the key came between 0.146 and 0.165, the first they were seen in
    Collector("0.165", decides_after_root=True, file_log=True, snake_names=True, keyed_hash=True),
)
JAEGERS = (Jaeger("2.13", rotation=False), Jaeger("2.20", rotation=True))
"""Oldest first, both."""

DEFAULT = Versions(COLLECTORS[1], JAEGERS[0])


class UnknownVersionError(ValueError):
    """No version, or older than any dialect listed."""


def collector(version: str) -> Collector:
    """The dialect of a Collector, as `0.145` or `v0.145.0`."""
    asked = numbers(version)
    fitting = [each for each in COLLECTORS if asked and numbers(each.version) <= asked]
    if not fitting:
        raise UnknownVersionError(f"`{version}` is no version of a Collector from {COLLECTORS[0].version} on")
    return fitting[-1]


def jaeger(version: str) -> Jaeger:
    """The dialect of a Jaeger, likewise."""
    asked = numbers(version)
    fitting = [each for each in JAEGERS if asked and numbers(each.version) <= asked]
    if not fitting:
        raise UnknownVersionError(f"`{version}` is no version of Jaeger from {JAEGERS[0].version} on")
    return fitting[-1]


def numbers(version: str) -> tuple[int, ...]:
    """Major and minor; empty for anything else."""
    found = re.fullmatch(r"v?([0-9]{1,4})\.([0-9]{1,4})(?:\.[0-9]{1,4})?", version)
    return (int(found[1]), int(found[2])) if found else ()
