"""How much a customer may ask of a provider: buckets that fill all the time, as the vendors' do."""

import time
from collections.abc import Callable
from dataclasses import dataclass

_MINUTE = 60.0


@dataclass(slots=True)
class Bucket:
    limit: int
    """So much fits, and so much comes back in a minute."""
    clock: Callable[[], float] = time.monotonic
    _missing: float = 0.0
    _at: float = 0.0

    @property
    def left(self) -> int:
        self._fill()
        return int(self.limit - self._missing)

    @property
    def full_in(self) -> float:
        """Seconds until nothing is missing."""
        self._fill()
        return self._missing / self.limit * _MINUTE

    def take(self, amount: int) -> None:
        """Never more than there is: what was promised is answered, and the next one waits."""
        self._fill()
        self._missing = min(self._missing + amount, self.limit)

    def _fill(self) -> None:
        now = self.clock()
        self._missing = max(0.0, self._missing - (now - self._at) * self.limit / _MINUTE)
        self._at = now


@dataclass(frozen=True, slots=True)
class Allowance:
    requests: Bucket
    tokens: Bucket

    @property
    def used_up(self) -> bool:
        return self.requests.left < 1 or self.tokens.left < 1
