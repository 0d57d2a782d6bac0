"""Catalog in, documents out. Pure: no file is read or written, no clock and no environment looked at."""

from watchkeeper.compile import alertmanager, prometheus, rules, templates
from watchkeeper.compile.document import Document
from watchkeeper.model import Catalog, Deployment

__all__ = ["Document", "build"]


def build(catalog: Catalog, deployment: Deployment) -> tuple[Document, ...]:
    """Every engine's configuration. The rule files and templates do not depend on the deployment."""
    return (
        rules.recording(catalog),
        rules.alerting(catalog),
        prometheus.configuration(catalog, deployment),
        alertmanager.configuration(catalog, deployment),
        templates.templates(),
    )
