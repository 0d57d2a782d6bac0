"""What a forked child has to renew: locks that nobody will release, threads that are not there, chance."""

import os
import weakref
from random import Random
from typing import Protocol

RANDOM = Random()  # noqa: S311 - it makes ids, and an id is no secret
"""Another sequence in every process."""


class Renewed(Protocol):
    def after_fork(self) -> None: ...


_RENEWED: "weakref.WeakSet[Renewed]" = weakref.WeakSet()


def renew_in_children(part: Renewed) -> None:
    """Call `part.after_fork()` in every child, for as long as the part is there."""
    _RENEWED.add(part)


def _begin_again() -> None:
    RANDOM.seed()
    for part in tuple(_RENEWED):
        part.after_fork()


os.register_at_fork(after_in_child=_begin_again)
