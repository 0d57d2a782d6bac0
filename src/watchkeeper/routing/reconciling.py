"""PagerDuty incidents that Alertmanager has opened and will never close.

Alertmanager skips what is inhibited, silenced or outside its hours at the moment it would send, and queues nothing: an
incident whose alert ends at such a moment stays open for ever. This remembers which groups may have been paged, and
says for which of them, gone for long enough, the resolve may have been skipped. A resolve too many changes nothing at
PagerDuty; one too few keeps somebody awake: in doubt it is sent.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from watchkeeper.formats.alertmanager_reading import Configuration, Matcher
from watchkeeper.routing.groups import Delivery, Labels, deliveries
from watchkeeper.routing.inhibition import inhibited_by
from watchkeeper.routing.intervals import sends

SPARE = timedelta(seconds=90)
"""Beyond the group interval, within which Alertmanager sends by itself: a Prometheus repeats what fires every minute,
so after this an alert that is not there has ended, even if Alertmanager has lost its memory in between."""

Key: TypeAlias = tuple[str, str]
"""Receiver and group: what PagerDuty takes for one incident, by its routing key and deduplication key."""


@dataclass(frozen=True, slots=True)
class Incident:
    receiver: str
    group_key: str
    dedup_key: str
    alerts: tuple[Mapping[str, str], ...]
    """Labels of what fired when the group was last seen."""
    group_interval_seconds: float
    paged: bool
    """A page may have been sent."""
    doubtful: bool
    """The resolve, had it been due when last looked or since, may have been skipped."""
    gone_since: datetime | None = None

    @property
    def key(self) -> Key:
        return self.receiver, self.group_key


@dataclass(frozen=True, slots=True)
class Observation:
    """What Alertmanager said at one moment, to be believed: whoever feeds it is alive."""

    at: datetime
    firing: tuple[Mapping[str, str], ...]
    """Labels of all alerts that have not ended, suppressed ones included."""
    silences: tuple[tuple[Matcher, ...], ...]
    """Those in force."""
    continuous: bool
    """Nothing can have happened unseen since the observation before."""


def observe(known: Iterable[Incident], seen: Observation, configuration: Configuration) -> tuple[Incident, ...]:
    """The incidents that may be open after an observation."""
    before = {incident.key: incident for incident in known}
    now = {
        key: _firing(key, group, before.get(key), seen, configuration) for key, group in _groups(seen, configuration)
    }
    gone = (_gone(incident, seen, configuration) for key, incident in before.items() if key not in now)
    return (*now.values(), *(incident for incident in gone if not _closed(incident, seen.at)))


def due(incidents: Iterable[Incident], at: datetime) -> tuple[Incident, ...]:
    """Those to be resolved now."""
    return tuple(incident for incident in incidents if _over(incident, at))


def _closed(incident: Incident, at: datetime) -> bool:
    """It was never opened, or Alertmanager has had the time and the freedom to close it."""
    return _over(incident, at) and not (incident.paged and incident.doubtful)


def _over(incident: Incident, at: datetime) -> bool:
    patience = timedelta(seconds=incident.group_interval_seconds) + SPARE
    return incident.gone_since is not None and at - incident.gone_since >= patience


def _groups(
    seen: Observation, configuration: Configuration
) -> Iterator[tuple[Key, tuple[tuple[Delivery, Labels], ...]]]:
    """What fires at receivers that page, by group."""
    paging = {receiver.name for receiver in configuration.receivers if receiver.pagerduty}
    groups: dict[Key, list[tuple[Delivery, Labels]]] = {}
    for labels in seen.firing:
        for delivery in deliveries(configuration.root, labels):
            if delivery.receiver in paging:
                groups.setdefault((delivery.receiver, delivery.group_key), []).append((delivery, labels))
    return ((key, tuple(group)) for key, group in groups.items())


def _firing(
    key: Key,
    group: Sequence[tuple[Delivery, Labels]],
    before: Incident | None,
    seen: Observation,
    configuration: Configuration,
) -> Incident:
    sent = [_is_sent(delivery, labels, seen, configuration) for delivery, labels in group]
    delivery = group[0][0]
    return Incident(
        receiver=key[0],
        group_key=key[1],
        dedup_key=delivery.dedup_key,
        alerts=tuple(labels for _, labels in group),
        group_interval_seconds=float(delivery.route.group_interval.seconds),
        paged=any(sent) or not seen.continuous or (before is not None and before.paged),
        doubtful=not all(sent),
    )


def _gone(incident: Incident, seen: Observation, configuration: Configuration) -> Incident:
    if not seen.continuous:
        # it may have come and gone again meanwhile: the wait begins anew
        return replace(incident, paged=True, doubtful=True, gone_since=seen.at)
    sent = all(
        any(
            _is_sent(delivery, labels, seen, configuration)
            for delivery in deliveries(configuration.root, labels)
            if (delivery.receiver, delivery.group_key) == incident.key
        )
        for labels in incident.alerts
    )
    return replace(incident, doubtful=incident.doubtful or not sent, gone_since=incident.gone_since or seen.at)


def _is_sent(delivery: Delivery, labels: Labels, seen: Observation, configuration: Configuration) -> bool:
    """Whether Alertmanager would send to the receiver of the route at this moment."""
    silenced = any(all(matcher.holds(labels.get(matcher.name, "")) for matcher in silence) for silence in seen.silences)
    inhibited = inhibited_by(labels, seen.firing, configuration.inhibitions)
    return not silenced and not inhibited and sends(delivery.route, configuration.intervals, seen.at)
