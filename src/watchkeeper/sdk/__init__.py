"""The library in the service: metrics, outcomes, model calls and logs. Imports nothing of the rest of Watchkeeper."""

from watchkeeper.sdk.watchkeeper import Watchkeeper, init

__all__ = ["Watchkeeper", "init"]
