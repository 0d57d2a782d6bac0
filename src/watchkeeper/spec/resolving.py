"""From what is written to what it means: defaults filled in, references followed, nothing left open."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from watchkeeper import model, promql
from watchkeeper.quantity import Duration
from watchkeeper.spec import dialects, panels, schema
from watchkeeper.spec.definitions import Definitions
from watchkeeper.spec.log_resolving import log_alert, logs
from watchkeeper.spec.objectives import tiers
from watchkeeper.spec.resolving_tracing import tracing
from watchkeeper.spec.schedules import active
from watchkeeper.spec.schedules import resolved as schedules
from watchkeeper.spec.series import NAMED_LABELS

NEVER = Duration(Decimal(0))
SAMPLES_EVERY = Duration.of(seconds=5)
"""In the series of a test that names no other interval: as the critical scrape."""


def resolve(
    services: Sequence[Definitions], pages: tuple[model.RunbookPage, ...], examples: tuple[model.Example, ...]
) -> model.Catalog | None:
    """The catalog of definitions without errors; None where something that must be given is not."""
    first = services[0]
    if first.timezone is None or first.intervals is None or first.routing is None or first.reference is None:
        return None
    resolved = [service for d in services if (service := _service(d))]
    if len(resolved) < len(services):
        return None
    return model.Catalog(
        timezone=first.timezone,
        intervals=_intervals(first.intervals),
        reference=resolve_reference(first.reference),
        metrics=tuple(_metric(name, metric, services) for name, metric in first.metrics.items()),
        services=tuple(resolved),
        receivers=tuple(_receiver(name, receiver) for name, receiver in first.receivers.items()),
        schedules=schedules(first.schedules),
        routing=_routing(first.routing, first),
        logs=logs(first.logs) if first.logs else None,
        dashboards=tuple(panels.dashboard(key, written) for key, written in first.dashboards.items()),
        pages=pages,
        examples=examples,
        tracing=tracing(first.tracing) if first.tracing else None,
    )


def _intervals(written: schema.Intervals) -> model.Intervals:
    return model.Intervals(
        scrape_critical=written.scrape_critical,
        scrape_standard=written.scrape_standard,
        rules_critical=written.rules_critical,
        rules_standard=written.rules_standard,
        rules_slow=written.rules_slow,
    )


def resolve_reference(written: schema.Reference) -> model.Reference:
    counted = written.instances.model_dump()
    return model.Reference(
        written.requests_per_month, tuple((model.Emitter(emitter), number) for emitter, number in counted.items())
    )


def _service(d: Definitions) -> model.Service | None:
    if d.team is None or d.outage is None:
        return None
    spoken = d.dialects.get(d.dialect or "")
    left_out = dialects.uncounted(d)
    states = (
        model.BudgetState(name, state.consumed, state.severity, state.action) for name, state in d.budget_policy.items()
    )
    return model.Service(
        name=d.service,
        team=d.team,
        dialect=dialects.dialect(d.dialect, spoken) if d.dialect and spoken else None,
        classes=tuple(model.RequestClass(name, c.description, c.stall) for name, c in d.classes.items()),
        dependencies=tuple(model.Dependency(name, each.description) for name, each in d.dependencies.items()),
        slos=tuple(_slo(name, slo) for name, slo in d.slos.items() if name not in left_out),
        outage=model.Outage(d.outage.bad_share, d.outage.window, d.outage.min_bad_events, d.outage.probe_failing_for),
        budget_policy=tuple(sorted(states, key=lambda state: state.consumed)),
        alerts=tuple(alert for name, written in d.alerts.items() if (alert := _alert(name, written, d.team))),
        log_alerts=tuple(log_alert(name, written, d.team) for name, written in d.log_alerts.items()),
        recordings=tuple(each for name, written in d.recordings.items() for each in _recordings(name, written)),
        tests=tuple(_tested(d, absent=left_out)),
    )


def _recordings(name: str, written: schema.Recording) -> Iterator[model.Recording]:
    for rule in written.rules:
        yield model.Recording(
            name, _pairs(rule.labels), rule.value, written.family, written.unit, written.help, rule.pace
        )


def _tested(d: Definitions, absent: Iterable[str]) -> Iterator[model.RuleTest]:
    """Whose alert is switched off waits with it: both count again from the day in `until`.

    So do the cases of an objective that is switched off or left out.
    """
    gone = d.off.get("slos", frozenset()) | frozenset(absent)
    for name, written in d.tests.items():
        if name not in d.silent:
            yield from (test for test in _tests(name, written) if not gone or gone.isdisjoint(_objectives(test)))


def _objectives(test: model.RuleTest) -> Iterator[str]:
    """Those that a case speaks of: by the alert it asks for, or by the series it gives."""
    yield dict(test.labels).get("slo", "")
    for series, _ in test.series:
        for selector in promql.selectors(promql.parse(series)):
            yield from (matcher.value for matcher in selector.matchers if matcher.label == "slo")


def _tests(alert: str, written: schema.RuleTests) -> Iterator[model.RuleTest]:
    for fires, cases in ((True, written.fires), (False, written.silent)):
        for case in cases:
            yield model.RuleTest(
                alert,
                _pairs(case.labels),
                fires,
                case.idea,
                _pairs(case.series),
                case.every or SAMPLES_EVERY,
                case.at,
            )


def _slo(name: str, written: schema.Slo) -> model.Slo:
    return model.Slo(
        name=name,
        title=written.title,
        target=written.target,
        window=written.window,
        events=_events(written),
        tiers=tiers(written),
        min_bad_events=written.min_bad_events,
        impact=written.impact,
        component=written.component,
        runbook=written.runbook,
        priority=written.priority,
        panel=written.panel,
    )


def _events(written: schema.Slo) -> model.Requests | model.Queries:
    for outcome, part in ((model.Outcome.BAD, written.bad), (model.Outcome.GOOD, written.good)):
        if written.total is not None and part is not None:
            return model.Queries(written.total, part, outcome)
    return model.Requests(written.class_ or "", written.within)


def _threshold(written: schema.Alert) -> model.Threshold | None:
    for comparison, limit in ((model.Comparison.ABOVE, written.above), (model.Comparison.BELOW, written.below)):
        if limit is not None:
            return model.Threshold(comparison, limit.value, model.Unit(limit.measure))
    return None


def _alert(name: str, written: schema.Alert, team: str) -> model.Alert | None:
    threshold = _threshold(written)
    if threshold is None:
        return None
    return model.Alert(
        name=name,
        severity=written.severity,
        kind=written.kind,
        component=written.component,
        team=written.team or team,
        value=written.value,
        threshold=threshold,
        within=written.within,
        for_=written.for_ or NEVER,
        guard=written.guard or "",
        summary=written.summary,
        impact=written.impact,
        actions=written.actions,
        escalation=written.escalation,
        runbook=written.runbook,
        priority=written.priority,
        panel=written.panel,
    )


def _metric(name: str, written: schema.Metric, services: Iterable[Definitions]) -> model.Metric:
    return model.Metric(
        name=name,
        type=written.type,
        help=written.help,
        labels=tuple(_label(label, domain, services) for label, domain in written.labels.items()),
        buckets=written.buckets,
        scrape=written.scrape,
        retention=written.retention,
        emitter=written.emitter,
        category=written.category,
        replaces=written.replaces,
        plan=written.plan or 0,
    )


def _label(name: str, domain: schema.LabelDomain, services: Iterable[Definitions]) -> model.Label:
    """A label about definitions takes the names that a project adds to them, too."""
    if not domain.values:
        return model.Label(name, cap=domain.cap or 0)
    section = NAMED_LABELS.get(name)
    added = {word: None for d in services for word in _names(d, section) if section}
    return model.Label(name, values=tuple(dict.fromkeys((*domain.values, *added))))


def _names(d: Definitions, section: str | None) -> Mapping[str, object]:
    sections: dict[str | None, Mapping[str, object]] = {
        "classes": d.classes,
        "dependencies": d.dependencies,
        "slos": {name: slo for name, slo in d.slos.items() if slo.total is None},
    }
    return sections.get(section, {})


def _receiver(name: str, written: schema.Receiver) -> model.Receiver:
    sends: model.PagerDuty | model.Slack | model.Mail | model.Webhook | None = None
    if written.pagerduty:
        sends = model.PagerDuty(written.pagerduty.routing_key_file)
    elif written.slack:
        sends = model.Slack(written.slack.channel, written.slack.url_file)
    elif written.mail:
        sends = model.Mail(written.mail.to)
    elif written.webhook:
        sends = model.Webhook(written.webhook.address)
    return model.Receiver(name, sends)


def _pairs(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(labels.items())


def _match(written: Mapping[str, tuple[str, ...]]) -> model.Match:
    return tuple((label, tuple(dict.fromkeys(values))) for label, values in written.items())


def _routing(written: schema.Routing, d: Definitions) -> model.Routing:
    timing = model.Timing(written.timing.group_wait, written.timing.group_interval, written.timing.repeat_interval)
    heard = (route for name, team in d.teams.items() for route in _heard(name, team, timing))
    return model.Routing(
        group_by=written.group_by,
        fallback=written.receiver,
        timing=timing,
        routes=(*heard, *(_route(route, written, d) for route in written.routes)),
        inhibitions=tuple(
            model.Inhibition(_match(rule.source), _match(rule.target), rule.equal) for rule in written.inhibitions
        ),
        teams=tuple(model.Team(name, tuple(team.instead.items())) for name, team in d.teams.items()),
    )


def _heard(name: str, team: schema.Team, timing: model.Timing) -> Iterator[model.Route]:
    """What a team hears beside the others; severities with the same receivers share a route."""
    severities: dict[tuple[str, ...], list[str]] = {}
    for severity, receivers in team.hears.items():
        severities.setdefault(receivers, []).append(severity)
    for receivers, values in severities.items():
        match = (("team", (name,)), ("severity", tuple(values)))
        yield model.Route(match, receivers, timing, continue_=True)


def _route(written: schema.Route, routing: schema.Routing, d: Definitions) -> model.Route:
    above = model.Timing(routing.timing.group_wait, routing.timing.group_interval, routing.timing.repeat_interval)
    return model.Route(
        match=_match(written.match),
        receivers=written.receivers,
        timing=_timing(written.timing, above),
        active=active(written, d),
        mute=written.mute,
        continue_=written.continue_,
    )


def _timing(written: schema.PartialTiming, above: model.Timing) -> model.Timing:
    return model.Timing(
        group_wait=written.group_wait or above.group_wait,
        group_interval=written.group_interval or above.group_interval,
        repeat_interval=written.repeat_interval or above.repeat_interval,
    )
