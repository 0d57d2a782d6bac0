"""How long an alert takes from the first failure to the page, stated beside every alert.

Scrape + what the window needs + evaluation (rounded up to its interval) + `for` + group_wait.
The parts are worst cases, so the sum is a bound.
"""

from dataclasses import dataclass

from watchkeeper.model import Catalog, Severity
from watchkeeper.quantity import Duration


@dataclass(frozen=True, slots=True)
class Detection:
    scrape: Duration
    window: Duration
    """What the expression needs to cross its threshold when everything fails."""
    evaluation: Duration
    waiting: Duration
    """`for`."""
    group_wait: Duration

    @property
    def total(self) -> Duration:
        return self.scrape + self.window + self.evaluation + self.waiting + self.group_wait

    @property
    def words(self) -> str:
        parts = (
            ("scrape", self.scrape),
            ("window", self.window),
            ("evaluation", self.evaluation),
            ("for", self.waiting),
            ("group wait", self.group_wait),
        )
        shown = ", ".join(f"{name} {value.words}" for name, value in parts if value)
        return f"at most {self.total.words} after everything fails ({shown})"


def group_wait(catalog: Catalog, labels: tuple[tuple[str, str], ...]) -> Duration:
    """Of the first route that takes these labels."""
    for route in catalog.routing.routes:
        if set(route.match) <= set(labels):
            return route.timing.group_wait
    return catalog.routing.timing.group_wait


def evaluation(catalog: Catalog, severity: Severity) -> Duration:
    """Critical alerts are evaluated on the critical path."""
    intervals = catalog.intervals
    return intervals.rules_critical if severity is Severity.CRITICAL else intervals.rules_standard
