"""How many things may happen in a time, by name."""

from collections import deque
from collections.abc import Callable
from time import monotonic


class Rate:
    """At most `limit` in any `seconds`, for each name. Not for threads."""

    def __init__(self, limit: int, seconds: float, clock: Callable[[], float] = monotonic) -> None:
        self._limit = limit
        self._seconds = seconds
        self._clock = clock
        self._taken: dict[str, deque[float]] = {}

    def take(self, name: str) -> bool:
        """True when one more is within the rate; it is then counted."""
        now = self._clock()
        taken = self._taken.setdefault(name, deque())
        while taken and now - taken[0] >= self._seconds:
            taken.popleft()
        if len(taken) >= self._limit:
            return False
        taken.append(now)
        return True
