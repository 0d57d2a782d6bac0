"""The definitions, resolved: frozen, total, without positions. What `compile`, `checks` and the console read."""

from watchkeeper.model.alert import Alert, Comparison, Kind, Priority, Severity, Threshold, Unit
from watchkeeper.model.catalog import Catalog, Dependency, Intervals, Service
from watchkeeper.model.deployment import Credentials, Deployment, Target
from watchkeeper.model.metric import Emitter, Label, Metric, MetricType, Scrape
from watchkeeper.model.recording import Family, Pace, Recording
from watchkeeper.model.reference import Reference
from watchkeeper.model.routing import Inhibition, PagerDuty, Receiver, Route, Routing, Slack, Timing, Webhook
from watchkeeper.model.rule_test import RuleTest
from watchkeeper.model.slo import BudgetState, Outage, Queries, RequestClass, Requests, Slo, Tier

__all__ = [
    "Alert",
    "BudgetState",
    "Catalog",
    "Comparison",
    "Credentials",
    "Dependency",
    "Deployment",
    "Emitter",
    "Family",
    "Inhibition",
    "Intervals",
    "Kind",
    "Label",
    "Metric",
    "MetricType",
    "Outage",
    "Pace",
    "PagerDuty",
    "Priority",
    "Queries",
    "Receiver",
    "Recording",
    "Reference",
    "RequestClass",
    "Requests",
    "Route",
    "Routing",
    "RuleTest",
    "Scrape",
    "Service",
    "Severity",
    "Slack",
    "Slo",
    "Target",
    "Threshold",
    "Tier",
    "Timing",
    "Unit",
    "Webhook",
]
