"""From the folder to something that answers, and how to see that it does."""

from collections.abc import Iterator

from watchkeeper import conventions
from watchkeeper.compile.grafana import provisioning
from watchkeeper.compile.guide.facts import Facts
from watchkeeper.compile.guide.markdown import Blocks, code, link
from watchkeeper.model import Catalog, Deployment, Mail, PagerDuty, Slack

_JUDGES = (
    (conventions.PROMETHEUS_FILE, "promtool check config"),
    (conventions.ALERTMANAGER_FILE, "amtool check-config"),
)


def blocks(facts: Facts) -> Blocks:
    catalog, deployment, paths = facts.catalog, facts.deployment, facts.paths
    yield "## Quick start"
    yield "To see all of it on one machine first, with a demo service under load: `watchkeeper up --demo`."
    yield "To run it, in this folder:"
    yield "**1. Let the engines judge their files.**"
    yield code("text", "\n".join((*_judged(paths), "promtool test rules tests/*.yaml")))
    yield "**2. Put the keys where the configuration looks for them**, each in a file that only the engine reads:"
    yield code("text", "\n".join(secrets(catalog, deployment)))
    yield "**3. Start the engines.**"
    yield code("text", "\n".join(_started(paths)))
    yield (
        f"On Kubernetes with the Prometheus operator, apply `{conventions.KUBERNETES_RULES_FILE}` and"
        f" `{conventions.KUBERNETES_MONITORS_FILE}` instead: the same rules."
    )
    if deployment.sources is not None and catalog.dashboards:
        yield "**4. Give Grafana its dashboards.**"
        yield (
            "Mount `grafana/provisioning/` as its provisioning directory and `grafana/dashboards/` at"
            f" `{provisioning.FOLDER}`. Its data sources are then Prometheus at `{deployment.sources.prometheus_url}`"
            f"{_others(deployment)}; the addresses stand in `{conventions.GRAFANA_DATASOURCES_FILE}`."
        )
    yield "**5. Instrument the service.**"
    yield (
        "One `init` and one wrap; "
        + ", ".join(link(path, path) for path in paths if path.startswith("examples/"))
        + " is a whole service to copy from."
    )
    yield "**6. See that it works.**"
    yield "Every target answers, the objectives have a figure, and a test page arrives:"
    yield code("promql", 'up{role="service"}')
    yield code("sh", "watchkeeper slo\nwatchkeeper notify-test --one")


def _judged(paths: tuple[str, ...]) -> Iterator[str]:
    for path, judge in _JUDGES:
        if path in paths:
            yield f"{judge} {path}"


def _started(paths: tuple[str, ...]) -> Iterator[str]:
    yield f"prometheus --config.file={conventions.PROMETHEUS_FILE}"
    yield f"alertmanager --config.file={conventions.ALERTMANAGER_FILE}"
    if conventions.LOKI_SINGLE_FILE in paths:
        yield f"loki -config.file={conventions.LOKI_SINGLE_FILE}"
        yield f"otelcol-contrib --config={conventions.COLLECTOR_AGENT_FILE}"
    if conventions.TRACING_FILE in paths:
        yield f"otelcol-contrib --config={conventions.TRACES_AGENT_FILE}"
        yield f"otelcol-contrib --config={conventions.TRACES_GATEWAY_FILE}"
        yield f"jaeger --config={conventions.JAEGER_ELASTICSEARCH_FILE}"


def secrets(catalog: Catalog, deployment: Deployment) -> list[str]:
    """Every file that a built configuration reads a secret from."""
    found: list[str] = []
    for receiver in catalog.receivers:
        match receiver.sends:
            case PagerDuty(routing_key_file):
                found.append(routing_key_file)
            case Slack(_, url_file):
                found.append(url_file)
            case Mail():
                found.append(deployment.smtp.credentials.password_file)
            case _:
                pass
    if catalog.tracing is not None:
        found.append(catalog.tracing.pseudonyms.key_file)
    if deployment.engine_credentials is not None:
        found.append(deployment.engine_credentials.password_file)
    return list(dict.fromkeys(found))


def _others(deployment: Deployment) -> str:
    at = deployment.sources
    named = () if at is None else (("Loki", at.loki_url), ("Jaeger", at.jaeger_url))
    return "".join(f", {name} at `{url}`" for name, url in named if url)
