"""What every part of the guide is made from, compiled once."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from watchkeeper.compile.rules import Rules
from watchkeeper.compile.totals import Totals, totals
from watchkeeper.formats.prometheus import Alerting
from watchkeeper.model import Catalog, Deployment, Severity

_FOUND = re.compile(r"at most (.+?) after everything fails")


@dataclass(frozen=True, slots=True)
class Told:
    """One compiled alert rule and the receivers that hear of it."""

    rule: Alerting
    receivers: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.rule.alert

    @property
    def severity(self) -> Severity:
        return Severity(self.label("severity"))

    @property
    def about(self) -> str:
        return self.label("slo") or self.label("component")

    @property
    def found(self) -> str:
        """How long it takes at most, of what the rule says about itself."""
        stated = _FOUND.match(self.says("detection"))
        return stated[1] if stated else "-"

    def label(self, name: str) -> str:
        return dict(self.rule.labels).get(name, "")

    def says(self, annotation: str) -> str:
        return dict(self.rule.annotations).get(annotation, "")


@dataclass(frozen=True, slots=True)
class Facts:
    catalog: Catalog
    deployment: Deployment
    paths: tuple[str, ...]
    """The files that the guide stands beside."""
    alerts: tuple[Told, ...]
    """All alert rules, by severity and name."""
    series: frozenset[str]
    """Every name that a query can ask for."""
    totals: Totals

    @property
    def names(self) -> tuple[str, ...]:
        """Of all alerts, sorted."""
        return tuple(sorted({told.name for told in self.alerts}))

    def of(self, severity: Severity) -> list[Told]:
        return [told for told in self.alerts if told.severity is severity]


def gather(catalog: Catalog, deployment: Deployment, compiled: Rules, paths: tuple[str, ...]) -> Facts:
    order = list(Severity)
    told = (Told(rule, catalog.routing.told(dict(rule.labels))) for rule in compiled.alerts)
    return Facts(
        catalog=catalog,
        deployment=deployment,
        paths=paths,
        alerts=tuple(sorted(told, key=lambda each: (order.index(each.severity), each.name))),
        series=frozenset(_series(catalog, compiled)),
        totals=totals(catalog, compiled),
    )


def _series(catalog: Catalog, compiled: Rules) -> Iterable[str]:
    yield "ALERTS"
    yield from (rule.record for rule in compiled.recordings)
    for metric in catalog.metrics:
        yield metric.name
        if metric.buckets:
            yield from (f"{metric.name}_{ending}" for ending in ("bucket", "count", "sum"))
