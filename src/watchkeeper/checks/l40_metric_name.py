"""A metric whose name does not say how to read it.

A measurement ends in its unit, and units are the basic ones: seconds, bytes, ratios, so that a threshold of 0.5 is
half a second everywhere. By the conventions of Prometheus a counter ends in `_total`, and nothing else does: `rate`
belongs there, a plain value here. OpenMetrics clients add `_total` by themselves, and a rule that reads the name
without it sees nothing.

Definitions are refused where `_total` is wrong; units are warned of. What exporters of others expose is named by
others and is not looked at.

Bad:

```yaml
metrics:
  cache_lookup_ms:
    type: gauge
    help: How long the last lookup took.
    category: application
    scrape: standard
    retention: 30d
```

Good:

```yaml
metrics:
  cache_lookup_seconds:
    type: gauge
    help: How long the last lookup took.
    category: application
    scrape: standard
    retention: 30d
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
        slip = None if metric.emitter.foreign else _slip(metric)
        if slip is not None:
            wrong, better = slip
            yield Finding(
                definitions.key("metrics", metric.name),
                f"metric `{metric.name}` {wrong}",
                found=f"{metric.type}: {metric.name}",
                allowed="measurements in seconds, bytes, ratio or what is counted",
                fix=f"write `{better}`, and `replaces: {metric.name}` if others know the old name",
            )


def _slip(metric: Metric) -> tuple[str, str] | None:
    """What is wrong with a name, and a better one."""
    stem = metric.name.removesuffix("_total")
    ending = metric.name.removeprefix(stem)
    first, _, last = stem.rpartition("_")
    if last in _UNITS:
        return f"counts in {last}, which is no basic unit", f"{first}_{_UNITS[last]}{ending}"
    if last in _MEASURED and metric.type is not MetricType.COUNTER:
        return "does not say its unit", f"{stem}_{_MEASURED[last]}"
    return None


CHECK = Check("L40", "metric-name", Severity.WARNING, __doc__, definitions=find, door=("bad-name",))
