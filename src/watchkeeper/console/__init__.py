"""The console: what is wrong, who is hurt, what to do. Reads the engines, changes nothing."""

from watchkeeper.console.application import app
from watchkeeper.console.runbooks import Runbooks
from watchkeeper.console.sources import Sources

__all__ = ["Runbooks", "Sources", "app"]
