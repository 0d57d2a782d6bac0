"""Catalog in, documents out. Pure: no file is read or written, no clock and no environment looked at."""

from watchkeeper.compile import (
    alertmanager,
    examples,
    grafana,
    guide,
    kubernetes,
    logs,
    metrics_catalog,
    prometheus,
    rule_tests,
    rules,
    runbooks,
    sli_slo,
    templates,
    tracing,
)
from watchkeeper.compile.document import Document
from watchkeeper.compile.versions import DEFAULT, Versions
from watchkeeper.model import Catalog, Deployment

__all__ = ["Document", "build", "running"]


def build(catalog: Catalog, deployment: Deployment, versions: Versions = DEFAULT) -> tuple[Document, ...]:
    """Everything the definitions say, as files. The rule files and templates do not depend on the deployment."""
    compiled = rules.compiled(catalog)
    made = (
        metrics_catalog.document(catalog, compiled),
        sli_slo.document(catalog),
        *_running(catalog, deployment, compiled),
        *kubernetes.documents(catalog, deployment, compiled),
        *rule_tests.documents(catalog, compiled),
        *grafana.documents(catalog, deployment),
        *logs.documents(catalog, deployment, versions),
        *tracing.documents(catalog, deployment, versions),
        *runbooks.documents(catalog, compiled),
        *examples.documents(catalog),
    )
    return (*made, *guide.documents(catalog, deployment, compiled, made))


def running(catalog: Catalog, deployment: Deployment) -> tuple[Document, ...]:
    """What Prometheus and Alertmanager of a stack read."""
    return _running(catalog, deployment, rules.compiled(catalog))


def _running(catalog: Catalog, deployment: Deployment, compiled: rules.Rules) -> tuple[Document, ...]:
    return (
        *compiled.documents,
        prometheus.configuration(catalog, deployment),
        alertmanager.configuration(catalog, deployment),
        templates.templates(),
    )
