"""The resolved whole: what `spec` makes and everything else reads. Nothing in it refers to a file or may be missing."""

from dataclasses import dataclass

from watchkeeper.model.alert import Alert
from watchkeeper.model.dashboard import Dashboard
from watchkeeper.model.dialect import Dialect
from watchkeeper.model.example import Example
from watchkeeper.model.logs import LogAlert, Logs
from watchkeeper.model.metric import Emitter, Metric
from watchkeeper.model.recording import Recording
from watchkeeper.model.reference import Reference
from watchkeeper.model.routing import Receiver, Routing, Schedule
from watchkeeper.model.rule_test import RuleTest
from watchkeeper.model.runbook import RunbookPage
from watchkeeper.model.slo import BudgetState, Outage, RequestClass, Slo
from watchkeeper.model.tracing import Tracing
from watchkeeper.quantity import Duration


@dataclass(frozen=True, slots=True)
class Dependency:
    """Something the service needs and watches from inside: a database, a cache, a module."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    team: str
    dialect: Dialect | None
    """Whose metric names it speaks; None for those of our SDK."""
    classes: tuple[RequestClass, ...]
    dependencies: tuple[Dependency, ...]
    slos: tuple[Slo, ...]
    outage: Outage
    budget_policy: tuple[BudgetState, ...]
    alerts: tuple[Alert, ...]
    log_alerts: tuple[LogAlert, ...]
    recordings: tuple[Recording, ...]
    tests: tuple[RuleTest, ...]


@dataclass(frozen=True, slots=True)
class Intervals:
    """How often things are scraped and evaluated."""

    scrape_critical: Duration
    scrape_standard: Duration
    rules_critical: Duration
    rules_standard: Duration
    rules_slow: Duration


@dataclass(frozen=True, slots=True)
class Catalog:
    timezone: str
    """IANA name, used for every schedule."""
    intervals: Intervals
    reference: Reference
    metrics: tuple[Metric, ...]
    services: tuple[Service, ...]
    receivers: tuple[Receiver, ...]
    schedules: tuple[Schedule, ...]
    routing: Routing
    logs: Logs | None
    """None where the definitions say nothing about logs."""
    tracing: Tracing | None
    """None where they say nothing about traces."""
    dashboards: tuple[Dashboard, ...]
    pages: tuple[RunbookPage, ...]
    """The runbooks, by name."""
    examples: tuple[Example, ...]
    """Published as they are, by name."""

    @property
    def runbooks(self) -> tuple[str, ...]:
        """File names of the runbook pages that exist."""
        return tuple(page.name for page in self.pages)

    def times(self, emitter: Emitter) -> int:
        """How often its processes of the reference deployment are scraped: once for each service, or once for all."""
        return len(self.services) if emitter.of_service else 1

    def metric(self, name: str) -> Metric:
        """Raises KeyError when the catalog has no such metric."""
        for metric in self.metrics:
            if metric.name == name:
                return metric
        raise KeyError(name)

    def dashboard(self, key: str) -> Dashboard:
        """Raises KeyError when the catalog has no such dashboard."""
        for dashboard in self.dashboards:
            if dashboard.key == key:
                return dashboard
        raise KeyError(key)
