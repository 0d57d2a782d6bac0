"""Where one set of definitions runs: addresses and credential files. Rules and templates never depend on it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Credentials:
    username: str
    password_file: str


@dataclass(frozen=True, slots=True)
class Smtp:
    """The server that takes e-mail for delivery."""

    smarthost: str
    """`host:port`."""
    sender: str
    credentials: Credentials
    require_tls: bool
    """False on loopback only: the password would be readable on the way."""


@dataclass(frozen=True, slots=True)
class Target:
    """One process exposing metrics."""

    address: str
    """`host:port`."""
    service: str


@dataclass(frozen=True, slots=True)
class TracePipeline:
    """Where traces go: an agent beside each service, gateways that decide, Jaeger and what it stores them in."""

    interface: str
    """What a listener binds that other hosts call; every other one binds loopback."""
    gateways: tuple[str, ...]
    """`host:port`, OTLP over gRPC."""
    jaeger: str
    """`host:port`, likewise."""
    loki: str
    """Where Loki takes OTLP: `http://loki:3100/otlp`."""
    prometheus: str
    """URL under which Jaeger asks for what was counted from spans."""
    opensearch: tuple[str, ...]
    elasticsearch: tuple[str, ...]
    state: str
    """Directory in which Collectors keep their queues, and a Jaeger without a search engine its traces."""
    configuration: str
    """Directory in which Jaeger finds the files that its configuration names."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where Grafana finds the engines it draws from."""

    prometheus_url: str
    loki_url: str
    """Empty where there is none; so is the next."""
    jaeger_url: str


@dataclass(frozen=True, slots=True)
class Deployment:
    environment: str
    targets: tuple[Target, ...]
    """Processes with the SDK: scraped by both jobs."""
    probes: tuple[Target, ...]
    """Probe processes: scraped by the critical job only."""
    nodes: tuple[Target, ...]
    """Node exporters of the machines a service runs on."""
    clusters: tuple[Target, ...]
    """kube-state-metrics, as seen for a service."""
    supervisors: tuple[Target, ...]
    """The supervisor of a stack on one machine."""
    prometheus: str
    """`host:port` where Prometheus scrapes itself."""
    alertmanagers: tuple[str, ...]
    engine_credentials: Credentials | None
    pagerduty_url: str
    """Empty for PagerDuty's own address."""
    smtp: Smtp
    webhooks: tuple[tuple[str, str], ...]
    """Address of each `Webhook` receiver, by its key."""
    console_url: str
    """Where links in notifications lead; empty for none."""
    traces: TracePipeline | None = None
    """None: nothing here runs a Collector or a Jaeger."""
    sources: Sources | None = None
    """What Grafana reads; None where there is no Grafana."""
