"""The situation: everything asked at once, what is missing asked once more in the past, and all of it put together."""

from collections.abc import Iterable

from watchkeeper import conventions
from watchkeeper.console.active import active, watchdog
from watchkeeper.console.changes import changes
from watchkeeper.console.definitions import Definitions
from watchkeeper.console.facts import (
    Backend,
    Change,
    Presence,
    Reading,
    Situation,
    SloRow,
    Told,
    present,
)
from watchkeeper.console.questions import (
    NOTHING,
    Measured,
    Notified,
    Remembered,
    measured,
    notified,
    remembered,
)
from watchkeeper.console.sources import Sources, absence
from watchkeeper.console.verdict import ALERTMANAGER, INBOX, PROMETHEUS
from watchkeeper.live.prometheus import Sample
from watchkeeper.model import Catalog

GRACE_SECONDS = 150.0
"""After the start, absence means starting for so long: the slowest rules run every two minutes."""
ARRIVAL_SECONDS = 30.0
"""After the start, a backend that has never answered may still be on its way for so long."""
RECENT = 8
"""Notifications shown."""
STALE_SECONDS = 60.0
"""As old as the watchdog allows."""


def situation(sources: Sources) -> Situation:
    now = sources.clock()
    definitions = sources.definitions()
    catalog = definitions.catalog if definitions else None
    notifying = notified(sources)
    measuring = measured(sources, catalog, now)
    before = remembered(sources, catalog) if _incomplete(measuring, catalog) else Remembered(NOTHING, NOTHING, NOTHING)
    return assembled(sources, now, definitions, measuring, notifying=notifying, before=before)


def _incomplete(measuring: Measured, catalog: Catalog | None) -> bool:
    """Prometheus answers, and some of what it should know is not there."""
    if measuring.fresh.failure is not None:
        return False
    expected = {(service.name, slo.name) for service in catalog.services for slo in service.slos} if catalog else set()
    recorded = [
        one for one in measuring.recorded.value or () if one.labels.get("__name__") == conventions.BUDGET_REMAINING
    ]
    return not measuring.fresh.value or not (
        expected <= _objectives(measuring.counted.value) and expected <= _objectives(recorded)
    )


def _objectives(samples: Iterable[Sample] | None) -> set[tuple[str, str]]:
    return {(one.labels.get("service", ""), one.labels.get("slo", "")) for one in samples or ()}


def assembled(
    sources: Sources,
    now: float,
    definitions: Definitions | None,
    measuring: Measured,
    *,
    notifying: Notified,
    before: Remembered,
) -> Situation:
    starting = now - sources.started < GRACE_SECONDS
    catalog = definitions.catalog if definitions else None
    return Situation(
        at=now,
        environment=sources.environment,
        services=tuple(service.name for service in catalog.services) if catalog else (),
        problems=definitions.problems if definitions else (),
        backends=_backends(sources, now, measuring, notifying, starting=now - sources.started < ARRIVAL_SECONDS),
        freshness=_freshness(measuring, before, now, starting=starting),
        watchdog=watchdog(measuring, notifying),
        probe=_probe(measuring, starting=starting),
        traffic=_traffic(measuring, starting=starting),
        alerts=active(measuring, notifying, definitions, now),
        slos=_slos(definitions, measuring, before, now, starting=starting),
        changes=_changes(measuring, now),
        told=_told(notifying, now),
    )


def _backends(
    sources: Sources, now: float, measuring: Measured, notifying: Notified, *, starting: bool
) -> tuple[Backend, ...]:
    asked = (
        (PROMETHEUS, measuring.vital),
        (ALERTMANAGER, (notifying.alerts,)),
        (INBOX, (notifying.messages,)),
    )
    return tuple(sources.attendance.note(name, now, answers, starting=starting) for name, answers in asked)


def _freshness(measuring: Measured, before: Remembered, now: float, *, starting: bool) -> Reading[float]:
    """When the newest sample was taken, of any process."""
    newest = max((sample.value for sample in measuring.fresh.value or ()), default=None)
    if newest is not None and now - newest <= STALE_SECONDS:
        return present(newest, newest)
    last = newest or max((sample.value for sample in before.fresh.value or ()), default=None)
    if measuring.fresh.failure is None and last is not None and not starting:
        return Reading(Presence.STALE, last, last, "no process has been measured since")
    return absence(measuring.fresh, starting=starting)


def _probe(measuring: Measured, *, starting: bool) -> Reading[float]:
    for sample in measuring.probe.value or ():
        return present(sample.value, sample.timestamp)
    return absence(measuring.probe, starting=starting)


def _traffic(measuring: Measured, *, starting: bool) -> Reading[float]:
    """Requests of the objective that counts most of them: every request belongs to one of availability's classes."""
    samples = measuring.counted.value or ()
    if samples:
        return present(max(sample.value for sample in samples), samples[0].timestamp)
    return absence(measuring.counted, starting=starting)


def _slos(
    definitions: Definitions | None, measuring: Measured, before: Remembered, now: float, *, starting: bool
) -> tuple[SloRow, ...]:
    if definitions is None or definitions.catalog is None:
        return ()
    from watchkeeper.console.standing import Moment, rows  # stands on the compiler, which is slow to load

    return rows(definitions.catalog, measuring, before, Moment(now, starting))


def _changes(measuring: Measured, now: float) -> Reading[tuple[Change, ...]]:
    if measuring.changing.failure is not None:
        return Reading(Presence.BACKEND_DOWN, why=str(measuring.changing.failure))
    return present(changes(measuring.changing.value or ()), now)


def _told(notifying: Notified, now: float) -> Reading[Told]:
    messages = notifying.messages
    if messages.value is None:
        return Reading(Presence.BACKEND_DOWN, why=str(messages.failure))
    pages = sum(message.page for message in messages.value)
    return present(Told(pages, len(messages.value), messages.value[:RECENT]), now)
