"""Declared maintenance, and how long it is believed.

A declaration that somebody forgot would keep every objective and the outage alert silent for ever.
"""

from collections.abc import Callable
from time import monotonic

WORD = "maintenance"
LONGEST_SECONDS = 4 * 3600.0
OVER_AFTER_SECONDS = 15 * 60.0
"""Without a request that declares it for so long, it has ended; the next one begins anew."""


class Maintenance:
    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._began = self._last = -float("inf")

    def believed(self) -> bool:
        """Whether a request that declares it now still counts for nobody: for four hours from the first that did."""
        now = self._clock()
        if now - self._last > OVER_AFTER_SECONDS:
            self._began = now
        self._last = now
        return now - self._began <= LONGEST_SECONDS
