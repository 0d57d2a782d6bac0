"""The two rule files: groups that record (with the page alerts that read them), and groups that only alert."""

from watchkeeper import conventions
from watchkeeper.compile import alerts, log_rules, outage, recordings, slo
from watchkeeper.compile.document import Document
from watchkeeper.formats.prometheus import Group, rule_file
from watchkeeper.model import Catalog


def recording(catalog: Catalog) -> Document:
    return Document(conventions.RECORDING_RULES_FILE, rule_file(recording_groups(catalog)))


def recording_groups(catalog: Catalog) -> tuple[Group, ...]:
    objectives = (
        group
        for service in catalog.services
        for objective in service.slos
        for group in slo.groups(catalog, service, objective)
    )
    return (*objectives, *recordings.groups(catalog))


def alerting(catalog: Catalog) -> Document:
    return Document(conventions.ALERT_RULES_FILE, rule_file(alerting_groups(catalog)))


def alerting_groups(catalog: Catalog) -> tuple[Group, ...]:
    outages = (outage.group(catalog, service) for service in catalog.services)
    return (*outages, *alerts.groups(catalog), *log_rules.groups(catalog))
