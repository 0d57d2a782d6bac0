"""What the rules of one objective cost beside the usual shape: every window from raw series, the month as an average.

Used by `bench/rules.py`, on its loaded Prometheus. The usual shape is that of the best-known generator (Sloth): eight
ratios, seven rules of facts about the objective, two alerts; written here from its description, all every cycle. It has
no guard against little traffic, no alert for missing data, and its month is an average of ratios (`bench/exactness.py`
shows by how much that is wrong).
"""

import json
import statistics
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

from watchkeeper.compile import slo as compiled
from watchkeeper.model import Catalog, Slo

USUAL_SERIES = "slo:sli_error:ratio_rate5m"
USUAL_LABELS = {"shape": "usual"}
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
ROUNDS = 9


@dataclass(frozen=True, slots=True)
class Cost:
    rules: int
    seconds: float
    """Of evaluation, a cycle."""


def ours(url: str, catalog: Catalog, slo: Slo, cycle_seconds: float) -> Cost:
    """Each rule as often in a cycle as its group is evaluated."""
    taken = [
        _seconds(url, rule.expr) * cycle_seconds / float(group.interval.seconds)
        for group in compiled.groups(catalog, catalog.services[0], slo).values()
        for rule in group.rules
    ]
    return Cost(len(taken), sum(taken))


def usual(url: str, catalog: Catalog, slo: Slo) -> Cost:
    taken = [_seconds(url, expression) for expression in _usual(catalog.services[0].name, slo)]
    return Cost(len(taken), sum(taken))


def _usual(service: str, slo: Slo) -> Iterator[str]:
    budget = float(1 - slo.target.value)
    bad = f'sli_events_total{{service="{service}",slo="{slo.name}",outcome="bad"}}'
    valid = f'sli_events_total{{service="{service}",slo="{slo.name}",outcome=~"good|bad"}}'
    for window in WINDOWS:
        yield f"sum(rate({bad}[{window}])) / sum(rate({valid}[{window}]))"
    month = f'{USUAL_SERIES}{{shape="usual"}}'
    yield f"sum_over_time({month}[30d]) / count_over_time({month}[30d])"
    yield from (f"vector({1 - budget})", f"vector({budget})", "vector(30)", "vector(1)")
    yield f"{month} / on () group_left vector({budget})"
    yield f"{month} / on () group_left vector({budget})"
    yield f"1 - {month}"
    yield _alert(month, budget, 14.4, 6)
    yield _alert(month, budget, 3, 1)


def _alert(series: str, budget: float, fast: float, slow: float) -> str:
    quick, steady = (f"max({series} > {factor * budget})" for factor in (fast, slow))
    return f"({quick} and {quick}) or ({steady} and {steady})"


def _seconds(url: str, expression: str) -> float:
    form = urllib.parse.urlencode({"query": expression, "stats": "all"}).encode()
    taken = []
    for _ in range(ROUNDS):
        with urllib.request.urlopen(f"{url}/api/v1/query", data=form, timeout=60) as answer:  # noqa: S310 - loopback
            taken.append(float(json.load(answer)["data"]["stats"]["timings"]["evalTotalTime"]))
    return statistics.median(taken)
