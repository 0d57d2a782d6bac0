"""Good, bad or excluded: every request is exactly one of them for each objective that counts it."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    GOOD = "good"
    BAD = "bad"
    EXCLUDED = "excluded"


class Ending(StrEnum):
    """How a request came to its end, as the service's outermost layer sees it."""

    COMPLETE = "complete"
    """The last byte was handed to the server."""
    RAISED = "raised"
    """An exception nobody handled, or a cancellation from outside."""
    CUT = "cut"
    """The service stopped talking before the answer was complete."""
    LEFT = "left"
    """The client closed the connection before the answer was complete."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a request when it is judged."""

    ending: Ending
    status: int | None
    """None while no response has begun."""
    elapsed: float
    """Seconds from the request to its ending."""
    streamed: bool = False
    first_useful: float | None = None
    """Seconds from the request to the first useful token of a streamed answer."""
    stalled: bool = False
    """The stream was silent for longer than its class allows."""
    failed: bool = False
    """The service itself says so: `wk.failed()`, or an error event within the stream."""
    excluded: bool = False
    """The service itself says so: `wk.exclude()`."""


def gave_up(facts: Facts, threshold: float | None) -> bool:
    """The client left before anything useful came, later than its class promises an answer: people leave what hangs."""
    began = facts.first_useful is not None if facts.streamed else facts.status is not None
    return facts.ending is Ending.LEFT and not began and threshold is not None and facts.elapsed > threshold


def availability(facts: Facts, threshold: float | None) -> Outcome:
    """The outcome for the availability objective; `threshold`: seconds of the class's latency objective, if any."""
    if facts.excluded:
        return Outcome.EXCLUDED
    if _broke(facts) or gave_up(facts, threshold):
        return Outcome.BAD
    if facts.ending is Ending.LEFT or 400 <= (facts.status or 0) < 500:
        return Outcome.EXCLUDED
    incomplete = facts.ending is Ending.CUT or facts.status is None
    empty = facts.streamed and facts.first_useful is None
    return Outcome.BAD if incomplete or empty else Outcome.GOOD


def _broke(facts: Facts) -> bool:
    return facts.failed or facts.stalled or facts.ending is Ending.RAISED or (facts.status or 0) >= 500


def waited(facts: Facts, threshold: float | None) -> float | None:
    """Seconds that count for latency: to the first useful token where an answer streams, else to the last byte.

    Only good requests count, and those whose client gave up waiting; None for all others. A failure is counted once, by
    availability.
    """
    judged = availability(facts, threshold)
    if judged is Outcome.BAD and gave_up(facts, threshold):
        return facts.elapsed
    if judged is not Outcome.GOOD:
        return None
    return facts.first_useful if facts.streamed and facts.first_useful is not None else facts.elapsed


def latency(facts: Facts, threshold: float) -> Outcome:
    """The outcome for a latency objective."""
    seconds = waited(facts, threshold)
    if seconds is None:
        return Outcome.EXCLUDED
    return Outcome.GOOD if seconds <= threshold else Outcome.BAD
