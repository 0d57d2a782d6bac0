"""The text a scrape reads: Prometheus' format 0.0.4 and OpenMetrics 1.0."""

import math
from collections.abc import Iterable
from enum import StrEnum
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]


class Format(StrEnum):
    """The value is the media type."""

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def negotiate(accept: str) -> Format:
    """The format a client's `Accept` header prefers; text when it does not say."""
    qualities = {"application/openmetrics-text": 0.0, "text/plain": 0.0}
    for part in accept.lower().split(","):
        media, *parameters = (piece.strip() for piece in part.split(";"))
        if media in qualities:
            qualities[media] = max(qualities[media], _quality(parameters))
    preferred = qualities["application/openmetrics-text"] > qualities["text/plain"]
    return Format.OPENMETRICS if preferred else Format.TEXT


def _quality(parameters: Iterable[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def number_text(value: float) -> str:
    """A sample's value as Go reads it."""
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"


def bound_text(bound: float) -> str:
    """A bucket's bound as `prometheus_client` prints it, so that rules which select `le` match both."""
    text = repr(bound)
    point = text.find(".")
    if bound <= 0 or point <= 6 or "e" in text:
        return text
    mantissa = f"{text[0]}.{text[1:point]}{text[point + 1 :]}".rstrip("0.")
    return f"{mantissa}e+{point - 1:02}"


def label_text(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    """`{a="x",b="y"}`, or nothing when there are no labels."""
    pairs = ",".join(f'{name}="{escaped(value)}"' for name, value in zip(names, values, strict=True))
    return f"{{{pairs}}}" if pairs else ""


def escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def histogram_prefixes(name: str, labels: str, bounds: tuple[float, ...]) -> tuple[str, ...]:
    """What stands before the numbers of a histogram: its buckets, then the count, then the sum."""
    inner = labels[1:-1] + "," if labels else ""
    les = (*map(bound_text, bounds), "+Inf")
    buckets = (f'{name}_bucket{{{inner}le="{le}"}}' for le in les)
    return (*buckets, f"{name}_count{labels}", f"{name}_sum{labels}")


def header(name: str, kind: Kind, help_text: str, format_: Format) -> str:
    """The two lines above a metric's samples."""
    text = help_text.replace("\\", r"\\").replace("\n", r"\n")
    if format_ is Format.TEXT:
        return f"# HELP {name} {text}\n# TYPE {name} {kind}"
    shown: str = kind
    if kind == "counter":
        shown = "counter" if name.endswith("_total") else "unknown"
        name = name.removesuffix("_total")
    text = text.replace('"', r"\"")
    return f"# HELP {name} {text}\n# TYPE {name} {shown}"


def page(lines: Iterable[str], format_: Format) -> bytes:
    """The lines as one document."""
    text = "".join(f"{line}\n" for line in lines)
    if format_ is Format.OPENMETRICS:
        text += "# EOF\n"
    return text.encode("utf-8", "replace")
