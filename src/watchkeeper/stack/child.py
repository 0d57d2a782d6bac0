"""What the supervisor has to know of a process: all of it data."""

from dataclasses import dataclass
from enum import IntEnum

from watchkeeper.stack.ready import Ready


class Wave(IntEnum):
    """Who is stopped together, lowest first: those who ask before those who answer, pages until the very end."""

    TRAFFIC = 0
    WATCHERS = 1
    ROUTING = 2
    RECEIVING = 3


@dataclass(frozen=True, slots=True)
class Child:
    name: str
    command: tuple[str, ...]
    ready: Ready
    wave: Wave
    port: int | None = None
    needs: tuple[str, ...] = ()
    """Children that must have been ready once before this one is started."""
    checked: bool = True
    """Whether one that stops answering is restarted. Not the demo's: being ill is its work."""
    patience_seconds: float = 30.0
    """How long it may take to become ready."""
