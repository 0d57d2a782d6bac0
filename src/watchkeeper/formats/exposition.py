"""The page a scrape reads, in Prometheus' text format 0.0.4 or OpenMetrics 1.0, as typed families.

Sources: https://prometheus.io/docs/instrumenting/exposition_formats/ and the OpenMetrics specification.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_SAMPLE = re.compile(rf"({_NAME})\s*(?:\{{(?P<labels>.*)\}})?\s*(?P<value>[^\s{{}}]+)(?:\s+-?[0-9.]+)?\s*")
_COMMENT = re.compile(rf"#\s+(?P<word>TYPE|HELP|UNIT)\s+(?P<name>{_NAME})(?:\s+(?P<rest>.*))?")
_LABEL = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|$)')
_EXEMPLAR = re.compile(r"\s+#\s+\{.*$")
_ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}
_ENDINGS = {
    "counter": ("", "_total", "_created"),
    "gauge": ("",),
    "histogram": ("_bucket", "_sum", "_count", "_created"),
    "gaugehistogram": ("_bucket", "_gsum", "_gcount"),
    "summary": ("", "_sum", "_count", "_created"),
    "info": ("", "_info"),
    "stateset": ("",),
    "unknown": ("",),
    "untyped": ("",),
}


class ExpositionError(ValueError):
    """A line is neither a comment nor a sample."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(f"line {line}: {message}")
        self.message = message
        self.line = line


@dataclass(frozen=True, slots=True)
class Sample:
    name: str
    labels: tuple[tuple[str, str], ...]
    value: float
    line: int


@dataclass(frozen=True, slots=True)
class Family:
    name: str
    """As its series are called: a counter's name ends in `_total` where OpenMetrics writes it without."""
    type: str
    """As the page says; `untyped` where it does not."""
    line: int
    samples: tuple[Sample, ...]

    def label_sets(self) -> frozenset[tuple[tuple[str, str], ...]]:
        """The labels of its series, `le` and `quantile` aside."""
        return frozenset(
            tuple(pair for pair in sample.labels if pair[0] not in {"le", "quantile"}) for sample in self.samples
        )


@dataclass(slots=True)
class _Open:
    name: str
    type: str
    line: int
    samples: list[Sample] = field(default_factory=list)

    def takes(self, sample: str) -> bool:
        return any(sample == self.name + ending for ending in _ENDINGS[self.type])

    def closed(self) -> Family:
        named_without_total = any(sample.name == f"{self.name}_total" for sample in self.samples)
        samples = tuple(s for s in self.samples if not s.name.endswith("_created"))
        return Family(self.name + ("_total" if named_without_total else ""), self.type, self.line, samples)


def parse(text: str) -> tuple[Family, ...]:
    """Families in the order of the page. Raises ExpositionError."""
    families: dict[str, _Open] = {}
    current: _Open | None = None
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        if line.lstrip().startswith("#"):
            current = _typed(line.strip(), number, families) or current
            continue
        sample = _sample(line, number)
        if current is None or not current.takes(sample.name):
            current = families.setdefault(sample.name, _Open(sample.name, "untyped", number))
        current.samples.append(sample)
    return tuple(family.closed() for family in families.values())


def _typed(line: str, number: int, families: dict[str, _Open]) -> _Open | None:
    """The family that a `# TYPE` line opens."""
    comment = _COMMENT.fullmatch(line)
    if comment is None or comment["word"] != "TYPE":
        return None
    name, kind = comment["name"], (comment["rest"] or "").strip()
    if kind not in _ENDINGS:
        raise ExpositionError(f"`{kind}` is no type of a metric", number)
    if name in families:
        raise ExpositionError(f"`{name}` has samples or a type already", number)
    families[name] = _Open(name, kind, number)
    return families[name]


def _sample(line: str, number: int) -> Sample:
    found = _SAMPLE.fullmatch(_EXEMPLAR.sub("", line.strip()))
    if found is None:
        raise ExpositionError("neither a comment nor a sample", number)
    return Sample(
        found[1], tuple(sorted(_labels(found["labels"] or "", number))), _value(found["value"], number), number
    )


def _labels(text: str, number: int) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(text.rstrip()):
        label = _LABEL.match(text, position)
        if label is None:
            raise ExpositionError(f"no label can be read from `{text[position:][:40]}`", number)
        yield label[1], re.sub(r"\\.", lambda escape: _ESCAPES.get(escape[0], escape[0]), label[2])
        position = label.end()


def _value(text: str, number: int) -> float:
    try:
        return {"+Inf": math.inf, "-Inf": -math.inf, "Inf": math.inf}.get(text) or float(text)
    except ValueError:
        raise ExpositionError(f"`{text}` is no number", number) from None
