"""What must make an alert fire, and what must not: series in the notation of promtool, and a moment to look at."""

from dataclasses import dataclass

from watchkeeper.quantity import Duration


@dataclass(frozen=True, slots=True)
class RuleTest:
    alert: str
    labels: tuple[tuple[str, str], ...]
    """Which of the alert's series is meant; empty for any."""
    fires: bool
    idea: str
    series: tuple[tuple[str, str], ...]
    """Name with labels -> values; `service` and `environment` are added by the compiler."""
    every: Duration
    """Between two samples."""
    at: Duration
    """When to look, counted from the first sample."""
