"""Every file the stack's processes read: the compiled documents, and one small JSON file for each of our own."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from watchkeeper import compile as compiler
from watchkeeper import conventions
from watchkeeper.model import Catalog, Credentials, Deployment, Smtp, Target
from watchkeeper.stack import credentials
from watchkeeper.stack.layout import Layout
from watchkeeper.stack.ports import Ports
from watchkeeper.stack.ready import USERNAME

SDK_PORT = 9464
"""Where the SDK exposes metrics unless told otherwise; the second service of a project is expected one further."""
MODULES = ("test-bench", "observatory", "incident-manager", "orchestrator")

Json = dict[str, "str | int | float | dict[str, int] | None"]


@dataclass(frozen=True, slots=True)
class Purpose:
    """What this stack is for, as its user said."""

    demo: bool
    environment: str
    project: Path | None


def documents(catalog: Catalog, purpose: Purpose, layout: Layout, ports: Ports) -> dict[str, str]:
    """Relative path -> text of everything below `config/`. Creates the secrets that are missing."""
    credentials.ensure(layout)
    addresses = credentials.addressed(catalog, layout, ports)
    deployment = _deployment(catalog, purpose, layout, ports, addresses)
    compiled = compiler.running(replace(catalog, receivers=addresses.receivers), deployment)
    own = {
        "inbox.json": _inbox(layout, ports),
        "console.json": _console(purpose, layout, ports),
        "reconciler.json": _reconciler(layout, ports),
        "host.json": _host(layout, ports),
    }
    if purpose.demo:
        service = catalog.services[0].name
        own |= {
            "demo.json": _demo(service, purpose, layout, ports),
            "probe.json": _probe(service, purpose, layout, ports),
        }
    return {
        **{document.path: document.text for document in compiled},
        "web.yml": credentials.web_config(layout),
        **{name: json.dumps(settings, indent=2) + "\n" for name, settings in own.items()},
    }


def _deployment(
    catalog: Catalog, purpose: Purpose, layout: Layout, ports: Ports, addresses: credentials.Addresses
) -> Deployment:
    return Deployment(
        environment=purpose.environment,
        targets=targets(catalog, purpose, ports),
        probes=(Target(_at(ports["probe"]), catalog.services[0].name),) if purpose.demo else (),
        nodes=_for_each_service(catalog, ports["node-metrics"]),
        clusters=(),
        supervisors=_for_each_service(catalog, ports["stack-metrics"]),
        prometheus=_at(ports["prometheus"]),
        alertmanagers=(_at(ports["alertmanager"]),),
        engine_credentials=Credentials(USERNAME, str(layout.password)),
        pagerduty_url=f"{ports.url('inbox')}/pagerduty/v2/enqueue",
        smtp=_smtp(layout, ports),
        webhooks=addresses.webhooks,
        console_url=ports.url("console"),
    )


def _smtp(layout: Layout, ports: Ports) -> Smtp:
    """The inbox, whoever a mail is for: a try-out must never reach anyone."""
    password = Credentials(USERNAME, str(layout.secrets / credentials.SMTP_PASSWORD))
    return Smtp(_at(ports["inbox-smtp"]), "watchkeeper@localhost", password, require_tls=False)


def targets(catalog: Catalog, purpose: Purpose, ports: Ports) -> tuple[Target, ...]:
    """The processes that are scraped: the demo agent, or the user's own services where the SDK puts them."""
    if purpose.demo:
        return (Target(_at(ports["agent-metrics"]), catalog.services[0].name),)
    return tuple(Target(_at(SDK_PORT + index), service.name) for index, service in enumerate(catalog.services))


def _for_each_service(catalog: Catalog, port: int) -> tuple[Target, ...]:
    """All of them run on this machine, and rules look for each one's own."""
    return tuple(Target(_at(port), service.name) for service in catalog.services)


def _at(port: int) -> str:
    return f"127.0.0.1:{port}"


def _inbox(layout: Layout, ports: Ports) -> Json:
    return {
        "port": ports["inbox"],
        "smtp_port": ports["inbox-smtp"],
        "data": str(layout.data / "inbox"),
        "secrets": str(layout.secrets),
    }


def _reconciler(layout: Layout, ports: Ports) -> Json:
    return {
        "alertmanager": ports.url("alertmanager"),
        "configuration": str(layout.config / conventions.ALERTMANAGER_FILE),
        "state": str(layout.data / "reconciler" / "incidents.json"),
        "username": USERNAME,
        "password_file": str(layout.password),
    }


def _console(purpose: Purpose, layout: Layout, ports: Ports) -> Json:
    return {
        "port": ports["console"],
        "project": str(purpose.project.resolve()) if purpose.project else "",
        "prometheus": ports.url("prometheus"),
        "alertmanager": ports.url("alertmanager"),
        "username": USERNAME,
        "password_file": str(layout.password),
        "inbox": ports.url("inbox"),
        "environment": purpose.environment,
        "state": str(layout.root),
    }


def _host(layout: Layout, ports: Ports) -> Json:
    return {
        "record": str(layout.record),
        "stack_port": ports["stack-metrics"],
        "node_port": ports["node-metrics"],
    }


def _demo(service: str, purpose: Purpose, layout: Layout, ports: Ports) -> Json:
    return {
        "service": service,
        "environment": purpose.environment,
        "version": "1.0.0",
        "state": str(layout.data / "demo"),
        "faults": str(layout.data / "demo" / "faults.json"),
        "ingress_port": ports["ingress"],
        "agent_port": ports["agent"],
        "metrics_port": ports["agent-metrics"],
        "providers_port": ports["providers"],
        "module_ports": {module: ports[module] for module in MODULES},
        "cache_port": ports["cache"],
        "probe_secret_file": str(layout.secrets / "probe"),
        "speed": 1.0,
        "peak_rps": 20.0,
        "start_hour": None,
    }


def _probe(service: str, purpose: Purpose, layout: Layout, ports: Ports) -> Json:
    return {
        "service": service,
        "environment": purpose.environment,
        "url": ports.url("ingress"),
        "port": ports["probe"],
        "secret_file": str(layout.secrets / "probe"),
        "every_seconds": 5,
        "timeout_seconds": 4,
    }
