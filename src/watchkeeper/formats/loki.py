"""The parts of Loki's configuration that its own check lets through though they are wrong.

`loki -verify-config` never reads the file of overrides: a selector with a filter in it, five hours of retention or a
misspelt key end the start, or keep the old limits in force without a word when they are reloaded. So they are values.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from watchkeeper.formats.logql import Equals
from watchkeeper.formats.yaml import Tree
from watchkeeper.quantity import Duration

SHORTEST = Duration.of(days=1)
"""https://grafana.com/docs/loki/latest/operations/storage/retention/: 24 h, by the compactor's own check."""


def hours(duration: Duration) -> str:
    """Loki takes days and weeks in some places and not in others; hours everywhere."""
    return f"{int(duration / Duration.of(hours=1))}h"


def _long_enough(period: Duration) -> None:
    if period < SHORTEST:
        raise ValueError(f"Loki keeps nothing for {period.words}: at least {SHORTEST.words}")


@dataclass(frozen=True, slots=True)
class RetentionStream:
    """Streams with these labels; a filter of lines cannot be said here, and Loki would refuse it."""

    labels: tuple[Equals, ...]
    priority: int
    """The highest wins; of two equal ones the shorter period."""
    period: Duration

    def __post_init__(self) -> None:
        _long_enough(self.period)

    def tree(self) -> Tree:
        selector = "{" + ", ".join(map(str, self.labels)) + "}"
        return {"selector": selector, "priority": self.priority, "period": hours(self.period)}


@dataclass(frozen=True, slots=True)
class Overrides:
    """What one tenant has of its own."""

    retention: Duration
    streams: tuple[RetentionStream, ...] = ()
    """Replaces the list of all tenants."""
    deletable: bool = True
    """False: requests to delete lines are refused, and queries may reach back as far as lines are kept."""

    def __post_init__(self) -> None:
        _long_enough(self.retention)
        if len({stream.priority for stream in self.streams}) < len(self.streams):
            raise ValueError("two retention streams of one priority: the shorter period would win")

    def tree(self) -> dict[str, Tree]:
        tree: dict[str, Tree] = {"retention_period": hours(self.retention)}
        if self.streams:
            tree["retention_stream"] = [stream.tree() for stream in self.streams]
        if not self.deletable:
            tree |= {"max_query_length": "0s", "deletion_mode": "disabled"}
        return tree


def overrides(tenants: Mapping[str, Overrides]) -> Tree:
    return {"overrides": {tenant: own.tree() for tenant, own in tenants.items()}}
