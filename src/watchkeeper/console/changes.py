"""What changed: deploys, restarts, reloaded configurations, dependencies that went away or came back. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise

from watchkeeper.console.facts import Change, Event
from watchkeeper.console.questions import BUILD_INFO, CHANGE_STEP, DEPENDENCY_UP, PROCESS_START, RELOADED
from watchkeeper.live.prometheus import Series

TOGETHER_SECONDS = 60.0
"""A process that starts with a new version, or loads its configuration while it starts, is one change and not two."""
_STEP = float(CHANGE_STEP.seconds)


def changes(series: Iterable[Series]) -> tuple[Change, ...]:
    """Newest first. What was so when the look back begins is no change."""
    by_name: dict[str, list[Series]] = defaultdict(list)
    for one in series:
        by_name[one.labels.get("__name__", "")].append(one)
    deploys = list(_deploys(by_name[BUILD_INFO]))
    restarts = _apart(_renewed(by_name[PROCESS_START], Event.RESTART, "{} restarted"), deploys)
    reloaded = [one for name in RELOADED for one in by_name[name]]
    reloads = _apart(_renewed(reloaded, Event.RELOAD, "{} loaded a new configuration"), restarts)
    found = [change for _, change in (*deploys, *restarts, *reloads)]
    return tuple(sorted((*found, *_flips(by_name[DEPENDENCY_UP])), key=lambda change: -change.at))


_Owned = tuple[str, Change]
"""A change and the service it happened to."""


def _deploys(series: list[Series]) -> Iterator[_Owned]:
    runs = [
        (one.labels.get("service", ""), one.labels.get("version", ""), first, last)
        for one in series
        for first, last in _runs(one)
    ]
    for service, version, first, _ in runs:
        before = [
            (other_last, other)
            for other_service, other, other_first, other_last in runs
            if other_service == service and other != version and other_first < first and other_last > first - 600
        ]
        if before:
            _, previous = max(before)
            yield service, Change(first, Event.DEPLOY, f"{service}: version {previous} → {version}")


def _runs(series: Series) -> Iterator[tuple[float, float]]:
    """First and last time of each stretch without a gap."""
    first: float | None = None
    last = 0.0
    for at, _ in series.points:
        if first is not None and at - last > 2 * _STEP:
            yield first, last
            first = None
        first = at if first is None else first
        last = at
    if first is not None:
        yield first, last


def _renewed(series: Iterable[Series], event: Event, text: str) -> list[_Owned]:
    """A timestamp that grew: what it dates happened again."""
    found = []
    for one in series:
        service = one.labels.get("service", "") or one.labels.get("instance", "a process")
        values = [value for _, value in one.points]
        found += [
            (service, Change(value, event, text.format(service)))
            for before, value in pairwise(values)
            if value > before + 1
        ]
    return found


def _apart(found: list[_Owned], others: list[_Owned]) -> list[_Owned]:
    """Without those that are part of another change of the same service, and each once."""
    kept: list[_Owned] = []
    for service, change in found:
        near = any(
            owner == service and abs(change.at - other.at) < TOGETHER_SECONDS for owner, other in (*others, *kept)
        )
        if not near:
            kept.append((service, change))
    return kept


def _flips(series: Iterable[Series]) -> Iterator[Change]:
    for one in series:
        dependency = one.labels.get("dependency", "")
        for (_, before), (at, value) in pairwise(one.points):
            if (before >= 1) != (value >= 1):
                yield Change(at, Event.DEPENDENCY, f"{dependency} {'answers again' if value >= 1 else 'went down'}")
