"""What the definitions say about requests: their classes, and the objectives that count them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestClass:
    name: str
    stall_seconds: float
    """A stream silent for longer than this is a bad event."""


@dataclass(frozen=True, slots=True)
class Objective:
    name: str
    request_class: str
    """Only requests of this class count; empty for all."""
    within_seconds: float | None
    """For latency: answered (streams: first useful token) within this. None for availability."""


@dataclass(frozen=True, slots=True)
class Policy:
    service: str
    classes: tuple[RequestClass, ...]
    """The first is the class of requests that nobody assigned to another."""
    objectives: tuple[Objective, ...]
