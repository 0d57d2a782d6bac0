"""One thing that is different, and what that means for the people who are told, wait, look or pay."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar


class Meaning(StrEnum):
    """The worst first."""

    BLIND = "blind"
    LATER = "later"
    QUIETER = "quieter"
    LOUDER = "louder"
    DEARER = "dearer"
    EARLIER = "earlier"
    CHEAPER = "cheaper"
    OTHER = "other"


MEANINGS = {
    Meaning.BLIND: "nobody sees it any more",
    Meaning.LATER: "somebody is told later",
    Meaning.QUIETER: "fewer are told, of less, or more seldom",
    Meaning.LOUDER: "more are told, of more, or more often",
    Meaning.DEARER: "it costs more",
    Meaning.EARLIER: "somebody is told earlier",
    Meaning.CHEAPER: "it costs less",
    Meaning.OTHER: "neither",
}
_ORDER = tuple(Meaning)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Change:
    meaning: Meaning
    subject: str
    before: str
    """Empty for what was not there."""
    after: str
    """Empty for what is not there any more."""
    why: str
    """Why it matters."""
    weight: int = 0
    """Within a meaning the heavier stand first."""
    also: tuple[str, ...] = ()
    """Other subjects to which the very same happened."""


def both(say: Callable[[T], str], old: T, new: T) -> tuple[str, str]:
    """Before and after, told alike."""
    return say(old), say(new)


def ordered(changes: Iterable[Change]) -> tuple[Change, ...]:
    """The worst first; what happened alike to several is one change with all their names."""
    alike: dict[tuple[str, str, str, str], list[Change]] = {}
    for change in changes:
        alike.setdefault((change.meaning, change.before, change.after, change.why), []).append(change)
    joined = (_joined(found) for found in alike.values())
    return tuple(sorted(joined, key=lambda change: (_ORDER.index(change.meaning), -change.weight, change.subject)))


def _joined(found: list[Change]) -> Change:
    first, *others = dict.fromkeys(change.subject for change in found)
    return replace(found[0], subject=first, also=tuple(others), weight=max(change.weight for change in found))
