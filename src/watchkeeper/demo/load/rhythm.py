"""How much traffic there is at which hour."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from watchkeeper.demo.config import DemoConfig

# Share of the peak at each full hour of an office day; the mean is 0.496.
SHARES = (
    *(0.12, 0.10, 0.10, 0.10, 0.11, 0.13, 0.20, 0.35, 0.60, 0.85, 0.97, 1.00),
    *(0.93, 0.97, 1.00, 0.98, 0.90, 0.72, 0.50, 0.38, 0.30, 0.25, 0.19, 0.15),
)
NEWCOMER_SHARE = 0.4
"""A demo started at night shows at least this much."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    peak_rps: float
    start_hour: float
    speed: float = 1.0
    floor: float = 0.0
    """Smallest share of the peak."""

    @classmethod
    def of(cls, config: DemoConfig, now: datetime) -> Self:
        """By the local clock unless the configuration names an hour to begin with."""
        if config.start_hour is not None:
            return cls(config.peak_rps, config.start_hour, config.speed)
        return cls(config.peak_rps, now.hour + now.minute / 60, config.speed, NEWCOMER_SHARE)

    def rate(self, elapsed_seconds: float) -> float:
        """Requests per second, straight lines between the full hours."""
        hour = (self.start_hour + elapsed_seconds * self.speed / 3600) % 24
        before = int(hour)
        share = SHARES[before] + (hour - before) * (SHARES[(before + 1) % 24] - SHARES[before])
        return self.peak_rps * max(share, self.floor)
