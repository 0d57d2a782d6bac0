"""The reference deployment `monitoring/` is built for. Names as a container network or a cluster would resolve them."""

from watchkeeper.model import Catalog, Credentials, Deployment, Smtp, Sources, Target, TracePipeline, Webhook


def reference(catalog: Catalog, environment: str = "production") -> Deployment:
    """Addresses by convention: each service on `NAME:9464`, its probe on `NAME-probe:9465`."""
    names = [service.name for service in catalog.services]
    webhooks = [r.sends.address for r in catalog.receivers if isinstance(r.sends, Webhook)]
    sources = Sources("http://prometheus:9090", "http://loki:3100", "http://jaeger:16686")
    return Deployment(
        environment=environment,
        targets=tuple(Target(f"{name}:9464", name) for name in names),
        probes=tuple(Target(f"{name}-probe:9465", name) for name in names),
        nodes=tuple(Target("node-exporter:9100", name) for name in names),
        clusters=tuple(Target("kube-state-metrics:8080", name) for name in names),
        supervisors=(),
        prometheus="localhost:9090",
        alertmanagers=("alertmanager:9093",),
        engine_credentials=Credentials("watchkeeper", "secrets/engine-password"),
        pagerduty_url="",
        smtp=Smtp(
            "smtp:587", "watchkeeper@example.com", Credentials("watchkeeper", "secrets/smtp-password"), require_tls=True
        ),
        # Alertmanager 0.25 takes no secret file for a webhook: a forwarder on loopback holds the real address
        webhooks=tuple((address, f"http://127.0.0.1:9099/{address}") for address in webhooks),
        console_url="",
        sources=sources,
        traces=TracePipeline(
            interface="0.0.0.0",  # noqa: S104 - in a container: what others call must be reachable
            gateways=("collector-gateway-0:4317", "collector-gateway-1:4317"),
            jaeger="jaeger:4317",
            loki=f"{sources.loki_url}/otlp",
            prometheus=sources.prometheus_url,
            opensearch=("http://opensearch:9200",),
            elasticsearch=("http://elasticsearch:9200",),
            state="/var/lib/watchkeeper",
            configuration="/etc/watchkeeper",
        ),
    )
