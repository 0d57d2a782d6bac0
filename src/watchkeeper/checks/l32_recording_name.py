"""A recorded series whose name does not say what it is.

`level:metric:operations` tells a reader which labels are left, what was measured and what was done to it, and the
colons tell Prometheus' own metrics from computed ones. A rate is no total any more, so `_total` goes. A window in the
name that the expression does not look over is worse than none: whoever reads `rate5m` believes it.

The recordings of definitions are refused without a level.

Bad:

```yaml
rules:
- record: service:requests_total:rate1h
  expr: sum(rate(requests_total[5m]))
```

Good:

```yaml
rules:
- record: service:requests:rate5m
  expr: sum(rate(requests_total[5m]))
```
"""

import re
from collections.abc import Iterator

from watchkeeper import promql
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.events import RATES
from watchkeeper.checks.rules import Asked, Rules
from watchkeeper.problem import Severity
from watchkeeper.promql.nodes import Call
from watchkeeper.promql.rewrite import walk
from watchkeeper.quantity import Duration, QuantityError
from watchkeeper.spec.wording import listed

_GRAMMAR = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*:[a-zA-Z0-9_]+(?::[a-zA-Z0-9_]+)?")
_WINDOW = re.compile(r"(?<![0-9])((?:[0-9]+(?:ms|[smhdwy]))+)$")


def find(rules: Rules) -> Iterator[Finding]:
    for asked, recording in rules.recordings():
        name = recording.name.text
        if not _GRAMMAR.fullmatch(name):
            yield _finding(asked, "is no `level:metric:operations`", "as in service:requests:rate5m", _with_level(name))
            continue
        level, metric, *operations = name.split(":")
        if metric.endswith("_total") and _is_rate_of(metric, asked):
            better = ":".join((level, metric.removesuffix("_total"), *operations))
            yield _finding(asked, "keeps `_total`, and is a rate", "a name without `_total`", f"write `{better}`")
        yield from _misnamed(asked, (operations or [metric])[-1])


def _with_level(name: str) -> str:
    plain = re.sub(r":+", "_", name).strip("_")
    return f"write `LEVEL:{plain}`, with the labels that are left for LEVEL"


def _is_rate_of(counter: str, asked: Asked) -> bool:
    """Whether the counter whose name is kept is one that the expression takes the rate of."""
    rates = [part for part in walk(asked.node) if isinstance(part, Call) and part.function in RATES]
    return any(name.rpartition(":")[2] == counter for rate in rates for name in promql.metrics(rate))


def _misnamed(asked: Asked, last: str) -> Iterator[Finding]:
    """A window at the end of a name is one that the expression, or the name of what it reads, has."""
    said = _window(last)
    names = [selector.name.rpartition(":")[2] for selector in promql.selectors(asked.node) if ":" in selector.name]
    real = {part.duration for part in promql.ranges(asked.node)}
    real |= {window for name in names if (window := _window(name)) is not None}
    if said is not None and real and said not in real:
        yield _finding(
            asked,
            f"speaks of {said}, and looks over {listed(map(str, real))}",
            "the window of the expression in the name",
            "rename it, or mend the range",
        )


def _window(text: str) -> Duration | None:
    match = _WINDOW.search(text)
    try:
        return Duration.parse(match[1]) if match else None
    except QuantityError:
        return None


def _finding(asked: Asked, wrong: str, allowed: str, fix: str) -> Finding:
    return Finding(
        asked.rule.name.whole,
        f"{asked.rule.called} {wrong}",
        found=asked.rule.name.text,
        allowed=allowed,
        fix=fix,
    )


CHECK = Check("L32", "recording-name", Severity.WARNING, __doc__, rules=find, door=("bad-name",))
