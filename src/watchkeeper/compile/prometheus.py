"""`prometheus.yml`: two scrape jobs for each service (5 s and 15 s), the probe, the engines themselves.

Rules select by `service` and `role`, never by `job`. Only fields that 2.42 and 3.x both know.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from watchkeeper import conventions
from watchkeeper.compile.dialect import relabelling
from watchkeeper.compile.document import Document
from watchkeeper.formats.yaml import Tree, dump
from watchkeeper.model import Catalog, Credentials, Deployment, Dialect, Part, Target
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
            *_services(catalog, deployment),
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


def _services(catalog: Catalog, deployment: Deployment) -> Iterator[Tree]:
    """Services that speak our dialect are scraped together, each other one by jobs of its own."""
    dialects = {service.name: service.dialect for service in catalog.services}
    ours = [target for target in deployment.targets if dialects.get(target.service) is None]
    critical, standard = catalog.intervals.scrape_critical, catalog.intervals.scrape_standard
    if ours:
        for role, scrape, interval in (("service", "critical", critical), ("service-detail", "standard", standard)):
            yield _job(f"watchkeeper-{scrape}", interval, {"params": {"scrape": [scrape]}}) | _targets(
                deployment, ours, role
            )
    for name, dialect in dialects.items():
        own = [target for target in deployment.targets if target.service == name]
        if dialect is not None and own:
            yield from _foreign(catalog, deployment, dialect, own)


def _foreign(catalog: Catalog, deployment: Deployment, dialect: Dialect, targets: Sequence[Target]) -> Iterator[Tree]:
    critical, standard = catalog.intervals.scrape_critical, catalog.intervals.scrape_standard
    for part, role, interval in (
        (Part.CRITICAL, "service", critical),
        (Part.STANDARD, "service-detail", standard),
        (Part.COPY, "service-copy", standard),
    ):
        renamed: dict[str, Tree] = {"metric_relabel_configs": relabelling(dialect, part)}
        name = f"watchkeeper-{part}-{targets[0].service}"
        yield _job(name, interval, renamed) | _targets(deployment, targets, role)


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
