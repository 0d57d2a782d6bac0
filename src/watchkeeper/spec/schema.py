"""Definitions as they are written: what may stand where. Nothing is resolved here and nothing may be unknown."""

from pydantic import Field, model_validator
from pydantic.json_schema import JsonSchemaValue

from watchkeeper import model
from watchkeeper.model import Axis, Draw, Emitter
from watchkeeper.spec import scalars as s
from watchkeeper.spec.hours import TimeOfDay, Weekdays
from watchkeeper.spec.log_schema import LogAlert, Logs
from watchkeeper.spec.several import AnyNumber, OneOrMore
from watchkeeper.spec.tracing_schema import Tracing
from watchkeeper.spec.written import Switched, Written


class Intervals(Written):
    """How often things are scraped and evaluated."""

    scrape_critical: s.Time
    scrape_standard: s.Time
    rules_critical: s.Time
    rules_standard: s.Time
    rules_slow: s.Time


class RequestClass(Switched):
    description: s.Text
    stall: s.Time = Field(description="A stream silent for longer than this is a bad event.")


class Dependency(Switched):
    description: s.Text


class Outage(Written):
    bad_share: s.Share
    window: s.Time
    min_bad_events: s.Whole
    probe_failing_for: s.Time


class BudgetState(Written):
    consumed: s.Share
    severity: s.Severity | None = None
    action: s.Text


class LabelDomain(Written):
    """A list of values, or a cap on how many different ones there may be."""

    values: tuple[s.Word, ...] = ()
    cap: s.Whole | None = None

    @model_validator(mode="before")
    @classmethod
    def _list_means_values(cls, value: object) -> object:
        return {"values": value} if isinstance(value, list) else value


class Metric(Written):
    type: s.MetricType
    help: s.Text
    category: s.Name
    labels: dict[s.SeriesName, LabelDomain] = Field(default_factory=dict)
    scrape: s.Scrape
    retention: s.Time
    emitter: s.Emitter = Emitter.SDK
    buckets: tuple[s.Number, ...] = Field(default=(), description="Finite upper bounds of a histogram, ascending.")
    plan: s.Whole | None = Field(default=None, description="Combinations of label values expected per process.")
    replaces: s.SeriesName = ""


class Tier(Written):
    """What part of the budget may be spent in which time; or the factor that follows from it, and the time alone."""

    severity: s.Severity
    budget_share: s.Share | None = None
    factor: s.Number | None = Field(default=None, description="Instead of the share: times faster than allowed.")
    long_window: s.Time | None = None
    exhausts_in: s.Time | None = Field(default=None, description="How long the budget lasts at the factor; checked.")


class Slo(Switched):
    title: s.Text
    target: s.Target
    window: s.Time
    counts: s.Counting | None = None
    class_: s.Name | None = Field(default=None, alias="class")
    within: s.Time | None = None
    total: s.Text | None = None
    bad: s.Text | None = None
    good: s.Text | None = Field(
        default=None, description="Instead of `bad`: of a histogram, the bucket of what is fast enough."
    )
    burn_alerts: s.BurnAlerts | None = None
    tiers: tuple[Tier, ...] = ()
    min_bad_events: s.Whole = 5
    impact: s.Text
    component: s.Name
    runbook: s.Runbook
    priority: s.Priority | None = Field(default=None, description="Of its critical burn alert.")
    panel: s.Panel = ""


class Alert(Switched):
    severity: s.Severity
    kind: s.Kind
    component: s.Name
    team: s.Name | None = None
    value: s.Text = Field(description="PromQL without a comparison; the threshold stands in `above` or `below`.")
    above: s.Limit | None = None
    below: s.Limit | None = None
    within: s.Time | None = Field(default=None, description="Every sample over this time is beyond the threshold.")
    for_: s.Time | None = Field(default=None, alias="for", description="Pending for this long.")
    guard: s.Text | None = Field(default=None, description="PromQL that must hold as well: enough traffic, say.")
    summary: s.Text
    impact: s.Text
    actions: tuple[s.Text, ...] = Field(min_length=1)
    escalation: s.Text
    runbook: s.Runbook
    priority: s.Priority | None = Field(default=None, description="Of a critical alert: p0, users cannot work; p1.")
    panel: s.Panel = Field(default="", description="`dashboard/panel` that shows the value.")


class RecordingRule(Written):
    labels: dict[s.SeriesName, s.Word] = Field(default_factory=dict)
    value: s.Text = Field(description="PromQL; `service` and `environment` are added.")
    pace: s.Pace = model.Pace.STANDARD


class Recording(Switched):
    family: s.Family
    unit: s.Unit
    help: s.Text
    rules: tuple[RecordingRule, ...] = Field(min_length=1)


class RuleTest(Written):
    idea: s.Text
    series: dict[s.SeriesText, s.Text] = Field(min_length=1)
    at: s.Time = Field(description="When to look, counted from the first sample.")
    every: s.Time | None = Field(default=None, description="Between two samples; 5 s if absent.")
    labels: dict[s.SeriesName, s.Word] = Field(default_factory=dict)


class RuleTests(Written):
    fires: tuple[RuleTest, ...] = Field(min_length=1)
    silent: tuple[RuleTest, ...] = Field(min_length=1)


class Renamed(Written):
    from_: s.MetricName = Field(alias="from")
    when: dict[s.SeriesName, s.Word] = Field(default_factory=dict, description="Label -> pattern; empty: not there.")
    to: s.MetricName
    set_: dict[s.SeriesName, s.Word] = Field(default_factory=dict, alias="set")


class Dialect(Written):
    help: s.Text
    labels: dict[s.SeriesName, s.SeriesName] = Field(default_factory=dict)
    families: dict[s.MetricName, s.MetricName] = Field(default_factory=dict)
    series: tuple[Renamed, ...] = ()
    copies: tuple[Renamed, ...] = ()
    critical: tuple[Renamed, ...] = ()


class Instances(Written):
    sdk: s.Whole
    probe: s.Whole
    stack: s.Whole
    engine: s.Whole
    kubernetes: s.Whole
    node: s.Whole


class Reference(Written):
    requests_per_month: s.Many
    instances: Instances


class PagerDuty(Written):
    routing_key_file: s.SecretFile


class Slack(Written):
    channel: s.Channel
    url_file: s.SecretFile


class Mail(Written):
    to: tuple[s.Address, ...] = Field(min_length=1)


class Webhook(Written):
    address: s.Name


class Receiver(Written):
    pagerduty: PagerDuty | None = None
    slack: Slack | None = None
    mail: Mail | None = None
    webhook: Webhook | None = None


class Timing(Written):
    group_wait: s.Time
    group_interval: s.Time
    repeat_interval: s.Time


class PartialTiming(Written):
    """What a route changes of the timing above it."""

    group_wait: s.Time | None = None
    group_interval: s.Time | None = None
    repeat_interval: s.Time | None = None


class Schedule(Written):
    """Days and hours in the catalog's time zone, or all that another schedule leaves."""

    weekdays: AnyNumber[Weekdays] = Field(
        default=(), description="A day, a range such as monday-friday, or a list of them."
    )
    times: AnyNumber[TimeOfDay] = Field(
        default=(), description="From-to, such as 09:00-17:00; the whole day if none is given."
    )
    outside: s.Name | None = None


class Team(Written):
    """An owner of alerts, and how it is told of them beside or instead of the others."""

    hears: dict[s.Severity, OneOrMore[s.Name]] = Field(
        default_factory=dict, description="Receivers of its own, by severity, beside those of the routes."
    )
    instead: dict[s.Name, s.Name] = Field(
        default_factory=dict, description="Its own receiver for one that the routes name."
    )


class Route(Written):
    match: dict[s.SeriesName, OneOrMore[s.Word]] = Field(min_length=1)
    receivers: tuple[s.Name, ...] = Field(min_length=1)
    timing: PartialTiming = PartialTiming()
    active: AnyNumber[s.Name] = Field(default=(), description="Sends only in these schedules.")
    mute: AnyNumber[s.Name] = Field(default=(), description="Sends nothing in these schedules.")
    continue_: s.Truth = Field(default=False, alias="continue", description="The routes below are tried as well.")


class Inhibition(Written):
    source: dict[s.SeriesName, OneOrMore[s.Word]] = Field(min_length=1)
    target: dict[s.SeriesName, OneOrMore[s.Word]] = Field(min_length=1)
    equal: tuple[s.SeriesName, ...] = ()


class Routing(Written):
    group_by: tuple[s.SeriesName, ...] = Field(min_length=1)
    receiver: s.Name
    timing: Timing
    high_pages: s.Paging = s.Pages.HOURS
    routes: tuple[Route, ...] = ()
    inhibitions: tuple[Inhibition, ...] = ()


class PanelQuery(Written):
    value: s.Text = Field(description="PromQL; `service` and `environment` are added to every selector.")
    legend: s.Text | None = Field(default=None, description="What it is called, with {{label}} where labels differ.")
    top: s.Whole | None = Field(default=None, description="Only so many series, the largest ones.")
    beside: s.PanelUnit | None = Field(default=None, description="Said in the legend in this unit, not drawn.")
    exemplars: s.Truth = False


class PanelThreshold(Written):
    """At an alert's threshold, or at a number of an SLO; never a number of its own."""

    alert: s.AlertName | None = None
    slo: s.Name | None = None
    at: s.Reading | None = None


class PanelState(Written):
    value: s.Number
    text: s.Text
    colour: s.Colour


class Panel(Written):
    kind: s.PanelKind
    title: s.Text
    description: s.Text
    unit: s.PanelUnit
    queries: tuple[PanelQuery, ...] = Field(min_length=1)
    thresholds: tuple[PanelThreshold, ...] = ()
    states: tuple[PanelState, ...] = ()
    draw: s.Draw = Draw.LINES
    axis: s.Axis = Axis.ZERO
    range: s.Time | None = Field(default=None, description="Always this much time, whatever the dashboard shows.")
    every: s.Time | None = Field(default=None, description="One bar per so much time.")
    width: s.Whole = Field(description="Columns; a row has 24.")
    height: s.Whole
    links: tuple[s.Leads, ...] = ()
    details: s.Panel | None = Field(default=None, description="The panel that answers the next question.")
    needs: s.Need | None = Field(default=None, description="What not every deployment has.")
    empty: s.Text | None = Field(default=None, description="Said when there is nothing to show.")


class Dashboard(Switched):
    title: s.Text
    audience: s.Text
    refresh: s.Time
    range: s.Time
    panels: dict[s.Name, Panel] = Field(min_length=1)


class ServiceOverrides(Written):
    """What a service may have of its own, beside what it shares with the others."""

    team: s.Name | None = None
    dialect: s.Name | None = Field(default=None, description="Whose metric names it speaks: opentelemetry.")
    classes: dict[s.Name, RequestClass] = Field(default_factory=dict)
    dependencies: dict[s.Name, Dependency] = Field(default_factory=dict)
    slos: dict[s.Name, Slo] = Field(default_factory=dict)
    alerts: dict[s.AlertName, Alert] = Field(default_factory=dict)
    log_alerts: dict[s.AlertName, LogAlert] = Field(default_factory=dict)
    recordings: dict[s.RecordName, Recording] = Field(default_factory=dict)
    tests: dict[s.AlertName, RuleTests] = Field(default_factory=dict)


class File(ServiceOverrides):
    """Everything a file of definitions may hold."""

    service: s.Name | None = Field(default=None, description="Short for `services` with this one.")
    services: dict[s.Name, ServiceOverrides] = Field(default_factory=dict)
    extends: s.Extends | None = None
    timezone: s.Timezone | None = None
    intervals: Intervals | None = None
    outage: Outage | None = None
    budget_policy: dict[s.Name, BudgetState] = Field(default_factory=dict)
    logs: Logs | None = None
    reference: Reference | None = None
    dialects: dict[s.Name, Dialect] = Field(default_factory=dict)
    metrics: dict[s.MetricName, Metric] = Field(default_factory=dict)
    receivers: dict[s.Name, Receiver] = Field(default_factory=dict)
    schedules: dict[s.Name, Schedule] = Field(default_factory=dict)
    teams: dict[s.Name, Team] = Field(default_factory=dict)
    routing: Routing | None = None
    dashboards: dict[s.DashboardName, Dashboard] = Field(default_factory=dict)
    tracing: Tracing | None = None


NAMED: tuple[str, ...] = (
    "alerts",
    "budget_policy",
    "classes",
    "dashboards",
    "dependencies",
    "dialects",
    "log_alerts",
    "metrics",
    "receivers",
    "recordings",
    "schedules",
    "services",
    "slos",
    "teams",
    "tests",
)
"""Sections whose entries have names: files add to them, a project file changes them name by name."""

PER_SERVICE: tuple[str, ...] = tuple(ServiceOverrides.model_fields)

ALTERNATIVES: dict[str, tuple[tuple[frozenset[str], ...], ...]] = {
    "alerts": (
        (frozenset({"above"}), frozenset({"below"})),
        (frozenset({"within"}), frozenset({"for"})),
    ),
    "log_alerts": ((frozenset({"lines"}), frozenset({"kernel"})),),
    "slos": (
        (frozenset({"counts", "class", "within"}), frozenset({"total", "bad", "good"})),
        (frozenset({"bad"}), frozenset({"good"})),
        (frozenset({"burn_alerts"}), frozenset({"tiers"})),
    ),
    "receivers": (tuple(frozenset({kind}) for kind in ("pagerduty", "slack", "mail", "webhook")),),
    "schedules": ((frozenset({"weekdays", "times"}), frozenset({"outside"})),),
}
"""Keys of which one set excludes the others: a project file that names one takes the pack's others away."""

MISTAKEN: dict[str, str] = {
    "active_time_intervals": "active",
    "description": "summary",
    "email": "mail",
    "duration": "for",
    "expr": "value",
    "expression": "value",
    "labelnames": "labels",
    "latency": "within",
    "limit": "cap",
    "max": "cap",
    "mute_time_intervals": "mute",
    "objective": "target",
    "pending": "for",
    "query": "value",
    "reason": "because",
    "runbook_url": "runbook",
    "threshold": "above",
}
"""What other tools call a key of ours."""

SECRETS: dict[str, str] = {
    "api_url": "url_file",
    "integration_key": "routing_key_file",
    "routing_key": "routing_key_file",
    "service_key": "routing_key_file",
    "token": "routing_key_file",
    "url": "url_file",
    "webhook_url": "url_file",
}
"""Keys under which other tools take a secret in the open, and ours that name a file."""


def json_schema() -> JsonSchemaValue:
    """JSON Schema of a project file, for editors. An override names only what it changes, so nothing is required."""
    tree = File.model_json_schema(by_alias=True)
    _relax(tree)
    definitions = tree["$defs"]
    return tree | {
        "$defs": definitions | {"LabelDomain": _list_or_cap(definitions["LabelDomain"])},
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "watchkeeper.yaml",
    }


def _list_or_cap(domain: JsonSchemaValue) -> JsonSchemaValue:
    """A label's domain is usually just the list of its values."""
    return {"anyOf": [domain["properties"]["values"], domain]}


def _relax(tree: object) -> None:
    if isinstance(tree, dict):
        for key in ("required", "default"):
            if not isinstance(tree.get(key), dict):
                tree.pop(key, None)
        for child in tree.values():
            _relax(child)
    elif isinstance(tree, list):
        for child in tree:
            _relax(child)
