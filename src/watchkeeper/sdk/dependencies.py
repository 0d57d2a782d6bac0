"""Is what the service needs there? Asked in the background, with a time limit: a check that hangs is a "no"."""

import asyncio
import inspect
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError

from watchkeeper.sdk.instruments import Gauge

Check = Callable[[], object]
"""Called again and again. Up when it returns (or its awaitable does) anything but False, down when it raises."""


class HostLoop:
    """The service's event loop, once the first request or the start-up has shown it."""

    def __init__(self) -> None:
        self._known = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def seen(self, loop: asyncio.AbstractEventLoop) -> None:
        if loop is not self._loop:
            self._loop = loop
            self._known.set()

    def wait(self, seconds: float) -> asyncio.AbstractEventLoop | None:
        self._known.wait(seconds)
        return None if self._loop is None or self._loop.is_closed() else self._loop


class Dependency:
    """One check in a thread of its own. An asynchronous check is awaited on the service's event loop."""

    def __init__(self, name: str, check: Check, *, every: float, timeout: float, loop: HostLoop) -> None:
        self.name = name
        self._check = check
        self._every = max(0.05, every)
        self._timeout = max(0.05, timeout)
        self._loop = loop
        self._up: bool | None = None
        self._asked: float | None = None
        """When the check that is running now was begun."""
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watchkeeper-check-{name}"[:60], daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stopped.set()

    @property
    def up(self) -> bool | None:
        """None before the first answer."""
        asked = self._asked
        if asked is not None and time.monotonic() - asked > self._timeout:
            return False
        return self._up

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._up = self._ask()
            except Exception:  # noqa: BLE001 - whatever the check raises, that is its answer
                self._up = False
            finally:
                self._asked = None
            self._stopped.wait(self._every)

    def _ask(self) -> bool | None:
        self._asked = time.monotonic()
        answer = self._check()
        if inspect.isawaitable(answer):
            self._asked = None
            return self._awaited(answer)
        return answer is not False

    def _awaited(self, answer: Awaitable[object]) -> bool | None:
        """The last answer stands while the service's loop is not there, or too busy to begin."""
        visit = _Visit(answer)
        loop = self._loop.wait(self._timeout)
        coroutine = visit.make()
        try:
            if loop is None:
                raise RuntimeError("the service's loop is not there")
            future = asyncio.run_coroutine_threadsafe(coroutine, loop)
        except RuntimeError:
            coroutine.close()
            visit.call_off()
            return self._up
        try:
            return future.result(self._timeout) is not False
        except CancelledError:  # the service is stopping
            visit.call_off()
            return self._up
        except TimeoutError:
            called_off = visit.call_off()
            future.cancel()
            if loop.is_closed():  # it took our coroutine along
                coroutine.close()
            return self._up if called_off else False


class _Visit:
    """One awaiting of a check's answer: it either begins on the loop or is called off by us, never both."""

    def __init__(self, answer: Awaitable[object]) -> None:
        self._answer = answer
        self._decision = threading.Lock()
        self._called_off = False
        self.begun = False

    async def make(self) -> object:
        with self._decision:
            if self._called_off:
                return None
            self.begun = True
        return await self._answer

    def call_off(self) -> bool:
        """False when it has begun."""
        with self._decision:
            self._called_off = not self.begun
        if self._called_off and inspect.iscoroutine(self._answer):
            self._answer.close()
        return self._called_off


class Dependencies:
    """All checks of a service, and the gauge that shows them."""

    def __init__(self, gauge: Gauge, loop: HostLoop) -> None:
        self._gauge = gauge
        self._loop = loop
        self._checks: dict[str, Dependency] = {}

    def watch(self, name: str, check: Check, *, every: float, timeout: float) -> None:
        """Begin to check. A second check of the same name replaces the first."""
        before = self._checks.get(name)
        if before is not None:
            before.close()
        self._checks[name] = Dependency(name, check, every=every, timeout=timeout, loop=self._loop)
        self._checks[name].start()

    def measure(self) -> None:
        for name, dependency in tuple(self._checks.items()):
            up = dependency.up
            if up is not None:
                self._gauge.write((name,), 1.0 if up else 0.0)

    def close(self) -> None:
        for dependency in self._checks.values():
            dependency.close()
