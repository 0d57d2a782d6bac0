"""What the emulator billed, call by call: the other half of every comparison of tokens and cost."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import msgspec

from watchkeeper.demo.providers.call import NOTHING, Provider, Usage

_FILE_LIMIT_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    request_id: str
    provider: Provider
    model: str
    status: int
    stream: bool
    usage: Usage = NOTHING
    delivered: bool = False
    """Whether the client was told what the call used."""


@dataclass(slots=True)
class Total:
    """Everything billed for one model. `usage` is that of delivered calls alone."""

    provider: Provider
    model: str
    calls: int = 0
    delivered: int = 0
    undelivered: int = 0
    """Answered, at least in part, without a word about usage."""
    refused: int = 0
    usage: Usage = field(default_factory=Usage)

    def add(self, entry: Entry) -> None:
        self.calls += 1
        if entry.delivered:
            self.delivered += 1
            self.usage = self.usage.plus(entry.usage)
        elif entry.status == 200:
            self.undelivered += 1
        else:
            self.refused += 1


class Ledger:
    """Totals in memory; each entry also as a line of a file, if one is given."""

    def __init__(self, file: Path | None = None) -> None:
        self.last: Entry | None = None
        self._totals: dict[tuple[Provider, str], Total] = {}
        self._file = file
        self._lines: IO[bytes] | None = None
        self._written = 0

    def __iter__(self) -> Iterator[Total]:
        return iter(sorted(self._totals.values(), key=lambda total: (total.provider, total.model)))

    def add(self, entry: Entry) -> None:
        key = (entry.provider, entry.model)
        self._totals.setdefault(key, Total(*key)).add(entry)
        self.last = entry
        if self._file is not None:
            self._append(self._file, msgspec.json.encode(entry) + b"\n")

    def close(self) -> None:
        if self._lines is not None:
            self._lines.close()
            self._lines = None

    def _append(self, file: Path, line: bytes) -> None:
        if self._lines is None or self._written > _FILE_LIMIT_BYTES:
            self.close()
            if file.exists():
                file.replace(file.with_suffix(".previous.jsonl"))
            self._lines, self._written = file.open("ab", buffering=0), 0
        self._lines.write(line)
        self._written += len(line)
