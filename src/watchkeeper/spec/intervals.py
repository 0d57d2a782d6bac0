"""Intervals at which rules are evaluated."""

from collections.abc import Iterator

from watchkeeper.problem import Problem
from watchkeeper.quantity import Duration
from watchkeeper.spec.definitions import Definitions
from watchkeeper.spec.wording import error

LOOKBACK = Duration.of(minutes=5)
"""How far Prometheus looks back for the last sample of a series."""
LONGEST = LOOKBACK / 2
"""With a longer interval one missed evaluation leaves a hole."""


def rules(d: Definitions) -> Iterator[Problem]:
    if d.intervals is None:
        return
    for key, interval in (
        ("rules_critical", d.intervals.rules_critical),
        ("rules_standard", d.intervals.rules_standard),
        ("rules_slow", d.intervals.rules_slow),
    ):
        if interval > LONGEST:
            yield error(
                "bad-interval",
                d.at("intervals", key),
                f"rules every {interval} leave holes between their samples",
                found=f"{key}: {interval}",
                allowed=f"up to {LONGEST}: Prometheus looks back {LOOKBACK}",
                fix="write 2m",
            )
