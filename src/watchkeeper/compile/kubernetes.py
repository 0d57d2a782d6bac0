"""The same rules for a cluster: objects of the Prometheus operator, and values of the chart kube-prometheus-stack.

Nothing is added to the rules and nothing taken away; what differs is who finds the targets and where secrets are.
"""

from collections.abc import Iterable, Iterator

from watchkeeper import conventions
from watchkeeper.compile import helm
from watchkeeper.compile.document import Document
from watchkeeper.compile.rules import Rules
from watchkeeper.formats.prometheus import Group
from watchkeeper.formats.yaml import Tree, dump, dump_all
from watchkeeper.model import Catalog, Deployment, Service
from watchkeeper.quantity import Duration

NAMESPACE = "monitoring"
OPERATOR = "monitoring.coreos.com/v1"
METRICS_PORT = "metrics"
"""Name of the port in the service's own Service object."""
NAME_LABEL = "app.kubernetes.io/name"


def documents(catalog: Catalog, deployment: Deployment, compiled: Rules) -> Iterator[Document]:
    yield Document(conventions.KUBERNETES_RULES_FILE, dump_all(_rules(compiled)))
    yield Document(conventions.KUBERNETES_MONITORS_FILE, dump_all(_monitors(catalog, deployment)))
    yield Document(conventions.KUBERNETES_VALUES_FILE, dump(helm.values(catalog, deployment)))


def _object(kind: str, name: str, spec: Tree) -> Tree:
    return {
        "apiVersion": OPERATOR,
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": helm.OURS},
        "spec": spec,
    }


def _rules(compiled: Rules) -> Iterator[Tree]:
    """One object for each rule file, so that each can be compared with its file."""
    for file, groups in compiled.files.items():
        yield _object("PrometheusRule", file.removesuffix(".yaml"), {"groups": _groups(groups)})


def _groups(groups: Iterable[Group]) -> list[Tree]:
    return [group.tree() for group in groups]


def _monitors(catalog: Catalog, deployment: Deployment) -> Iterator[Tree]:
    for service in catalog.services:
        yield _monitor(service.name, service, deployment, _scrapes(catalog))
        probe = f"{service.name}-probe"
        yield _monitor(probe, service, deployment, [("probe", {}, catalog.intervals.scrape_critical)])


def _scrapes(catalog: Catalog) -> list[tuple[str, Tree, Duration]]:
    """Role, parameters, interval: the two jobs of `prometheus.yaml`."""
    intervals = catalog.intervals
    return [
        ("service", {"scrape": ["critical"]}, intervals.scrape_critical),
        ("service-detail", {"scrape": ["standard"]}, intervals.scrape_standard),
    ]


def _monitor(
    name: str, service: Service, deployment: Deployment, scrapes: Iterable[tuple[str, Tree, Duration]]
) -> Tree:
    endpoints: list[Tree] = [
        {
            "port": METRICS_PORT,
            "path": "/metrics",
            **({"params": parameters} if parameters else {}),
            "interval": interval.promql,
            "scrapeTimeout": min(interval - Duration.of(seconds=1), Duration.of(seconds=10)).promql,
            "relabelings": [
                helm.target_label("service", service.name),
                helm.target_label("environment", deployment.environment),
                helm.target_label("role", role),
            ],
        }
        for role, parameters, interval in scrapes
    ]
    spec: Tree = {
        "selector": {"matchLabels": {NAME_LABEL: name}},
        "namespaceSelector": {"any": True},
        "endpoints": endpoints,
    }
    return _object("ServiceMonitor", name, spec)
