"""A configuration of the OpenTelemetry Collector: components by name, and pipelines that may name no other.

The Collector's own `validate` finds a missing reference only of some kinds, and its telemetry listens on every address
unless told (https://opentelemetry.io/docs/collector/configuration/).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from watchkeeper.formats.yaml import Tree

Components = Mapping[str, Mapping[str, Tree]]


@dataclass(frozen=True, slots=True)
class Pipeline:
    receivers: tuple[str, ...]
    processors: tuple[str, ...]
    exporters: tuple[str, ...]

    def tree(self) -> Tree:
        return {
            "receivers": list(self.receivers),
            "processors": list(self.processors),
            "exporters": list(self.exporters),
        }


@dataclass(frozen=True, slots=True)
class Configuration:
    extensions: Components
    receivers: Components
    processors: Components
    exporters: Components
    pipelines: Mapping[str, Pipeline]
    telemetry: tuple[str, int]
    """Where the Collector's own metrics are scraped."""
    connectors: Components = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, pipeline in self.pipelines.items():
            self._known(name, pipeline.receivers, {*self.receivers, *self.connectors})
            self._known(name, pipeline.processors, {*self.processors})
            self._known(name, pipeline.exporters, {*self.exporters, *self.connectors})

    @staticmethod
    def _known(pipeline: str, named: tuple[str, ...], defined: set[str]) -> None:
        if missing := [name for name in named if name not in defined]:
            raise ValueError(f"pipeline {pipeline} names {', '.join(missing)}, which nothing defines")

    def tree(self) -> Tree:
        host, port = self.telemetry
        reader: Tree = {"pull": {"exporter": {"prometheus": {"host": host, "port": port}}}}
        parts: dict[str, Tree] = {
            "extensions": self.extensions,
            "receivers": self.receivers,
            "processors": self.processors,
            "connectors": self.connectors,
            "exporters": self.exporters,
        }
        return {name: part for name, part in parts.items() if part} | {
            "service": {
                "telemetry": {"metrics": {"level": "detailed", "readers": [reader]}},
                "extensions": list(self.extensions),
                "pipelines": {name: pipeline.tree() for name, pipeline in self.pipelines.items()},
            }
        }
