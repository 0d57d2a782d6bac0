"""Questions people ask, as queries that can be pasted. What the definitions have no series for is left out."""

import json
from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

from watchkeeper import promql
from watchkeeper.compile import log_queries
from watchkeeper.compile.guide.facts import Facts
from watchkeeper.compile.guide.markdown import Blocks, code
from watchkeeper.compile.log_queries import Wire
from watchkeeper.formats import logql
from watchkeeper.formats.logql import Equals, Where
from watchkeeper.model import Logs, Service, Tracing
from watchkeeper.promql import build
from watchkeeper.promql.nodes import Node
from watchkeeper.quantity import Duration

PROMETHEUS = (
    ("What fires, by severity?", 'count by (severity, alertname) (ALERTS{alertstate="firing"})'),
    ("How much of each budget is left?", "slo:error_budget_remaining:ratio"),
    ("How fast does each budget burn? 1 spends it exactly.", 'slo:error_budget_burn:ratio{window="1h"}'),
    ("How long does a budget last at this pace?", "slo:error_budget_exhausted_in:seconds"),
    (
        "Which share of requests has gone wrong in the last hour, by class?",
        (
            'sum by (class) (increase(sli_events_total{slo="availability",outcome="bad"}[1h]))'
            ' / sum by (class) (increase(sli_events_total{slo="availability",outcome=~"good|bad"}[1h]))'
        ),
    ),
    (
        "Which endpoints answer with errors of the server?",
        'topk(5, sum by (endpoint) (rate(http_requests_total{status_code=~"5.."}[5m])))',
    ),
    ("Which endpoints are slowest?", "topk(5, endpoint:http_request_duration:p95_5m)"),
    ("What does the service not reach?", "dependency_up == 0"),
    (
        "Which module fails how often?",
        (
            'sum by (module) (rate(module_requests_total{outcome="bad"}[5m]))'
            ' / sum by (module) (rate(module_requests_total{outcome=~"good|bad"}[5m]))'
        ),
    ),
    (
        "Why do model calls fail, by provider?",
        'sum by (provider, outcome) (rate(llm_requests_total{outcome!="ok"}[5m])) > 0',
    ),
    ("What has each model cost in a day, in dollars?", "sum by (provider, model) (increase(llm_cost_usd_total[1d]))"),
    ("Which tokens are billed, per second?", "sum by (provider, type) (rate(llm_tokens_total[5m]))"),
    ("How full is the database's pool?", "max by (instance) (db_connections_active / db_connections_max)"),
    (
        "Which errors are logged, by part of the service?",
        'topk(10, sum by (component, event) (increase(log_events_total{level=~"error|fatal"}[1h])))',
    ),
)
_FIVE = Duration.of(minutes=5)


def blocks(facts: Facts) -> Blocks:
    catalog = facts.catalog
    yield "## Queries"
    service = catalog.services[0]
    yield "### Prometheus"
    for question, query in prometheus(facts, service):
        yield question
        yield code("promql", query)
    if catalog.logs is not None:
        yield "### Loki"
        yield f"In tenant `{facts.deployment.environment}`, as lines arrive over OTLP."
        for question, query in loki(catalog.logs, service):
            yield question
            yield code("logql", query)
    if catalog.tracing is not None:
        yield "### Jaeger"
        yield f"Addresses below {_jaeger_address(facts)}; the form of its page *Search* has the same fields."
        for question, address in jaeger(catalog.tracing, service):
            yield question
            yield code("text", address)


# --- Prometheus -----------------------------------------------------------------------------------


def prometheus(facts: Facts, service: Service) -> Iterator[tuple[str, str]]:
    """Asked of one service."""
    for question, query in PROMETHEUS:
        node = promql.parse(query)
        if facts.series.issuperset(promql.metrics(node)):
            yield question, promql.lay_out(_of(service, node))


def _of(service: Service, node: Node) -> Node:
    """Alerts are asked as a whole: those about the monitoring belong to no service."""
    return node if "ALERTS" in promql.metrics(node) else promql.inject(node, (build.equals("service", service.name),))


# --- Loki -----------------------------------------------------------------------------------------


def loki(logs: Logs, service: Service) -> Iterator[tuple[str, str]]:
    streams = (Equals("service_name", (service.name,)),)
    errors = logql.Lines(streams, (Where(Equals("detected_level", ("error", "fatal"))),))
    yield "What went wrong?", str(errors)
    yield "Which part of the service, and with what?", logql.rate(errors, _FIVE, ("component", "event"))
    for field in logs.correlation.fields[:2]:
        example = next((each.example for each in logs.line if each.name == field), "")
        lines = logql.Lines(streams, (Where(Equals(field, (example,))),))
        yield f"Everything that one request caused, by its `{field}`?", str(lines)
    yield "How many lines, by event?", logql.count(logql.Lines(streams), _FIVE, ("event",))
    for alert in service.log_alerts:
        yield (
            f"The lines behind `{alert.name}`, above its threshold?",
            log_queries.rate_above(logs, service.name, alert, Wire.OTLP),
        )


# --- Jaeger ---------------------------------------------------------------------------------------


def jaeger(tracing: Tracing, service: Service) -> Iterator[tuple[str, str]]:
    """Addresses of Jaeger's own search."""
    names = {name.kind: name.example for name in tracing.names}
    slow = tracing.sampling.slow_after.promql
    yield "Which requests failed in the last hour?", _search(service, tags={"error": "true"})
    if "http-server" in names:
        yield "Which requests to a route were slow?", _search(service, operation=names["http-server"], longer_than=slow)
    if "llm" in names:
        longest = max((rule.slow_after for rule in tracing.sampling.rules), default=tracing.sampling.slow_after)
        yield (
            "Which calls of a model took longest?",
            _search(service, operation=names["llm"], longer_than=longest.promql),
        )
    if "module" in names:
        yield "What failed in a module?", _search(service, operation=names["module"], tags={"error": "true"})


def _search(
    service: Service, *, operation: str = "", longer_than: str = "", tags: Mapping[str, str] | None = None
) -> str:
    asked = {
        "service": service.name,
        "operation": operation,
        "tags": json.dumps(tags, separators=(",", ":")) if tags else "",
        "minDuration": longer_than,
        "lookback": "1h",
        "limit": "20",
    }
    return f"/search?{urlencode({name: value for name, value in asked.items() if value})}"


def _jaeger_address(facts: Facts) -> str:
    at = facts.deployment.sources
    return f"`{at.jaeger_url}`" if at is not None and at.jaeger_url else "your Jaeger's"
