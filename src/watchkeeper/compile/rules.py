"""The two rule files: groups that record (with the page alerts that read them), and groups that only alert."""

from collections.abc import Iterator
from dataclasses import replace

from watchkeeper import conventions
from watchkeeper.compile import alerts, log_rules, outage, recordings, slo
from watchkeeper.compile.document import Document
from watchkeeper.compile.linking import linked
from watchkeeper.formats.prometheus import Group, rule_file
from watchkeeper.model import Catalog, Service


def recording(catalog: Catalog) -> Document:
    return Document(conventions.RECORDING_RULES_FILE, rule_file(recording_groups(catalog)))


def recording_groups(catalog: Catalog) -> tuple[Group, ...]:
    parts = (_slos, recordings.of_service)
    return tuple(
        group
        for part in parts
        for service in catalog.services
        for group in linked(catalog, service, part(catalog, service))
    )


def _slos(catalog: Catalog, service: Service) -> Iterator[Group]:
    """Alerts on all requests join the groups of the objective whose records they read."""
    over_all = outage.over_all_requests(service)
    for objective in service.slos:
        groups = slo.groups(catalog, service, objective)
        if objective is over_all:
            for tempo, alert in outage.joining(catalog, service, objective):
                groups[tempo] = replace(groups[tempo], rules=(*groups[tempo].rules, alert))
        yield from groups.values()


def alerting(catalog: Catalog) -> Document:
    return Document(conventions.ALERT_RULES_FILE, rule_file(alerting_groups(catalog)))


def alerting_groups(catalog: Catalog) -> tuple[Group, ...]:
    own = (group for service in catalog.services for group in linked(catalog, service, _alerts(catalog, service)))
    return (*own, *linked(catalog, catalog.services[0], alerts.of_monitoring(catalog)))


def _alerts(catalog: Catalog, service: Service) -> Iterator[Group]:
    yield outage.group(catalog, service)
    yield from alerts.of_service(catalog, service)
    yield from log_rules.of_service(catalog, service)
