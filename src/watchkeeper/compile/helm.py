"""Values of the chart kube-prometheus-stack: what picks up our objects, the same routes, labels that rules select by.

The chart's own rules stay off: what pages is what was proved. Secrets are one Secret object, mounted as files
(https://github.com/prometheus-community/helm-charts/tree/main/charts/kube-prometheus-stack).
"""

from dataclasses import replace

from watchkeeper.compile import alertmanager
from watchkeeper.compile.templates import templates
from watchkeeper.formats.yaml import Tree
from watchkeeper.model import Catalog, Credentials, Deployment, PagerDuty, Receiver, Service, Slack

OURS: dict[str, Tree] = {"app.kubernetes.io/managed-by": "watchkeeper"}
"""Labels of every object of ours, and what Prometheus selects by."""
SECRET = "watchkeeper"  # noqa: S105 - the name of an object
"""The Secret with a key for each file that the routes name."""
_MOUNTED = f"/etc/alertmanager/secrets/{SECRET}"
_TEMPLATE = "watchkeeper.tmpl"
_CONFIGURED = "/etc/alertmanager/config"
_RETENTION = "90d"
_SIZE = "20GB"


def values(catalog: Catalog, deployment: Deployment) -> Tree:
    return {
        "defaultRules": {"create": False},
        "prometheus": {"prometheusSpec": _prometheus(catalog, deployment)},
        "alertmanager": _alertmanager(catalog, deployment),
        "kube-state-metrics": {"prometheus": {"monitor": _cluster(catalog, deployment)}},
        "prometheus-node-exporter": {"prometheus": {"monitor": _nodes(catalog, deployment)}},
    }


def _prometheus(catalog: Catalog, deployment: Deployment) -> dict[str, Tree]:
    selector: Tree = {"matchLabels": OURS}
    return {
        "scrapeInterval": catalog.intervals.scrape_standard.promql,
        "evaluationInterval": catalog.intervals.rules_standard.promql,
        "externalLabels": {"environment": deployment.environment},
        "retention": _RETENTION,
        "retentionSize": _SIZE,
        "enableFeatures": ["exemplar-storage"],
        "ruleSelector": selector,
        "ruleNamespaceSelector": {},
        # those of the chart itself, beside ours: kube-state-metrics and the node exporter
        "serviceMonitorSelectorNilUsesHelmValues": False,
        "serviceMonitorNamespaceSelector": {},
    }


def _alertmanager(catalog: Catalog, deployment: Deployment) -> dict[str, Tree]:
    mounted = replace(catalog, receivers=tuple(map(_with_mounted_secrets, catalog.receivers)))
    credentials = Credentials(deployment.smtp.credentials.username, _file(deployment.smtp.credentials.password_file))
    inside = replace(deployment, smtp=replace(deployment.smtp, credentials=credentials))
    return {
        "config": alertmanager.tree(mounted, inside, f"{_CONFIGURED}/{_TEMPLATE}"),
        "templateFiles": {_TEMPLATE: templates().text},
        "alertmanagerSpec": {"secrets": [SECRET]},
    }


def _with_mounted_secrets(receiver: Receiver) -> Receiver:
    match receiver.sends:
        case PagerDuty():
            return replace(receiver, sends=PagerDuty(_file(receiver.sends.routing_key_file)))
        case Slack():
            return replace(receiver, sends=replace(receiver.sends, url_file=_file(receiver.sends.url_file)))
        case _:
            return receiver


def _file(path: str) -> str:
    """`secrets/pagerduty-p0` is the key `pagerduty-p0` of the mounted Secret."""
    return f"{_MOUNTED}/{path.rpartition('/')[2]}"


def _cluster(catalog: Catalog, deployment: Deployment) -> Tree:
    """Pods and deployments named after a service are that service's; all else is dropped."""
    named = "|".join(service.name for service in catalog.services)
    steps: list[Tree] = [
        {"sourceLabels": [label], "regex": f"({named})(-.+)?", "targetLabel": "service", "replacement": "$1"}
        for label in ("pod", "deployment")
    ]
    kept: Tree = {"sourceLabels": ["service"], "regex": named, "action": "keep"}
    return {
        "metricRelabelings": [*steps, kept, target_label("environment", deployment.environment), _role("kubernetes")]
    }


def _nodes(catalog: Catalog, deployment: Deployment) -> Tree:
    """Machines are shared: their alerts are told for the first service."""
    service: Service = catalog.services[0]
    labels = (
        target_label("service", service.name),
        target_label("environment", deployment.environment),
        _role("node"),
    )
    return {"relabelings": list(labels)}


def _role(role: str) -> Tree:
    return target_label("role", role)


def target_label(name: str, value: str) -> Tree:
    return {"targetLabel": name, "replacement": value}
