"""The library in the service: metrics, outcomes, model calls, logs, spans. It imports nothing of the other rooms."""

from watchkeeper.sdk.tracing.export import Traces
from watchkeeper.sdk.watchkeeper import Watchkeeper, init

__all__ = ["Traces", "Watchkeeper", "init"]
