"""`alertmanager.yml`: the routing table, receivers and inhibitions. Valid for 0.25 and newer, also in strict mode.

Every field a receiver shows is set explicitly: Debian's Alertmanager reads its default templates from the file system,
and an unpacked one may find none.
"""

from collections.abc import Iterator, Sequence

from watchkeeper import conventions, model
from watchkeeper.compile.document import Document
from watchkeeper.formats.alertmanager import Inhibition, Route, Span, TimeInterval, matcher
from watchkeeper.formats.yaml import Tree, dump
from watchkeeper.model import (
    DAY_MINUTES,
    Catalog,
    Deployment,
    Hours,
    Mail,
    Match,
    PagerDuty,
    Period,
    Receiver,
    Schedule,
    Slack,
    Timing,
    Webhook,
    Weekday,
)
from watchkeeper.quantity import Duration

_TIE = Duration.of(seconds=5)
"""A repeat that is an exact multiple of the group interval is a race between two ticks of the same clock."""

_SEVERITY = (
    '{{ if eq .CommonLabels.severity "critical" }}critical'
    '{{ else if eq .CommonLabels.severity "warning" }}warning'
    "{{ else }}error{{ end }}"
)
"""PagerDuty knows critical, error, warning and info; `high` would be refused."""


def configuration(catalog: Catalog, deployment: Deployment) -> Document:
    return Document(conventions.ALERTMANAGER_FILE, dump(tree(catalog, deployment, conventions.TEMPLATES_FILE)))


def tree(catalog: Catalog, deployment: Deployment, templates: str) -> dict[str, Tree]:
    """`templates`: where Alertmanager finds the notification templates."""
    inhibitions = (Inhibition(_pairs(i.source), _pairs(i.target), i.equal) for i in catalog.routing.inhibitions)
    return {
        "global": _global(deployment),
        "templates": [templates],
        "time_intervals": [_interval(schedule, catalog.timezone).tree() for schedule in catalog.schedules],
        "route": _root(catalog).tree(),
        "inhibit_rules": [inhibition.tree() for inhibition in inhibitions],
        "receivers": [_receiver(receiver, deployment) for receiver in catalog.receivers],
    }


def _global(deployment: Deployment) -> dict[str, Tree]:
    smtp = deployment.smtp
    tree: dict[str, Tree] = {"resolve_timeout": "5m"}
    if deployment.pagerduty_url:
        tree["pagerduty_url"] = deployment.pagerduty_url
    return tree | {
        "smtp_smarthost": smtp.smarthost,
        "smtp_from": smtp.sender,
        "smtp_auth_username": smtp.credentials.username,
        "smtp_auth_password_file": smtp.credentials.password_file,
        "smtp_require_tls": smtp.require_tls,
    }


def _interval(schedule: Schedule, timezone: str) -> TimeInterval:
    return TimeInterval(schedule.name, tuple(_span(period, timezone) for period in schedule.periods))


def _span(period: Period, timezone: str) -> Span:
    whole_day = period.hours == (Hours(0, DAY_MINUTES),)
    times = () if whole_day else tuple(hours.clock for hours in period.hours)
    return Span(tuple(_days(period.weekdays)), times, timezone)


def _days(weekdays: Sequence[Weekday]) -> Iterator[str]:
    """Days that follow each other as a range."""
    ordered = sorted(weekdays)
    for first in ordered:
        if first - 1 in ordered:
            continue
        last = first
        while last + 1 in ordered:
            last = Weekday(last + 1)
        names = (first.name.lower(), last.name.lower())
        yield names[0] if first == last else ":".join(names)


def _root(catalog: Catalog) -> Route:
    routing = catalog.routing
    return Route(
        receiver=routing.fallback,
        matchers=(),
        group_by=routing.group_by,
        group_wait=routing.timing.group_wait,
        group_interval=routing.timing.group_interval,
        repeat_interval=_repeat(routing.timing),
        active=(),
        mute=(),
        continue_=False,
        routes=tuple(_routes(catalog)),
    )


def _routes(catalog: Catalog) -> Iterator[Route]:
    """A route to several receivers becomes siblings: all but the last go on to the next."""
    for route in catalog.routing.routes:
        for receiver in route.receivers:
            yield Route(
                receiver=receiver,
                matchers=_pairs(route.match),
                group_by=(),
                group_wait=route.timing.group_wait,
                group_interval=route.timing.group_interval,
                repeat_interval=_repeat(route.timing),
                active=route.active,
                mute=route.mute,
                continue_=route.continue_ or receiver != route.receivers[-1],
                routes=tuple(_instead(catalog, route, receiver)),
            )


def _instead(catalog: Catalog, route: model.Route, receiver: str) -> Iterator[Route]:
    """Below a shared receiver, a team's own: the route below takes the alert in place of the one above."""
    for team in catalog.routing.teams:
        own = dict(team.instead).get(receiver)
        if own is not None and team.name in dict(route.match).get("team", (team.name,)):
            yield Route(
                receiver=own,
                matchers=(matcher("team", team.name),),
                group_by=(),
                group_wait=None,
                group_interval=None,
                repeat_interval=None,
                active=route.active,
                mute=route.mute,
                continue_=False,
                routes=(),
            )


def _repeat(timing: Timing) -> Duration:
    tie = not timing.repeat_interval / timing.group_interval % 1
    return timing.repeat_interval - _TIE if tie and timing.repeat_interval > _TIE else timing.repeat_interval


def _pairs(match: Match) -> tuple[str, ...]:
    return tuple(matcher(name, *values) for name, values in match)


def _receiver(receiver: Receiver, deployment: Deployment) -> Tree:
    match receiver.sends:
        case PagerDuty():
            return {"name": receiver.name, "pagerduty_configs": [_pagerduty(receiver.sends, deployment)]}
        case Slack():
            return {"name": receiver.name, "slack_configs": [_slack(receiver.sends, deployment)]}
        case Mail():
            return {"name": receiver.name, "email_configs": [_mail(receiver.sends, deployment)]}
        case Webhook():
            url = dict(deployment.webhooks)[receiver.sends.address]
            return {"name": receiver.name, "webhook_configs": [{"url": url, "send_resolved": False}]}
        case None:
            return {"name": receiver.name}


def _link(deployment: Deployment) -> str:
    """To the alert's own page, where there is a console."""
    console = deployment.console_url
    return f"{console}/alerts/{{{{ .CommonLabels.alertname | urlquery }}}}" if console else "{{ .ExternalURL }}"


def _pagerduty(sends: PagerDuty, deployment: Deployment) -> Tree:
    return {
        "routing_key_file": sends.routing_key_file,
        "send_resolved": True,
        "description": '{{ template "wk.title" . }}',
        "severity": _SEVERITY,
        "class": "{{ .CommonLabels.alertname }}",
        "component": "{{ .CommonLabels.component }}",
        "group": "{{ .CommonLabels.service }} {{ .CommonLabels.environment }}",
        "client": "Watchkeeper",
        "client_url": _link(deployment),
        "details": {
            "what": '{{ template "wk.plain.text" . }}',
            "runbook": '{{ template "wk.runbook" . }}',
            "dashboard": '{{ template "wk.dashboard" . }}',
            "detection": '{{ template "wk.detection" . }}',
            "firing": "{{ .Alerts.Firing | len }}",
            "resolved": "{{ .Alerts.Resolved | len }}",
            "num_firing": "{{ .Alerts.Firing | len }}",
            "num_resolved": "{{ .Alerts.Resolved | len }}",
        },
    }


def _slack(sends: Slack, deployment: Deployment) -> Tree:
    return {
        "api_url_file": sends.url_file,
        "channel": sends.channel,
        "username": "Watchkeeper",
        "send_resolved": True,
        "title": '{{ template "wk.title" . }}',
        "title_link": _link(deployment),
        "fallback": '{{ template "wk.title" . }}',
        "text": '{{ template "wk.slack.text" . }}' + _further(deployment),
        "footer": "",
        "color": '{{ template "wk.colour" . }}',
    }


def _mail(sends: Mail, deployment: Deployment) -> Tree:
    return {
        "to": ", ".join(sends.to),
        "send_resolved": True,
        "headers": {
            "Subject": '{{ template "wk.subject" . }}',
            # several receivers leave by one server and one password: this tells them apart, for filters too
            conventions.MAIL_RECEIVER_HEADER: "{{ .Receiver }}",
        },
        "text": '{{ template "wk.mail.text" . }}' + _further(deployment),
        "html": '{{ template "wk.mail.head" . }}'
        f'<p><a href="{_link(deployment)}">What is known now, and what to do</a></p>'
        '{{ template "wk.mail.foot" . }}',
    }


def _further(deployment: Deployment) -> str:
    return f"What is known now, and what to do: {_link(deployment)}" if deployment.console_url else ""
