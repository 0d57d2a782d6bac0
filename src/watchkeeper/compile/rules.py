"""The two rule files: groups that record (with the page alerts that read them), and groups that only alert."""

from watchkeeper import conventions
from watchkeeper.compile import alerts, outage, recordings, slo
from watchkeeper.compile.document import Document
from watchkeeper.formats.prometheus import rule_file
from watchkeeper.model import Catalog


def recording(catalog: Catalog) -> Document:
    groups = [
        group
        for service in catalog.services
        for objective in service.slos
        for group in slo.groups(catalog, service, objective)
    ]
    return Document(conventions.RECORDING_RULES_FILE, rule_file([*groups, *recordings.groups(catalog)]))


def alerting(catalog: Catalog) -> Document:
    outages = [outage.group(catalog, service) for service in catalog.services]
    return Document(conventions.ALERT_RULES_FILE, rule_file([*outages, *alerts.groups(catalog)]))
