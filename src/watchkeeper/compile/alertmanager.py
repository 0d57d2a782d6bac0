"""`alertmanager.yml`: the routing table, receivers and inhibitions. Valid for 0.25 and newer, also in strict mode.

Every field a receiver shows is set explicitly: Debian's Alertmanager reads its default templates from the file system,
and an unpacked one may find none.
"""

from collections.abc import Iterable

from watchkeeper import conventions
from watchkeeper.compile.document import Document
from watchkeeper.formats.alertmanager import Inhibition, Route, matcher
from watchkeeper.formats.yaml import Tree, dump
from watchkeeper.model import Catalog, Deployment, PagerDuty, Receiver, Slack, Timing, Webhook
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
    routing = catalog.routing
    root = Route(
        receiver=routing.fallback,
        matchers=(),
        group_by=routing.group_by,
        group_wait=routing.timing.group_wait,
        group_interval=routing.timing.group_interval,
        repeat_interval=_repeat(routing.timing),
        continue_=False,
        routes=tuple(_routes(catalog)),
    )
    inhibitions = (Inhibition(_pairs(i.source), _pairs(i.target), i.equal) for i in routing.inhibitions)
    tree: dict[str, Tree] = {
        "global": {"resolve_timeout": "5m"}
        | ({"pagerduty_url": deployment.pagerduty_url} if deployment.pagerduty_url else {}),
        "templates": [conventions.TEMPLATES_FILE],
        "route": root.tree(),
        "inhibit_rules": [inhibition.tree() for inhibition in inhibitions],
        "receivers": [_receiver(receiver, deployment) for receiver in catalog.receivers],
    }
    return Document(conventions.ALERTMANAGER_FILE, dump(tree))


def _routes(catalog: Catalog) -> Iterable[Route]:
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
                continue_=receiver != route.receivers[-1],
                routes=(),
            )


def _repeat(timing: Timing) -> Duration:
    tie = not timing.repeat_interval / timing.group_interval % 1
    return timing.repeat_interval - _TIE if tie and timing.repeat_interval > _TIE else timing.repeat_interval


def _pairs(match: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    return tuple(matcher(name, value) for name, value in match)


def _receiver(receiver: Receiver, deployment: Deployment) -> Tree:
    match receiver.sends:
        case PagerDuty():
            return {"name": receiver.name, "pagerduty_configs": [_pagerduty(receiver.sends, deployment)]}
        case Slack():
            return {"name": receiver.name, "slack_configs": [_slack(receiver.sends, deployment)]}
        case Webhook():
            url = dict(deployment.webhooks)[receiver.sends.address]
            return {"name": receiver.name, "webhook_configs": [{"url": url, "send_resolved": False}]}
        case None:
            return {"name": receiver.name}


def _link(deployment: Deployment) -> str:
    """To the alert's own page, where there is a console."""
    console = deployment.console_url
    return f"{console}/alerts/{{{{ .CommonLabels.alertname }}}}" if console else "{{ .ExternalURL }}"


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
        "text": '{{ template "wk.slack.text" . }}',
        "footer": "",
        "color": '{{ template "wk.colour" . }}',
    }
