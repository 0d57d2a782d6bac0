"""A circuit breaker: what keeps failing is left alone for a while, so that nobody waits for it in vain."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum

FAILURES = 5
"""So many in a row open it."""
PAUSE_SECONDS = 5.0
"""After that one call may try."""


class State(IntEnum):
    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class BreakerOpenError(Exception):
    """The call was not made."""


@dataclass(slots=True)
class Breaker:
    report: Callable[[State], None]
    failure: type[Exception]
    """What counts as one; anything else says nothing about the other side."""
    clock: Callable[[], float] = time.monotonic
    state: State = State.CLOSED
    _failures: int = 0
    _opened: float = 0.0

    def __post_init__(self) -> None:
        self.report(self.state)

    @contextmanager
    def call(self) -> Iterator[None]:
        """Around one call. Raises BreakerOpenError instead of letting it be made."""
        self._admit()
        try:
            yield
        except self.failure:
            self._failed()
            raise
        except BaseException:
            if self.state is State.HALF_OPEN:  # the trial was called off: the next call is the trial
                self._become(State.OPEN)
            raise
        else:
            self._failures = 0
            self._become(State.CLOSED)

    def _admit(self) -> None:
        if self.state is State.CLOSED:
            return
        if self.state is State.HALF_OPEN or self.clock() < self._opened + PAUSE_SECONDS:
            raise BreakerOpenError
        self._become(State.HALF_OPEN)

    def _failed(self) -> None:
        self._failures += 1
        if self.state is State.HALF_OPEN or self._failures >= FAILURES:
            self._opened = self.clock()
            self._become(State.OPEN)

    def _become(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            self.report(state)
