"""Is any panel empty on a running stack? `python bench/panels.py [--state DIR]`

Asks the Prometheus of the stack every query of every dashboard, as a dashboard would, and prints a line a panel:
answered, quiet (what it reads is measured, there is nothing to show, and the panel says so), needs (something that
this deployment has not, declared in the panel), or EMPTY. Exit code 1 when a panel is empty or refused. Give a new
stack with the demo eight minutes: windows of a day are recorded every two, from what was recorded at whole fives.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from watchkeeper import promql, spec
from watchkeeper.compile import panels
from watchkeeper.live.errors import LiveError
from watchkeeper.live.prometheus import Prometheus
from watchkeeper.model import Catalog, Credentials, Panel, Query, Service
from watchkeeper.promql import build
from watchkeeper.quantity import Duration
from watchkeeper.stack import record
from watchkeeper.stack.layout import Layout
from watchkeeper.stack.ready import USERNAME

RANGE_SECONDS = 900.0
STEP_SECONDS = 30.0
LOOKED_BACK = Duration.of(hours=1)

Count = Callable[[str, bool], int]
"""How many series a query yields: now, or within the last minutes."""


class Verdict(StrEnum):
    ANSWERED = "answered"
    QUIET = "quiet"
    NEEDS = "needs"
    EMPTY = "EMPTY"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class Row:
    panel: str
    verdict: Verdict
    words: str


def rows(catalog: Catalog, service: Service, environment: str, count: Count) -> Iterator[Row]:
    for dashboard in catalog.dashboards:
        for panel in dashboard.panels:
            try:
                verdict, words = judged(panel, service, environment, count)
            except LiveError as refusal:
                verdict, words = Verdict.REFUSED, str(refusal)
            yield Row(f"{dashboard.key}/{panel.key}", verdict, words)


def judged(panel: Panel, service: Service, environment: str, count: Count) -> tuple[Verdict, str]:
    drawn = [query for query in panel.queries if query.beside is None]  # what stands beside may have nothing to say
    found = [count(expression(panel, query, service, environment), panel.kind.instant) for query in drawn]
    if all(found):
        return Verdict.ANSWERED, f"{sum(found)} series"
    silent = [query for query, number in zip(drawn, found, strict=True) if not number]
    unmeasured = sorted({name for query in silent for name in missing(query, service, environment, count)})
    if unmeasured and panel.needs:
        return Verdict.NEEDS, f"{panel.needs}: {panel.needs.words}"
    if unmeasured:
        return Verdict.EMPTY, f"nothing is measured of {', '.join(unmeasured)}"
    if panel.empty:
        return Verdict.QUIET, panel.empty
    return Verdict.EMPTY, "and the panel does not say why"


def expression(panel: Panel, query: Query, service: Service, environment: str) -> str:
    return promql.render(panels.chosen(panels.expression(panel, query), service.name, environment))


def missing(query: Query, service: Service, environment: str, count: Count) -> Iterator[str]:
    """Metrics of a query of which the service has no series at all, alerts aside: none may have fired yet."""
    for name in promql.metrics(promql.parse(query.value)):
        of_service = build.selector(name, service=service.name, environment=environment)
        if name != "ALERTS" and not count(promql.render(build.count_over_time(of_service, LOOKED_BACK)), True):
            yield name


def counter(prometheus: Prometheus) -> Count:
    def count(query: str, now: bool) -> int:
        if now:
            return len(prometheus.instant(query))
        end = time.time()
        return len(prometheus.range(query, end - RANGE_SECONDS, end, STEP_SECONDS))

    return count


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--state", type=Path, default=Path(".watchkeeper"), help="state directory of the running stack")
    layout = Layout.of(parser.parse_args().state)
    current, catalog = record.running(layout), spec.load().catalog
    if current is None or catalog is None:
        sys.exit(f"no stack runs in {layout.root}; start one with `watchkeeper up --demo`")
    with Prometheus(current.prometheus, Credentials(USERNAME, str(layout.password))) as prometheus:
        found = list(rows(catalog, catalog.services[0], current.environment, counter(prometheus)))
    for row in found:
        print(f"{row.panel:<34} {row.verdict:<9} {row.words}")
    totals = {verdict: sum(row.verdict is verdict for row in found) for verdict in Verdict}
    print(f"\n{len(found)} panels: " + ", ".join(f"{number} {verdict}" for verdict, number in totals.items() if number))
    return 1 if totals[Verdict.EMPTY] + totals[Verdict.REFUSED] else 0


if __name__ == "__main__":
    sys.exit(main())
