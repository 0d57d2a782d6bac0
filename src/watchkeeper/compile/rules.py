"""The two rule files: groups that record (with the page alerts that read them), and groups that only alert."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from watchkeeper import conventions
from watchkeeper.compile import alerts, log_rules, outage, recordings, slo
from watchkeeper.compile.document import Document
from watchkeeper.compile.linking import linked
from watchkeeper.formats.prometheus import Alerting, Group, Recording, rule_file
from watchkeeper.model import Catalog, Service


@dataclass(frozen=True, slots=True)
class Owned:
    """A group and whose it is. What watches the monitoring itself stands with the first service."""

    service: Service
    group: Group


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of Prometheus. Much is made of them, and they are dear to make: once a build."""

    recording: tuple[Owned, ...]
    alerting: tuple[Owned, ...]

    @property
    def files(self) -> dict[str, tuple[Group, ...]]:
        both = {conventions.RECORDING_RULES_FILE: self.recording, conventions.ALERT_RULES_FILE: self.alerting}
        return {name: tuple(owned.group for owned in groups) for name, groups in both.items()}

    @property
    def documents(self) -> tuple[Document, ...]:
        return tuple(Document(name, rule_file(groups)) for name, groups in self.files.items())

    @property
    def groups(self) -> tuple[Group, ...]:
        return tuple(owned.group for owned in (*self.recording, *self.alerting))

    @property
    def recordings(self) -> tuple[Recording, ...]:
        return tuple(rule for group in self.groups for rule in group.rules if isinstance(rule, Recording))

    @property
    def alerts(self) -> tuple[Alerting, ...]:
        return tuple(alert for _, alert in self.owned_alerts())

    def owned_alerts(self) -> Iterator[tuple[Service, Alerting]]:
        for owned in (*self.recording, *self.alerting):
            yield from ((owned.service, rule) for rule in owned.group.rules if isinstance(rule, Alerting))


def compiled(catalog: Catalog) -> Rules:
    return Rules(tuple(_recording(catalog)), tuple(_alerting(catalog)))


def _recording(catalog: Catalog) -> Iterator[Owned]:
    for part in (_slos, recordings.of_service):
        for service in catalog.services:
            yield from _owned(catalog, service, _apart(catalog, service, part(catalog, service)))


def _slos(catalog: Catalog, service: Service) -> Iterator[Group]:
    """Alerts on all requests join the groups of the objective whose records they read."""
    over_all = outage.over_all_requests(service)
    for objective in service.slos:
        groups = slo.groups(catalog, service, objective)
        if objective is over_all:
            for tempo, alert in outage.joining(catalog, service, objective):
                groups[tempo] = replace(groups[tempo], rules=(*groups[tempo].rules, alert))
        yield from groups.values()


def _alerting(catalog: Catalog) -> Iterator[Owned]:
    for service in catalog.services:
        yield from _owned(catalog, service, _apart(catalog, service, _alerts(catalog, service)))
    yield from _owned(catalog, catalog.services[0], alerts.of_monitoring(catalog))


def _alerts(catalog: Catalog, service: Service) -> Iterator[Group]:
    yield outage.group(catalog, service)
    yield from alerts.of_service(catalog, service)
    yield from log_rules.of_service(catalog, service)


def _owned(catalog: Catalog, service: Service, groups: Iterator[Group]) -> Iterator[Owned]:
    yield from (Owned(service, group) for group in linked(catalog, service, groups))


def told_apart(catalog: Catalog, service: Service) -> dict[str, str]:
    """Rules of several services have the same names: a label tells them apart, which their series have anyway."""
    return {"service": service.name} if len(catalog.services) > 1 else {}


def _apart(catalog: Catalog, service: Service, groups: Iterable[Group]) -> Iterator[Group]:
    own = told_apart(catalog, service)
    for group in groups:
        rules = (replace(rule, labels=tuple((dict(rule.labels) | own).items())) for rule in group.rules)
        yield replace(group, rules=tuple(rules))
