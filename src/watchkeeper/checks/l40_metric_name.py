"""A metric whose name does not say how to read it.

By the conventions of Prometheus a counter ends in `_total`, and so nothing else does: `rate` belongs there, a plain
value here. A measurement ends in its unit, and units are the basic ones: seconds, bytes, ratios, so that a threshold
of 0.5 is half a second everywhere. OpenMetrics clients add `_total` by themselves, and the rule that reads the name
without it sees nothing.

What exporters of others expose is named by others and is not looked at.

Bad:

```yaml
metrics:
  cache_lookups:
    type: counter
    help: Lookups in the cache.
    category: application
    scrape: standard
    retention: 30d
```

Good:

```yaml
metrics:
  cache_lookups_total:
    type: counter
    help: Lookups in the cache.
    category: application
    scrape: standard
    retention: 30d
```
"""

from collections.abc import Iterator

from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.definitions import Definitions
from watchkeeper.checks.rules import Rules
from watchkeeper.model import Metric, MetricType
from watchkeeper.problem import Severity

_UNITS = {
    "gb": "bytes", "hours": "seconds", "kb": "bytes", "kib": "bytes", "mb": "bytes", "megabytes": "bytes",
    "microseconds": "seconds", "mib": "bytes", "milliseconds": "seconds", "minutes": "seconds", "ms": "seconds",
    "percent": "ratio", "percentage": "ratio",
}  # fmt: skip
"""Units that are none of the basic ones, and what to convert to."""
_MEASURED = {"duration": "seconds", "latency": "seconds", "memory": "bytes", "size": "bytes", "time": "seconds"}
"""Last words of names that lack their unit."""


def find(definitions: Definitions, _rules: Rules) -> Iterator[Finding]:
    for metric in definitions.catalog.metrics:
        if metric.emitter.foreign:
            continue
        for wrong, better in _slips(metric):
            yield Finding(
                definitions.key("metrics", metric.name),
                f"metric `{metric.name}` {wrong}",
                found=f"{metric.type}: {metric.name}",
                allowed="counters end in `_total`, measurements in seconds, bytes, ratio or what is counted",
                fix=f"write `{better}`, and `replaces: {metric.name}` if others know the old name",
            )


def _slips(metric: Metric) -> Iterator[tuple[str, str]]:
    counter, total = metric.type is MetricType.COUNTER, metric.name.endswith("_total")
    stem = metric.name.removesuffix("_total")
    words = stem.split("_")
    if counter and not total:
        yield "is a counter without `_total`", f"{stem}_total"
    if total and not counter:
        yield f"is a {metric.type} and ends like a counter", stem
    if words[-1] in _UNITS:
        basic = "_".join((*words[:-1], _UNITS[words[-1]])) + ("_total" if counter else "")
        yield f"counts in {words[-1]}, which is no basic unit", basic
    elif words[-1] in _MEASURED:
        yield "does not say its unit", f"{stem}_{_MEASURED[words[-1]]}" + ("_total" if counter else "")


CHECK = Check("L40", "metric-name", Severity.WARNING, __doc__, definitions=find)
