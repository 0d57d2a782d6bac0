"""Everything a page asks Prometheus, Alertmanager and the inbox, and the answers as they came."""

from dataclasses import dataclass

from watchkeeper import conventions
from watchkeeper.console.facts import Message
from watchkeeper.console.sources import Answer, Sources
from watchkeeper.live.alertmanager import NotifiedAlert, Silence
from watchkeeper.live.prometheus import FiringAlert, Sample, Series
from watchkeeper.model import Catalog
from watchkeeper.quantity import Duration

HOUR = Duration.of(hours=1)
MINUTE = Duration.of(minutes=1)
LOOKED_BACK = Duration.of(hours=3)
CHANGE_STEP = Duration.of(seconds=30)

FRESH = "timestamp(up)"
LAST_FRESH = "max(max_over_time(timestamp(up)[1d:1m]))"
BAD = f'sum by (service, slo) (rate({conventions.SLI_EVENTS}{{outcome="bad"}}[{MINUTE.promql}]))'
COUNTED = f'sum by (service, slo) (rate({conventions.SLI_EVENTS}{{outcome=~"good|bad"}}[{MINUTE.promql}]))'
LAST_COUNTED = f"max by (service, slo) (max_over_time(timestamp({conventions.SLI_TOTAL})[1d:1m]))"
PROBE = f"max({conventions.PROBE_SUCCESS})"

BUILD_INFO = "service_build_info"
PROCESS_START = "process_start_time_seconds"
DEPENDENCY_UP = "dependency_up"
RELOADED = (
    "prometheus_config_last_reload_success_timestamp_seconds",
    "alertmanager_config_last_reload_success_timestamp_seconds",
)
CHANGING = f'{{__name__=~"{"|".join((BUILD_INFO, PROCESS_START, DEPENDENCY_UP, *RELOADED))}"}}'


def recorded(catalog: Catalog) -> str:
    """All recorded values of all objectives, in one query."""
    windows = {HOUR, Duration.of(minutes=5)} | {slo.window for service in catalog.services for slo in service.slos}
    ratios = [conventions.error_ratio(window) for window in sorted(windows)]
    names = "|".join((*ratios, conventions.BUDGET_REMAINING, conventions.HISTORY_COVERAGE))
    return f'{{__name__=~"{names}"}}'


def last_recorded(catalog: Catalog) -> str:
    return f"last_over_time({recorded(catalog)}[1d])"


@dataclass(frozen=True, slots=True)
class Notified:
    """What the places that tell people say."""

    alerts: Answer[tuple[NotifiedAlert, ...]]
    silences: Answer[tuple[Silence, ...]]
    messages: Answer[tuple[Message, ...]]


@dataclass(frozen=True, slots=True)
class Measured:
    """What Prometheus says."""

    alerts: Answer[tuple[FiringAlert, ...]]
    fresh: Answer[tuple[Sample, ...]]
    recorded: Answer[tuple[Sample, ...]]
    bad: Answer[tuple[Sample, ...]]
    counted: Answer[tuple[Sample, ...]]
    probe: Answer[tuple[Sample, ...]]
    changing: Answer[tuple[Series, ...]]

    @property
    def vital(self) -> tuple[Answer[object], ...]:
        """Without these nothing can be said, whatever else is answered."""
        return (self.alerts, self.fresh)


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was true before, asked only where something is missing now."""

    fresh: Answer[tuple[Sample, ...]]
    recorded: Answer[tuple[Sample, ...]]
    counted: Answer[tuple[Sample, ...]]


NOTHING: Answer[tuple[Sample, ...]] = Answer(())


def measured(sources: Sources, catalog: Catalog | None, now: float) -> Measured:
    metrics = sources.metrics
    start = now - float(LOOKED_BACK.seconds)
    step = float(CHANGE_STEP.seconds)
    alerts = sources.ask(metrics.alerts)
    fresh = sources.ask(lambda: metrics.instant(FRESH))
    values = sources.ask(lambda: metrics.instant(recorded(catalog))) if catalog else None
    bad = sources.ask(lambda: metrics.instant(BAD))
    counted = sources.ask(lambda: metrics.instant(COUNTED))
    probe = sources.ask(lambda: metrics.instant(PROBE))
    changing = sources.ask(lambda: metrics.range(CHANGING, start, now, step))
    return Measured(
        alerts.result(),
        fresh.result(),
        values.result() if values else NOTHING,
        bad.result(),
        counted.result(),
        probe.result(),
        changing.result(),
    )


def notified(sources: Sources) -> Notified:
    alerts = sources.ask(sources.notifications.alerts)
    silences = sources.ask(sources.notifications.silences)
    messages = sources.ask(sources.inbox.messages)
    return Notified(alerts.result(), silences.result(), messages.result())


def remembered(sources: Sources, catalog: Catalog | None) -> Remembered:
    metrics = sources.metrics
    fresh = sources.ask(lambda: metrics.instant(LAST_FRESH))
    values = sources.ask(lambda: metrics.instant(last_recorded(catalog))) if catalog else None
    counted = sources.ask(lambda: metrics.instant(LAST_COUNTED))
    return Remembered(fresh.result(), values.result() if values else NOTHING, counted.result())
