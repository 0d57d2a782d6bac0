"""The definitions, resolved: frozen, total, without positions. What `compile`, `checks` and the console read."""

from watchkeeper.model.alert import Alert, Comparison, Kind, Priority, Severity, Threshold, Unit
from watchkeeper.model.catalog import Catalog, Dependency, Intervals, Service
from watchkeeper.model.deployment import Credentials, Deployment, Target, TracePipeline
from watchkeeper.model.metric import Emitter, Label, Metric, MetricType, Scrape
from watchkeeper.model.recording import Family, Pace, Recording
from watchkeeper.model.reference import Reference
from watchkeeper.model.routing import Inhibition, PagerDuty, Receiver, Route, Routing, Slack, Timing, Webhook
from watchkeeper.model.rule_test import RuleTest
from watchkeeper.model.slo import BudgetState, Outage, Queries, RequestClass, Requests, Slo, Tier
from watchkeeper.model.tracing import (
    HEADROOM,
    Baggage,
    Carrier,
    Export,
    Propagation,
    Pseudonyms,
    Redaction,
    Sampling,
    SamplingRule,
    Secret,
    SpanAttribute,
    SpanName,
    SpanNameError,
    Tracing,
)

__all__ = [
    "Alert",
    "Baggage",
    "BudgetState",
    "Carrier",
    "Catalog",
    "Comparison",
    "Credentials",
    "Dependency",
    "Deployment",
    "Emitter",
    "Export",
    "Family",
    "HEADROOM",
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
    "Propagation",
    "Pseudonyms",
    "Queries",
    "Receiver",
    "Recording",
    "Redaction",
    "Reference",
    "RequestClass",
    "Requests",
    "Route",
    "Routing",
    "RuleTest",
    "Sampling",
    "SamplingRule",
    "Scrape",
    "Secret",
    "Service",
    "Severity",
    "Slack",
    "Slo",
    "SpanAttribute",
    "SpanName",
    "SpanNameError",
    "Target",
    "Threshold",
    "Tier",
    "Timing",
    "TracePipeline",
    "Tracing",
    "Unit",
    "Webhook",
]
