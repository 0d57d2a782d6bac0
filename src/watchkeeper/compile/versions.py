"""Where the engines' dialects differ, and which version speaks which. What is not listed is alike in all of them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Collector:
    version: str
    """The first that speaks this dialect."""
    decides_after_root: bool
    """Tail sampling knows `decision_wait_after_root_received` and `maximum_trace_size_bytes`."""
    snake_names: bool
    """`otlp_grpc`, `otlp_http`, `span_metrics`; before, and still understood, `otlp`, `otlphttp`, `spanmetrics`."""


@dataclass(frozen=True, slots=True)
class Jaeger:
    version: str
    rotation: bool
    """Indices are described by `rotation`; before by `date_layout`, `use_aliases` and `use_ilm`."""


@dataclass(frozen=True, slots=True)
class Versions:
    collector: Collector
    jaeger: Jaeger


COLLECTORS = (
    Collector("0.140", decides_after_root=False, snake_names=False),
    Collector("0.145", decides_after_root=True, snake_names=False),
    Collector("0.165", decides_after_root=True, snake_names=True),
)
JAEGERS = (Jaeger("2.13", rotation=False), Jaeger("2.20", rotation=True))

DEFAULT = Versions(COLLECTORS[1], JAEGERS[0])


def collector(version: str) -> Collector:
    return next(each for each in COLLECTORS if each.version == version)


def jaeger(version: str) -> Jaeger:
    return next(each for each in JAEGERS if each.version == version)
