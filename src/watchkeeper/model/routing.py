"""Who is told: receivers, and routes from labels to receivers."""

from dataclasses import dataclass

from watchkeeper.quantity import Duration


@dataclass(frozen=True, slots=True)
class PagerDuty:
    routing_key_file: str


@dataclass(frozen=True, slots=True)
class Slack:
    channel: str
    """As people know it, with `#`; the webhook behind `url_file` decides where a message lands."""
    url_file: str


@dataclass(frozen=True, slots=True)
class Webhook:
    """A plain Alertmanager webhook on loopback or inside the cluster; the address is the deployment's."""

    address: str
    """Key into `Deployment.webhooks`."""


@dataclass(frozen=True, slots=True)
class Receiver:
    name: str
    sends: PagerDuty | Slack | Webhook | None
    """None: shown in the console, sent nowhere."""


@dataclass(frozen=True, slots=True)
class Timing:
    group_wait: Duration
    group_interval: Duration
    repeat_interval: Duration


@dataclass(frozen=True, slots=True)
class Route:
    """Alerts whose labels equal `match` go to every receiver named."""

    match: tuple[tuple[str, str], ...]
    receivers: tuple[str, ...]
    timing: Timing


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While a source fires, targets with the same `equal` labels are not sent."""

    source: tuple[tuple[str, str], ...]
    target: tuple[tuple[str, str], ...]
    equal: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Routing:
    group_by: tuple[str, ...]
    fallback: str
    timing: Timing
    routes: tuple[Route, ...]
    inhibitions: tuple[Inhibition, ...]
