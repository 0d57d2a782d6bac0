"""LogQL, as far as we write it: values, printed in one place (https://grafana.com/docs/loki/latest/query/).

A query selects streams by their labels, filters lines, counts them over a window and sums. Every count is summed,
because each key of structured metadata would otherwise be a series of its own.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from watchkeeper.quantity import Duration, plain


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


@dataclass(frozen=True, slots=True)
class Equals:
    """A label or field that has one of these values."""

    name: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        if len(self.values) == 1:
            return f"{self.name}={quoted(self.values[0])}"
        return f"{self.name}=~{quoted('|'.join(map(re.escape, self.values)))}"


@dataclass(frozen=True, slots=True)
class Contains:
    """Lines that fit a pattern somewhere."""

    pattern: str

    def __str__(self) -> str:
        return f"|~ {quoted(self.pattern)}"


@dataclass(frozen=True, slots=True)
class Where:
    condition: Equals

    def __str__(self) -> str:
        return f"| {self.condition}"


@dataclass(frozen=True, slots=True)
class Json:
    """Reads these fields out of a line that is JSON. Needs `NO_ERROR` behind it: other lines would fail the query."""

    fields: tuple[str, ...]

    def __str__(self) -> str:
        return f"| json {', '.join(self.fields)}"


Stage: TypeAlias = Contains | Where | Json

NO_ERROR = Where(Equals("__error__", ("",)))


@dataclass(frozen=True, slots=True)
class Lines:
    streams: tuple[Equals, ...]
    """At least one: Loki refuses to look at everything."""
    stages: tuple[Stage, ...] = ()

    def __str__(self) -> str:
        return " ".join(["{" + ", ".join(map(str, self.streams)) + "}", *map(str, self.stages)])


def rate(lines: Lines, window: Duration, by: Iterable[str] = ()) -> str:
    """Lines a second."""
    return _summed(f"rate({lines} [{window.promql}])", by)


def count(lines: Lines, window: Duration, by: Iterable[str] = ()) -> str:
    return _summed(f"count_over_time({lines} [{window.promql}])", by)


def _summed(counted: str, by: Iterable[str]) -> str:
    labels = ", ".join(by)
    return f"sum by ({labels}) ({counted})" if labels else f"sum({counted})"


def above(query: str, threshold: Decimal) -> str:
    return f"{query} > {plain(threshold)}"
