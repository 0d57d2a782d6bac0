"""The stack's processes: which there are, how each is called, what it needs, when it is ready."""

import sys

from watchkeeper import conventions
from watchkeeper.engines import Engine, arguments
from watchkeeper.engines.process import READY_PATH
from watchkeeper.stack.child import Child, Wave
from watchkeeper.stack.configuration import MODULES
from watchkeeper.stack.layout import Layout
from watchkeeper.stack.ports import Ports
from watchkeeper.stack.ready import Http, Listening, Lives, Ready


def watching(layout: Layout, ports: Ports, prometheus: Engine, alertmanager: Engine) -> tuple[Child, ...]:
    """What every stack runs. None of them needs another to start, so all start at once."""
    return (
        Child(
            "inbox",
            _python("watchkeeper.inbox", layout, "inbox.json"),
            Http(ports["inbox"], "/health"),
            Wave.RECEIVING,
            ports["inbox"],
        ),
        Child(
            "alertmanager",
            (*alertmanager.command, *arguments.alertmanager(_server("alertmanager", layout, ports))),
            Http(ports["alertmanager"], READY_PATH, layout.password),
            Wave.ROUTING,
            ports["alertmanager"],
        ),
        Child(
            "prometheus",
            (
                *prometheus.command,
                *arguments.prometheus(_server("prometheus", layout, ports), origin=ports.url("console")),
            ),
            Http(ports["prometheus"], READY_PATH, layout.password),
            Wave.WATCHERS,
            ports["prometheus"],
        ),
        Child("reconciler", _python("watchkeeper.stack.reconciler", layout, "reconciler.json"), Lives(), Wave.WATCHERS),
        Child(
            "console",
            _python("watchkeeper.console", layout, "console.json"),
            Http(ports["console"], "/health"),
            Wave.WATCHERS,
            ports["console"],
        ),
        Child(
            "host",
            _python("watchkeeper.stack.host", layout, "host.json"),
            Http(ports["node-metrics"], "/metrics"),
            Wave.WATCHERS,
            ports["stack-metrics"],
        ),
    )


def demonstrating(layout: Layout, ports: Ports) -> tuple[Child, ...]:
    """The demo agent with everything around it, and the probe that watches its front door."""
    return (
        _demo("cache", layout, Listening((ports["cache"],)), ports["cache"]),
        _demo("providers", layout, Http(ports["providers"], "/health"), ports["providers"]),
        _demo("modules", layout, Listening(tuple(ports[module] for module in MODULES)), ports[MODULES[0]]),
        _demo(
            "agent", layout, Http(ports["agent"], "/health"), ports["agent"], needs=("cache", "providers", "modules")
        ),
        _demo("ingress", layout, Listening((ports["ingress"],)), ports["ingress"], needs=("agent",)),
        _demo("load", layout, Lives(), None, needs=("ingress",)),
        Child(
            "probe",
            _python("watchkeeper.stack.probe", layout, "probe.json"),
            Http(ports["probe"], "/metrics"),
            Wave.TRAFFIC,
            ports["probe"],
            needs=("ingress",),
        ),
    )


def _demo(name: str, layout: Layout, ready: Ready, port: int | None, *, needs: tuple[str, ...] = ()) -> Child:
    command = _python(f"watchkeeper.demo.{name}", layout, "demo.json")
    return Child(name, command, ready, Wave.TRAFFIC, port, needs=needs, checked=False)


def _python(module: str, layout: Layout, config: str) -> tuple[str, ...]:
    # -P: the working directory is the state directory, and no place to import from
    return (sys.executable, "-P", "-m", module, "--config", str(layout.config / config))


def _server(name: str, layout: Layout, ports: Ports) -> arguments.Server:
    document = conventions.PROMETHEUS_FILE if name == "prometheus" else conventions.ALERTMANAGER_FILE
    return arguments.Server(
        ports[name], layout.config / document, layout.data / name, web_config=layout.config / "web.yml"
    )
