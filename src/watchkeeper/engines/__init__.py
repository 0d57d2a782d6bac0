"""Find, fetch, start, await and stop the real engines: Prometheus and Alertmanager with their tools."""

from watchkeeper.engines.binary import NAMES, Engine, Missing, Name, find
from watchkeeper.engines.places import fetched, searched

__all__ = ["NAMES", "Engine", "Missing", "Name", "fetched", "find", "searched"]
