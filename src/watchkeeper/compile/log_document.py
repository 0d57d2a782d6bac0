"""`log-aggregation-config.yaml`: everything the definitions say about logs, with what the engines make of it."""

from collections.abc import Callable, Iterable
from decimal import Decimal

from watchkeeper import conventions
from watchkeeper.compile import log_queries, loki
from watchkeeper.compile.document import Document
from watchkeeper.compile.log_queries import Wire
from watchkeeper.formats.yaml import Tree, dump
from watchkeeper.model import (
    AUDIT_TENANT,
    STREAM_LABELS,
    Catalog,
    FieldType,
    Kept,
    KernelLines,
    Lines,
    LogAlert,
    LogField,
    Logs,
    Presence,
    RetentionClass,
    Service,
)
from watchkeeper.quantity import plain

TIMESTAMP = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$"


def document(catalog: Catalog, logs: Logs) -> Document:
    tree: Tree = {
        "line": _line(logs),
        "levels": [
            {
                "level": numbers.level.value.upper(),
                "number": numbers.number,
                "python": numbers.python,
                "opentelemetry": numbers.otel,
                "also_written": list(numbers.aliases),
                "means": numbers.means,
            }
            for numbers in logs.levels
        ],
        "correlation": {
            "headers": list(logs.correlation.headers),
            "accepts": logs.correlation.accepts,
            "otherwise": "a new UUID, version 4",
            "fields": list(logs.correlation.fields),
        },
        "events": {
            event.name: {"level": event.level.value, "component": event.component, "help": event.help}
            | ({"fields": list(event.fields)} if event.fields else {})
            for event in logs.events
        },
        "alerts": {service.name: _alerts(logs, service) for service in catalog.services},
        "retention": _retention(logs),
        "redaction": _redaction(logs),
        "agents": _agents(),
    }
    return Document(conventions.LOG_AGGREGATION_FILE, dump(tree))


# --- the line --------------------------------------------------------------------------------------


def _line(logs: Logs) -> Tree:
    return {
        "format": "one JSON object a line, UTF-8",
        "example": {field.name: _example(field) for field in logs.line},
        "schema": {"$schema": "https://json-schema.org/draft/2020-12/schema"} | _object(logs, logs.line),
        "only_within_a_request": [field.name for field in logs.line if field.present is Presence.REQUEST],
    }


def _object(logs: Logs, fields: Iterable[LogField]) -> dict[str, Tree]:
    """Other fields may come: what the code gives is its own."""
    known = tuple(fields)
    required: list[Tree] = [field.name for field in known if field.present is Presence.ALWAYS]
    tree: dict[str, Tree] = {"type": "object"} | ({"required": required} if required else {})
    return tree | {"properties": {field.name: _property(logs, field) for field in known}}


def _property(logs: Logs, field: LogField) -> Tree:
    said: dict[str, Tree] = {"description": field.help}
    match field.type:
        case FieldType.OBJECT:
            return said | _object(logs, field.fields)
        case FieldType.NUMBER:
            return said | {"type": "number"}
        case FieldType.LEVEL:
            return said | {"enum": [numbers.level.value.upper() for numbers in logs.levels]}
        case FieldType.TIMESTAMP:
            return said | {"type": "string", "pattern": TIMESTAMP}
        case FieldType.TEXT:
            return said | {"type": "string"}


def _example(field: LogField) -> Tree:
    if field.type is FieldType.OBJECT:
        return {inner.name: _example(inner) for inner in field.fields}
    if field.type is FieldType.NUMBER:
        value = Decimal(field.example)
        return int(value) if value % 1 == 0 else float(value)
    return field.example


# --- alerts ----------------------------------------------------------------------------------------


def _alerts(logs: Logs, service: Service) -> Tree:
    return {alert.name: _alert(logs, service, alert) for alert in service.log_alerts}


def _alert(logs: Logs, service: Service, alert: LogAlert) -> Tree:
    rate = f"above {plain(alert.above)}/s" if alert.above is not None else "one line"
    tree: dict[str, Tree] = {
        "severity": alert.severity.value,
        "looks_at": _looks_at(alert.lines),
        "fires": rate,
        "over": alert.over.words,
        "for": alert.for_.words,
        "loki": _dialects(lambda wire: log_queries.rate_above(logs, service.name, alert, wire)),
        "runbook": alert.runbook,
    }
    if alert.ratio is not None:
        ratio = alert.ratio
        tree["ratio"] = {
            "name": ratio.name,
            "fires": f"above {ratio.above.words} of at least {plain(ratio.at_least)}/s",
            "of": _looks_at(ratio.of),
            "loki": _dialects(lambda wire: log_queries.share_above(logs, service.name, alert, ratio, wire)),
        }
    return tree


def _looks_at(lines: Lines | KernelLines) -> Tree:
    if isinstance(lines, KernelLines):
        return {"kernel": lines.pattern}
    chosen = {"levels": lines.levels, "events": lines.events, "components": lines.components}
    return {key: [str(value) for value in values] for key, values in chosen.items() if values} or "every line"


def _dialects(query: Callable[[Wire], str]) -> Tree:
    return {"otlp": query(Wire.OTLP), "json_body": query(Wire.JSON_BODY)}


# --- how long, and what is not seen ----------------------------------------------------------------


def _retention(logs: Logs) -> Tree:
    environments: dict[str, Tree] = {kept.environment: _kept(kept) for kept in logs.retention}
    return {
        "stream_labels": list(STREAM_LABELS),
        "classes": {
            RetentionClass.AUDIT.value: f"events that begin with {conventions.AUDIT_EVENTS}; they go to the tenant"
            f" {AUDIT_TENANT}",
            RetentionClass.FATAL.value: "lines at level FATAL",
            RetentionClass.STD.value: "all others",
        },
        "tenants": environments
        | {
            AUDIT_TENANT: {
                "keep": str(logs.audit),
                "deletable": False,
                "note": "Loki is a copy to ask; what the law wants belongs into a bucket with Object Lock, too.",
            }
        },
        "notes": [
            "Loki deletes whole chunks, when their newest line may go; queries may show them for minutes longer.",
            "A log outlives its trace, which is kept for days.",
        ],
    }


def _kept(kept: Kept) -> Tree:
    tree: dict[str, Tree] = {"keep": str(kept.keep)}
    if kept.streams:
        tree["streams"] = [{"match": dict(stream.match), "keep": str(stream.keep)} for stream in kept.streams]
    if kept.tiers is None:
        return tree
    cold = kept.tiers.hot + kept.tiers.warm
    return tree | {
        "tiers": {
            "hot": f"{kept.tiers.hot}: ingesters, then the first chunk cache (l2_chunk_cache_handoff)",
            "warm": f"{kept.tiers.warm}: the object store's ordinary class behind the second chunk cache",
            "cold": f"{kept.tiers.cold}: class STANDARD_IA from day {loki.cold_day(kept)}, by the store's lifecycle",
            "note": "Loki itself has no tiers; on a file system there are none."
            + ("" if cold >= loki.RARE_ACCESS_FROM else " The store moves nothing before day 30."),
        }
    }


def _redaction(logs: Logs) -> Tree:
    redaction = logs.redaction
    return {
        "where": "in every agent, before a line leaves the machine; the Collector masks attributes and the message,"
        " Alloy and Promtail the line",
        "fields_masked": list(redaction.keys),
        "fields_hashed": list(redaction.pseudonyms),
        "hash": "SHA3 below Collector 0.165, keyed HMAC-SHA256 from there on; Alloy and Promtail mask these fields",
        "classes": {
            each.name: {
                "help": each.help,
                "masked": each.masked,
                "pattern": each.pattern,
                "check_in_code": each.check.value,
            }
            for each in redaction.classes
        },
    }


def _agents() -> Tree:
    return {
        "default": {"file": conventions.COLLECTOR_AGENT_FILE, "sends": Wire.OTLP.value, "rules": "loki/rules"},
        "alloy": {
            "file": conventions.ALLOY_AGENT_FILE,
            "sends": Wire.JSON_BODY.value,
            "rules": "loki/rules-json-body",
        },
        "promtail": {
            "file": conventions.PROMTAIL_AGENT_FILE,
            "sends": Wire.JSON_BODY.value,
            "rules": "loki/rules-json-body",
            "warning": "end of life since 2026-03-02",
        },
    }
