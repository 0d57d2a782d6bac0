"""How the stack speaks to whoever started it: one line at a time, with a tone that a terminal may show."""

from enum import StrEnum
from typing import Protocol


class Tone(StrEnum):
    QUIET = "quiet"
    GOOD = "good"
    BAD = "bad"


class Say(Protocol):
    def __call__(self, text: str, tone: Tone = Tone.QUIET) -> None: ...


class Refusal(Exception):  # noqa: N818 - not a failure of the program: a sentence for its user
    """What was asked cannot be done; the text says why and what to do."""
