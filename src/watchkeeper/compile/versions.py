"""Which version of an engine takes which spelling: one table a target, for targets whose output differs.

What does not differ has no row. Loki's files mean the same from 3.5 (the first with stream labels from attributes of a
log record) to 4.0.
"""

import re
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, order=True)
class Version:
    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Of `0.145` or `v0.145.0`; None for anything else."""
        numbers = re.fullmatch(r"v?([0-9]{1,4})\.([0-9]{1,4})(?:\.[0-9]{1,4})?", text)
        return cls(int(numbers[1]), int(numbers[2])) if numbers else None

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


@dataclass(frozen=True, slots=True)
class CollectorWords:
    """What a Collector calls the components that were renamed."""

    since: Version
    file_log: str
    hash_function: str
    """Of the redaction processor."""
    hash_key: bool
    """Whether that function takes a key; without one a pseudonym can be guessed."""


COLLECTOR: tuple[CollectorWords, ...] = (
    CollectorWords(Version(0, 145), "filelog", "sha3", hash_key=False),
    # the old name is a deprecated alias from here on: contrib pull request 46750
    CollectorWords(Version(0, 149), "file_log", "sha3", hash_key=False),
    # the keyed hash came after 0.146; 0.165 is the first it was seen in
    CollectorWords(Version(0, 165), "file_log", "hmac-sha256", hash_key=True),
)
"""Oldest first. Older Collectors lack keys that are always written."""


@dataclass(frozen=True, slots=True)
class Versions:
    """The targets to compile for."""

    collector: Version = COLLECTOR[0].since

    @property
    def collector_words(self) -> CollectorWords:
        """Raises ValueError for a version older than the table."""
        fitting = [words for words in COLLECTOR if words.since <= self.collector]
        if not fitting:
            raise ValueError(f"Collector {self.collector} is older than {COLLECTOR[0].since}")
        return fitting[-1]
