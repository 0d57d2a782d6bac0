"""Whose metric names a service speaks, where they are not ours: what its series are called here."""

from dataclasses import dataclass
from enum import StrEnum

Pairs = tuple[tuple[str, str], ...]


class Part(StrEnum):
    """Which scrape renames a series. One series may become several of ours only in different scrapes."""

    STANDARD = "standard"
    COPY = "copy"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Renamed:
    source: str
    when: Pairs
    """Label -> pattern, anchored; an empty pattern means that the label is not there."""
    target: str
    labels: Pairs
    """Labels to set."""
    part: Part


@dataclass(frozen=True, slots=True)
class Dialect:
    name: str
    help: str
    labels: Pairs
    """Their label -> ours."""
    families: Pairs
    """Their histogram -> ours."""
    series: tuple[Renamed, ...]

    @property
    def spoken(self) -> frozenset[str]:
        """Metrics of ours that a service with this dialect has."""
        return frozenset(target for _, target in self.families) | {renamed.target for renamed in self.series}
