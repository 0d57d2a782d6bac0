"""Log alerts as rules: for Prometheus on the counters of log lines, for Loki's ruler on the lines themselves.

Both name and label an alert alike, so that Alertmanager tells it once when both engines see it. Loki's ruler drops
`keep_firing_for` without a word, so nothing here has one.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from watchkeeper import conventions, promql
from watchkeeper.compile import alerts, log_queries
from watchkeeper.compile.document import Document
from watchkeeper.compile.log_queries import Wire
from watchkeeper.formats.prometheus import Alerting, Group, Pairs, rule_file
from watchkeeper.model import (
    Alert,
    Catalog,
    Comparison,
    Lines,
    LogAlert,
    LogRatio,
    Logs,
    Service,
    Severity,
    Threshold,
    Unit,
)
from watchkeeper.promql import build
from watchkeeper.promql.nodes import Node
from watchkeeper.quantity import plain


def of_service(catalog: Catalog, service: Service) -> tuple[Group, ...]:
    """For Prometheus."""
    return tuple(_split(catalog, service, [_counted(catalog, service, each) for each in _twins(service)]))


def ruler(catalog: Catalog, logs: Logs) -> tuple[Document, ...]:
    """For Loki: a file for each environment's tenant, each service, and each shape in which lines may arrive."""
    services = (service for service in catalog.services if service.log_alerts)
    return tuple(document for service in services for document in _ruler_of_service(catalog, logs, service))


def _ruler_of_service(catalog: Catalog, logs: Logs, service: Service) -> Iterator[Document]:
    counted = [(twin, _counted(catalog, service, twin)) for twin in _twins(service)]
    for kept in logs.retention:
        own = (("service", service.name), ("environment", kept.environment))
        for wire in Wire:
            path = conventions.loki_rules_file(kept.environment, service.name, json_body=wire is Wire.JSON_BODY)
            rules = [_of_lines(rule, _query(logs, service, *twin, wire), own) for twin, rule in counted]
            yield Document(path, rule_file(_split(catalog, service, rules)))


def _split(catalog: Catalog, service: Service, rules: list[Alerting]) -> Iterator[Group]:
    for critical, interval in ((True, catalog.intervals.rules_critical), (False, catalog.intervals.rules_standard)):
        own = [rule for rule in rules if (dict(rule.labels)["severity"] == Severity.CRITICAL) is critical]
        if own:
            yield Group(conventions.log_group(service.name, critical=critical), interval, tuple(own))


def _twins(service: Service) -> Iterator[tuple[LogAlert, LogRatio | None]]:
    """Every alert, and after it its ratio."""
    for alert in service.log_alerts:
        yield alert, None
        if alert.ratio is not None:
            yield alert, alert.ratio


# --- Prometheus ------------------------------------------------------------------------------------


def _counted(catalog: Catalog, service: Service, each: tuple[LogAlert, LogRatio | None]) -> Alerting:
    return _said(alerts.alerting(catalog, service, as_alert(*each)), *each)


def as_alert(alert: LogAlert, ratio: LogRatio | None) -> Alert:
    """The same alert over counters, as its owner would have written it."""
    threshold = alert.above or Decimal(0)
    return Alert(
        name=ratio.name if ratio else alert.name,
        severity=alert.severity,
        kind=alert.kind,
        component=alert.component,
        team=alert.team,
        priority=None,
        panel=alert.panel,
        value=promql.render(_share(alert, ratio) if ratio else _value(alert)),
        threshold=Threshold(
            Comparison.ABOVE, ratio.above.value if ratio else threshold, Unit.RATIO if ratio else Unit.NUMBER
        ),
        within=None,
        for_=alert.for_,
        guard="",
        summary=ratio.summary if ratio else alert.summary,
        impact=alert.impact,
        actions=alert.actions,
        escalation=alert.escalation,
        runbook=alert.runbook,
    )


def _value(alert: LogAlert) -> Node:
    """Of lines that can be counted, else of what is seen outside the process."""
    outside = promql.parse(alert.outside) if alert.outside else None
    if not isinstance(alert.lines, Lines):
        if outside is None:
            raise TypeError(f"{alert.name}: the kernel's lines are not counted, and nothing else is named")
        return outside
    if alert.above is not None:
        return log_queries.counted_rate(alert.lines, alert)
    counted = log_queries.counted_any(alert.lines, alert)
    return build.or_(counted, outside) if outside else counted


def _share(alert: LogAlert, ratio: LogRatio) -> Node:
    """Of enough lines: the floor stands in the denominator, which is the dear part and so is read once."""
    if not isinstance(alert.lines, Lines):
        raise TypeError(f"{alert.name}: a share of the kernel's lines says nothing")
    enough = build.compare(log_queries.counted_rate(ratio.of, alert), ">", ratio.at_least)
    return build.divide(log_queries.counted_rate(alert.lines, alert), enough)


# --- Loki ------------------------------------------------------------------------------------------


def _query(logs: Logs, service: Service, alert: LogAlert, ratio: LogRatio | None, wire: Wire) -> str:
    if ratio is None:
        return log_queries.rate_above(logs, service.name, alert, wire)
    return log_queries.share_above(logs, service.name, alert, ratio, wire)


def _of_lines(rule: Alerting, query: str, own: Pairs) -> Alerting:
    """What the counters' rule has from its series stands in the rule; detection is another engine's business."""
    told = tuple((name, text) for name, text in rule.annotations if not name.startswith("detection"))
    return replace(rule, expr=query, labels=(*rule.labels, *own), annotations=told)


# --- what both say ---------------------------------------------------------------------------------


def _said(rule: Alerting, alert: LogAlert, ratio: LogRatio | None) -> Alerting:
    return replace(rule, annotations=_with(rule.annotations, "threshold", _condition(alert, ratio)))


def _condition(alert: LogAlert, ratio: LogRatio | None) -> str:
    if ratio is not None:
        limit = f"above {ratio.above.words} of at least {plain(ratio.at_least)}/s"
    elif alert.above is not None:
        limit = f"above {plain(alert.above)}/s"
    else:
        limit = "one line"
    return limit + f" over {alert.over.words}" + (f", for {alert.for_.words}" if alert.for_ else "")


def _with(pairs: Pairs, name: str, text: str) -> Pairs:
    return tuple((each, text if each == name else said) for each, said in pairs)
