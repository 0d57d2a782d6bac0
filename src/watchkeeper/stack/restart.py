"""How long to wait before a crashed process is started again, and when to give it up."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    first_seconds: float = 0.2
    factor: float = 2.0
    longest_seconds: float = 8.0
    jitter: float = 0.2
    """Each wait is up to this share longer or shorter, so that what died together does not return together."""
    crashes: int = 8
    """So many within the window, and it is given up."""
    crashes_before_ready: int = 3
    """The same for a process that never worked: a wrong configuration does not heal."""
    window_seconds: float = 90.0


def recent(policy: Policy, crashes: tuple[float, ...], now: float) -> tuple[float, ...]:
    """The crashes that still count."""
    return tuple(at for at in crashes if now - at < policy.window_seconds)


def delay(policy: Policy, crashes: int, *, ever_ready: bool, chance: float) -> float | None:
    """Seconds to wait after so many recent crashes, None to give up. `chance` is uniform in [0, 1)."""
    if crashes >= (policy.crashes if ever_ready else policy.crashes_before_ready):
        return None
    plain = min(policy.first_seconds * policy.factor ** (crashes - 1), policy.longest_seconds)
    return plain * (1 + policy.jitter * (2 * chance - 1))
