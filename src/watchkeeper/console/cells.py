"""A reading in words: its value, or why there is none. One wording for every page and format."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from watchkeeper.console import words
from watchkeeper.console.facts import ActiveAlert, Presence, Reach, Reading

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    presence: Presence
    why: str = ""


def cell(reading: Reading[T], shown: Callable[[T], str], now: float) -> Cell:
    match reading.presence:
        case Presence.PRESENT if reading.value is not None:
            return Cell(shown(reading.value), Presence.PRESENT)
        case Presence.STALE:
            last = f"{shown(reading.value)}, " if reading.value is not None else ""
            age = words.lasting(max(0.0, now - reading.at)) if reading.at is not None else "long"
            return Cell(f"{last}{age} ago", Presence.STALE, reading.why)
        case Presence.IDLE:
            return Cell("no requests", Presence.IDLE, reading.why)
        case Presence.STARTING:
            return Cell("starting", Presence.STARTING, reading.why)
        case Presence.BACKEND_DOWN:
            return Cell("no answer", Presence.BACKEND_DOWN, reading.why)
        case _:
            return Cell("never seen", Presence.NEVER_SEEN, reading.why)


def value(alert: ActiveAlert) -> str:
    """`38 % failing`; empty when only Alertmanager is left, which keeps no values."""
    if alert.value is None:
        return ""
    shown = words.amount(alert.value, alert.unit) if alert.unit else words.number(alert.value)
    return f"{shown} {alert.value_means}".rstrip()


def reach(alert: ActiveAlert, channels: Callable[[str], str]) -> str:
    """Who is told, or why nobody is."""
    muted = "; ".join(alert.muted_by)
    later = ", ".join(map(channels, alert.resting))
    match alert.reach:
        case Reach.SENT_ON:
            said = f"told: {', '.join(map(channels, alert.receivers))}" + (
                f"; not at this hour: {later}" if later else ""
            )
        case Reach.RESTING:
            said = f"nobody is told at this hour: {later}"
        case Reach.INHIBITED:
            said = f"nobody is told: explained by {muted}" if muted else "nobody is told: inhibited"
        case Reach.SILENCED:
            said = f"nobody is told: {muted}" if muted else "nobody is told: silenced"
        case Reach.ON_ITS_WAY:
            said = "on its way to Alertmanager"
        case Reach.UNKNOWN:
            said = "unknown: Alertmanager does not answer"
        case Reach.SHOWN_ONLY:
            said = "nobody is told yet" if alert.phase == "pending" else "shown here only"
    return said
