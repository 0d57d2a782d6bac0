"""Where a process of the trace pipeline listens. Each says so itself: the engines' defaults differ and have changed."""

from watchkeeper.formats.yaml import Tree
from watchkeeper.model import TracePipeline

LOOPBACK = "127.0.0.1"
OTLP_GRPC = 4317
OTLP_HTTP = 4318


def otlp(grpc: str, http: str) -> dict[str, Tree]:
    """A receiver on these two interfaces."""
    return {
        "protocols": {
            "grpc": {"endpoint": f"{grpc}:{OTLP_GRPC}"},
            "http": {"endpoint": f"{http}:{OTLP_HTTP}"},
        }
    }


def own_metrics(pipeline: TracePipeline, *, loopback: bool = False) -> dict[str, Tree]:
    """The process' own metrics, as Prometheus scrapes them."""
    host = LOOPBACK if loopback else pipeline.interface
    exporter: Tree = {"prometheus": {"host": host, "port": 8888}}
    return {"metrics": {"level": "detailed", "readers": [{"pull": {"exporter": exporter}}]}}
