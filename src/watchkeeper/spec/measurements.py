"""Metrics that cannot be what they say: names, buckets, labels."""

from collections.abc import Iterator

from watchkeeper.model import MetricType
from watchkeeper.problem import Problem
from watchkeeper.quantity import plain
from watchkeeper.spec import schema
from watchkeeper.spec.definitions import Definitions
from watchkeeper.spec.references import TARGET_LABELS
from watchkeeper.spec.series import OF_PROMETHEUS
from watchkeeper.spec.wording import error


def names(d: Definitions) -> Iterator[Problem]:
    """Prometheus' own conventions: what a name ends in says what it is."""
    for name, metric in d.metrics.items():
        if metric.emitter.foreign:  # others name theirs as they like
            continue
        counter = metric.type is MetricType.COUNTER
        if counter and not name.endswith("_total"):
            yield error(
                "bad-name",
                d.key("metrics", name),
                f"counter `{name}` does not end in `_total`",
                found=name,
                allowed="a counter ends in _total",
                fix=f"write `{name}_total`",
            )
        ending = next((end for end in ("_total", "_count", "_sum", "_bucket") if name.endswith(end)), "")
        if not counter and ending:
            yield error(
                "bad-name",
                d.key("metrics", name),
                f"{metric.type} `{name}` ends in `{ending}`",
                found=name,
                allowed="_total is for counters; _count, _sum and _bucket belong to histograms",
                fix=f"write `{name.removesuffix(ending)}`",
            )


def buckets(d: Definitions) -> Iterator[Problem]:
    for name, metric in d.metrics.items():
        histogram = metric.type is MetricType.HISTOGRAM
        if histogram and not metric.buckets:
            yield error(
                "missing-key",
                d.key("metrics", name),
                f"histogram `{name}` has no buckets",
                allowed="upper bounds, ascending",
                fix="add `buckets: [0.1, 0.5, 1, 5]`",
            )
        if metric.buckets and not histogram:
            yield error(
                "conflict",
                d.key("metrics", name, "buckets"),
                f"{metric.type} `{name}` has buckets",
                allowed="buckets for histograms only",
                fix="remove them, or write `type: histogram`",
            )
        for index, (lower, upper) in enumerate(zip(metric.buckets, metric.buckets[1:], strict=False), 1):
            if upper <= lower:
                yield error(
                    "bad-buckets",
                    d.at("metrics", name, "buckets", index),
                    f"buckets of `{name}` do not ascend",
                    found=f"{plain(upper)} after {plain(lower)}",
                    allowed="each bound above the one before",
                    fix="sort them, each once",
                )


def labels(d: Definitions) -> Iterator[Problem]:
    for name, metric in d.metrics.items():
        for label, domain in metric.labels.items():
            yield from _label_name(d, name, label)
            yield from _label_domain(d, name, label, domain)


def _label_name(d: Definitions, metric: str, label: str) -> Iterator[Problem]:
    span = d.key("metrics", metric, "labels", label)
    if label in TARGET_LABELS and metric not in OF_PROMETHEUS:  # those have no others
        yield error(
            "bad-label",
            span,
            f"label `{label}` of `{metric}` is added by the scrape",
            allowed="labels of the metric's own",
            fix="remove it",
        )
    if label in {"le", "quantile"} or label.startswith("__"):
        yield error(
            "bad-label",
            span,
            f"label `{label}` of `{metric}` belongs to Prometheus",
            allowed="any name but le, quantile and __…",
            fix="choose another name",
        )


def _label_domain(d: Definitions, metric: str, label: str, domain: schema.LabelDomain) -> Iterator[Problem]:
    path = ("metrics", metric, "labels", label)
    if not domain.values and domain.cap is None:
        yield error(
            "empty",
            d.at(*path),
            f"label `{label}` of `{metric}` can have no value",
            allowed="a list of values, or {cap: 20}",
            fix="list its values, or say how many there may be",
        )
    seen: set[str] = set()
    for index, value in enumerate(domain.values):
        if value in seen:
            yield error(
                "duplicate",
                d.at(*path, index),
                f"label `{label}` of `{metric}` has the value `{value}` twice",
                allowed="each value once",
                fix="remove one",
            )
        if not value or value == "__other__":
            yield error(
                "bad-label",
                d.at(*path, index),
                f"label `{label}` of `{metric}` cannot have this value",
                found=value or "an empty text",
                allowed="any text but an empty one and __other__ (the surplus)",
                fix="remove it",
            )
        seen.add(value)
