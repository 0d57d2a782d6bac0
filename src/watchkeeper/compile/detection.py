"""How long an alert takes from the first failure to the page, stated beside every alert.

Scrape + what the window needs + evaluation (rounded up to its interval) + `for` + group_wait.
The parts are worst cases, so the sum is a bound.
"""

from dataclasses import dataclass

from watchkeeper import budget, conventions
from watchkeeper.formats.prometheus import Pairs
from watchkeeper.model import Catalog
from watchkeeper.quantity import Duration, plain


@dataclass(frozen=True, slots=True)
class Detection:
    window: Duration
    """What the expression needs to cross its threshold when everything fails."""
    delays: budget.Delays

    @property
    def worst(self) -> Duration:
        return budget.page_time(self.window, self.delays)

    @property
    def words(self) -> str:
        parts = (
            ("scrape", self.delays.scrape),
            ("window", self.window),
            ("evaluation", self.delays.evaluation),
            ("for", self.delays.for_),
            ("group wait", self.delays.group_wait),
        )
        shown = ", ".join(f"{name} {value.words}" for name, value in parts if value)
        return f"at most {self.worst.words} after everything fails ({shown})"

    @property
    def annotations(self) -> Pairs:
        """For people, and for programs that compare."""
        return (("detection", self.words), (conventions.DETECTION_SECONDS, plain(self.worst.seconds)))


def on_critical_path(
    catalog: Catalog, window: Duration, waiting: Duration, labels: Pairs, interval: Duration | None = None
) -> Detection:
    """For rules the compiler writes itself: critical scrape, critical evaluation unless another `interval` is named."""
    intervals = catalog.intervals
    delays = budget.Delays(
        intervals.scrape_critical,
        interval or intervals.rules_critical,
        for_=waiting,
        group_wait=group_wait(catalog, labels),
    )
    return Detection(window, delays)


def group_wait(catalog: Catalog, labels: Pairs) -> Duration:
    """Of the first message: the shortest of all routes that take these labels."""
    waits = (route.timing.group_wait for route in catalog.routing.taking(dict(labels)))
    return min(waits, default=catalog.routing.timing.group_wait)
