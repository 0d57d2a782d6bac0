"""The wall between the SDK and the service: what fails inside is counted, said once, and goes no further."""

import functools
import logging
import threading
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

LOG = logging.getLogger("watchkeeper")

_P = ParamSpec("_P")
_R = TypeVar("_R")


class Contains(Protocol):
    """Anything that can take note of an error inside the SDK. Taking note never raises."""

    def internal_error(self, where: str) -> None: ...


_S = TypeVar("_S", bound=Contains)


def contained(method: Callable[Concatenate[_S, _P], None]) -> Callable[Concatenate[_S, _P], None]:
    """Wrap a method that returns nothing, so that calling it never raises, whatever the arguments are."""
    where = method.__name__

    @functools.wraps(method)
    def call(self: _S, /, *args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            method(self, *args, **kwargs)
        except Exception:  # noqa: BLE001 - the edge of the SDK: nothing raises into the service
            self.internal_error(where)

    return call


def attempt(owner: Contains, where: str, action: Callable[[], _R], otherwise: _R) -> _R:
    """The action's result; `otherwise` when it fails."""
    try:
        return action()
    except Exception:  # noqa: BLE001 - the edge of the SDK: nothing raises into the service
        owner.internal_error(where)
        return otherwise


class SaidOnce:
    """Writes each kind of warning to the log once, so that a failure in a hot path cannot flood it."""

    def __init__(self) -> None:
        self._said: set[str] = set()
        self._speaking = threading.local()

    def warn(self, where: str, text: str, *, error: bool = False) -> None:
        """Never raises; a log handler that calls back into the SDK is not entered twice."""
        if where in self._said or getattr(self._speaking, "now", False):
            return
        self._said.add(where)
        self._speaking.now = True
        try:
            LOG.warning("%s", text, exc_info=error)
        except Exception:  # noqa: BLE001, S110 - a broken log handler of the service is not ours to report
            pass
        finally:
            self._speaking.now = False
