"""`prometheus.yml`: two scrape jobs for each service (5 s and 15 s), the probe, the engines themselves.

Rules select by `service` and `role`, never by `job`. Only fields that 2.42 and 3.x both know.
"""

from collections.abc import Iterable, Mapping

from watchkeeper import conventions
from watchkeeper.compile.document import Document
from watchkeeper.formats.yaml import Tree, dump
from watchkeeper.model import Catalog, Credentials, Deployment, Target
from watchkeeper.quantity import Duration


def configuration(catalog: Catalog, deployment: Deployment) -> Document:
    intervals = catalog.intervals
    auth = _auth(deployment.engine_credentials)
    tree: Tree = {
        "global": {
            "scrape_interval": intervals.scrape_standard.promql,
            "scrape_timeout": Duration.of(seconds=10).promql,
            "evaluation_interval": intervals.rules_standard.promql,
            "external_labels": {"environment": deployment.environment},
        },
        "rule_files": [conventions.RECORDING_RULES_FILE, conventions.ALERT_RULES_FILE],
        "alerting": {
            # two Prometheus with a label `replica` would otherwise double every notification
            "alert_relabel_configs": [{"action": "labeldrop", "regex": "replica"}],
            "alertmanagers": [
                {"api_version": "v2", **auth, "static_configs": [{"targets": list(deployment.alertmanagers)}]}
            ],
        },
        "scrape_configs": [
            _job("watchkeeper-critical", intervals.scrape_critical, {"params": {"scrape": ["critical"]}})
            | _targets(deployment, deployment.targets, "service"),
            _job("watchkeeper-standard", intervals.scrape_standard, {"params": {"scrape": ["standard"]}})
            | _targets(deployment, deployment.targets, "service-detail"),
            _job("watchkeeper-probe", intervals.scrape_critical, {}) | _targets(deployment, deployment.probes, "probe"),
            *(
                _job(f"watchkeeper-{role}", intervals.scrape_standard, {}) | _targets(deployment, targets, role)
                for role, targets in (
                    ("node", deployment.nodes),
                    ("kubernetes", deployment.clusters),
                    ("stack", deployment.supervisors),
                )
                if targets
            ),
            _job("watchkeeper-engines", intervals.scrape_standard, auth)
            | _targets(deployment, _engines(deployment), "engine"),
        ],
    }
    return Document(conventions.PROMETHEUS_FILE, dump(tree))


def _auth(credentials: Credentials | None) -> dict[str, Tree]:
    if credentials is None:
        return {}
    return {"basic_auth": {"username": credentials.username, "password_file": credentials.password_file}}


def _job(name: str, interval: Duration, more: Mapping[str, Tree]) -> dict[str, Tree]:
    timeout = min(interval - Duration.of(seconds=1), Duration.of(seconds=10))
    return {"job_name": name, "scrape_interval": interval.promql, "scrape_timeout": timeout.promql, **more}


def _targets(deployment: Deployment, targets: Iterable[Target], role: str) -> dict[str, Tree]:
    return {
        "static_configs": [
            {
                "targets": [target.address],
                "labels": {"service": target.service, "environment": deployment.environment, "role": role},
            }
            for target in targets
        ]
    }


def _engines(deployment: Deployment) -> tuple[Target, ...]:
    return (
        Target(deployment.prometheus, "prometheus"),
        *(Target(address, "alertmanager") for address in deployment.alertmanagers),
    )
