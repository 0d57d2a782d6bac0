"""What the console asks, as narrow protocols: the real clients fit them, and so do fakes."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Generic, Protocol, TypeVar

from watchkeeper.console.definitions import Definitions
from watchkeeper.console.facts import Backend, Health, Message, Presence, Reading
from watchkeeper.live.alertmanager import NotifiedAlert, Silence
from watchkeeper.live.errors import LiveError
from watchkeeper.live.prometheus import FiringAlert, Sample, Series

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Metrics(Protocol):
    """`live.prometheus.Prometheus`, as far as it is used here."""

    def instant(self, query: str) -> tuple[Sample, ...]: ...

    def range(self, query: str, start: float, end: float, step: float) -> tuple[Series, ...]: ...

    def alerts(self) -> tuple[FiringAlert, ...]: ...


class Notifications(Protocol):
    """`live.alertmanager.Alertmanager`, as far as it is used here."""

    def alerts(self) -> tuple[NotifiedAlert, ...]: ...

    def silences(self) -> tuple[Silence, ...]: ...


class Inbox(Protocol):
    def messages(self) -> tuple[Message, ...]:
        """Newest first."""
        ...


@dataclass(frozen=True, slots=True)
class Answer(Generic[T_co]):
    """What a backend said, or why it said nothing."""

    value: T_co | None
    failure: LiveError | None = None


def absence(answer: Answer[object], *, starting: bool) -> Reading[T]:
    """The reason why something asked for now is not there, when nothing is known of it in the past."""
    if answer.failure is not None:
        return Reading(Presence.BACKEND_DOWN, why=str(answer.failure))
    if starting:
        return Reading(Presence.STARTING, why="the first value comes within two minutes of the start")
    return Reading(Presence.NEVER_SEEN, why="no such value has ever arrived; is the service instrumented and scraped?")


class Attendance:
    """When each backend answered last. Kept in memory only: after a restart nothing is claimed."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def note(self, name: str, at: float, answers: tuple[Answer[object], ...], *, starting: bool) -> Backend:
        """The state of one backend from its answers to what it must always be able to answer."""
        failure = next((answer.failure for answer in answers if answer.failure is not None), None)
        if failure is None:
            self._last[name] = at
            return Backend(name, Health.UP, last_answer=at)
        health = Health.STARTING if starting and name not in self._last else Health.DOWN
        return Backend(name, health, str(failure), self._last.get(name))


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything a page reads. `definitions` answers None while they are being read."""

    metrics: Metrics
    notifications: Notifications
    inbox: Inbox
    definitions: Callable[[], Definitions | None]
    clock: Callable[[], float]
    zone: tzinfo
    environment: str
    started: float
    attendance: Attendance = field(default_factory=Attendance)
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(8, "console"))

    def ask(self, question: Callable[[], T]) -> "Future[Answer[T]]":
        """Asks in a thread; a failure to answer is an answer."""

        def answer() -> Answer[T]:
            try:
                return Answer(question())
            except LiveError as error:
                return Answer(None, error)

        return self.threads.submit(answer)
