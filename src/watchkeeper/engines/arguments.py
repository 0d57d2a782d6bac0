"""Start arguments of the engines: loopback only, credentials and origin pinned, wrong defaults put right."""

from dataclasses import dataclass
from pathlib import Path

RETENTION_TIME = "90d"
RETENTION_SIZE = "10GB"
# An Alertmanager killed before it sent a page hears of the alert again after this long; the default is 1 m.
RESEND_DELAY = "5s"


@dataclass(frozen=True, slots=True)
class Server:
    """Where one engine listens and keeps its files."""

    port: int
    config: Path
    data: Path
    web_config: Path | None = None
    """Basic authentication; None leaves the engine open to every process and web page on this machine."""


def prometheus(server: Server, *, origin: str) -> tuple[str, ...]:
    """Arguments of a Prometheus whose answers only pages from `origin` (scheme, host, port) may read."""
    return (
        f"--config.file={server.config}",
        f"--storage.tsdb.path={server.data}",
        f"--storage.tsdb.retention.time={RETENTION_TIME}",
        f"--storage.tsdb.retention.size={RETENTION_SIZE}",
        *_web(server),
        f"--web.cors.origin={_exactly(origin)}",
        "--web.enable-lifecycle",
        "--web.enable-remote-write-receiver",
        f"--rules.alert.resend-delay={RESEND_DELAY}",
    )


def alertmanager(server: Server) -> tuple[str, ...]:
    """Arguments of a single Alertmanager. It answers every origin, so only its credentials keep web pages out."""
    return (
        f"--config.file={server.config}",
        f"--storage.path={server.data}",
        *_web(server),
        "--cluster.listen-address=",
        # the notification log is written at a clean stop and this often; a kill repeats what was sent since
        "--data.maintenance-interval=1m",
    )


def _web(server: Server) -> tuple[str, ...]:
    address = f"127.0.0.1:{server.port}"
    listen = (f"--web.listen-address={address}", f"--web.external-url=http://{address}")
    return listen if server.web_config is None else (*listen, f"--web.config.file={server.web_config}")


def _exactly(origin: str) -> str:
    # Prometheus takes an anchored regular expression; only the dots of the address have a meaning in it
    return origin.replace(".", r"\.")
