"""Is every metric of the catalog really there? Asks the Prometheus of a running demo.

    python bench/emitted.py [--state DIR]

Prints what is missing by who should expose it, with the reason where there is one, and what has labels that are not
declared. Give a fresh demo a minute first. Exit code 1 for a metric missing without a reason, or a wrong label.
"""

import argparse
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from watchkeeper import spec
from watchkeeper.live.prometheus import Prometheus
from watchkeeper.model import Catalog, Credentials, Emitter, Metric, MetricType
from watchkeeper.stack import record
from watchkeeper.stack.layout import Layout
from watchkeeper.stack.ready import USERNAME
from watchkeeper.stack.record import Record

BY_SCRAPE = {"service", "environment", "role", "instance", "job", "le", "__name__"}
"""Labels that no emitter declares: those of the scrape, and a bucket's bound."""
REASONS = {
    "tls_certificate_expiry_timestamp_seconds": "the demo's front door has no TLS",
    "watchkeeper_label_overflow_total": "no label went beyond its domain",
    "watchkeeper_internal_errors_total": "nothing went wrong inside the SDK",
}
"""Why a metric may be missing on a healthy demo."""
if shutil.which("redis-server") is None:
    IMITATION = "without redis-server the demo's cache is an imitation, which cannot say"
    REASONS |= {"redis_memory_used_bytes": IMITATION, "redis_memory_max_bytes": IMITATION}
ELSEWHERE = {Emitter.KUBERNETES: "a demo runs on no cluster"}


@dataclass(frozen=True, slots=True)
class Finding:
    metric: Metric
    missing: bool
    wrong_labels: frozenset[str]

    @property
    def reason(self) -> str:
        return ELSEWHERE.get(self.metric.emitter, REASONS.get(self.metric.name, "")) if self.missing else ""

    @property
    def good(self) -> bool:
        return bool(self.reason) if self.missing else not self.wrong_labels

    def __str__(self) -> str:
        what = (
            "missing" if self.missing else f"has labels {', '.join(sorted(self.wrong_labels))}, which are not declared"
        )
        because = f" ({self.reason})" if self.reason else ""
        return f"{'ok ' if self.good else 'BAD'} {self.metric.emitter:<11}{self.metric.name}: {what}{because}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--state", type=Path, default=Path(".watchkeeper"), help="state directory of the running demo")
    layout = Layout.of(parser.parse_args().state)
    running = record.running(layout)
    if running is None or not running.demo:
        sys.exit(f"no demo runs in {layout.root}; start one with `watchkeeper up --demo`")
    seen = labels_by_name(layout, running)
    findings = tuple(examined(catalog(), seen))
    for finding in findings:
        print(finding)
    bad = sum(not finding.good for finding in findings)
    print(f"{len(catalog().metrics)} metrics in the catalog, {len(findings) - bad} not there for a reason, {bad} bad")
    return 1 if bad else 0


def catalog() -> Catalog:
    loaded = spec.load()
    if loaded.catalog is None:
        sys.exit("the pack itself has problems; see `watchkeeper check`")
    return loaded.catalog


def labels_by_name(layout: Layout, running: Record) -> Mapping[str, frozenset[str]]:
    """Every label that any series of a name has, as Prometheus scraped it."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    with Prometheus(running.prometheus, Credentials(USERNAME, str(layout.password))) as prometheus:
        for sample in prometheus.instant('{__name__=~".+", __name__!~"ALERTS.*"}'):
            found[sample.labels["__name__"]].update(sample.labels)
    return {name: frozenset(labels) for name, labels in found.items()}


def examined(whole: Catalog, seen: Mapping[str, frozenset[str]]) -> Iterable[Finding]:
    """What there is to say; nothing about a metric that is there as declared."""
    for metric in whole.metrics:
        labels = seen.get(f"{metric.name}_bucket" if metric.type is MetricType.HISTOGRAM else metric.name)
        declared = {label.name for label in metric.labels} | BY_SCRAPE
        wrong = frozenset() if labels is None or metric.emitter.foreign else labels - declared
        if labels is None or wrong:
            yield Finding(metric, labels is None, wrong)


if __name__ == "__main__":
    sys.exit(main())
