"""The files Grafana reads when it starts: data sources, wired to each other, and where the dashboards lie."""

from watchkeeper import conventions
from watchkeeper.compile.document import Document
from watchkeeper.formats.yaml import Tree, dump
from watchkeeper.model import Catalog, Credentials, Sources

FOLDER = "/var/lib/grafana/dashboards/watchkeeper"
"""Where the files of `grafana/dashboards/` are mounted."""
_TRACE = "trace_id"
"""Label of an exemplar, and field of a log line."""


def datasources(catalog: Catalog, at: Sources, credentials: Credentials | None) -> Document:
    sources = [_prometheus(catalog, at, credentials)]
    if at.loki_url:
        sources.append(_loki(at))
    if at.jaeger_url:
        sources.append(_jaeger(at))
    return Document(conventions.GRAFANA_DATASOURCES_FILE, dump({"apiVersion": 1, "datasources": sources}))


def _source(name: str, kind: str, uid: str, url: str) -> dict[str, Tree]:
    return {"name": name, "type": kind, "uid": uid, "access": "proxy", "url": url, "editable": False}


def _prometheus(catalog: Catalog, at: Sources, credentials: Credentials | None) -> dict[str, Tree]:
    """`timeInterval` is the scrape interval; without it, Grafana asks for points that do not exist."""
    settings: dict[str, Tree] = {"httpMethod": "POST", "timeInterval": catalog.intervals.scrape_standard.promql}
    if at.jaeger_url:
        settings["exemplarTraceIdDestinations"] = [{"name": _TRACE, "datasourceUid": conventions.GRAFANA_JAEGER}]
    source = _source("Watchkeeper Prometheus", "prometheus", conventions.GRAFANA_PROMETHEUS, at.prometheus_url)
    source |= {"isDefault": True, "jsonData": settings}
    if credentials is not None:
        source |= {
            "basicAuth": True,
            "basicAuthUser": credentials.username,
            "secureJsonData": {"basicAuthPassword": f"$__file{{{credentials.password_file}}}"},
        }
    return source


def _loki(at: Sources) -> dict[str, Tree]:
    """From a log line to its trace."""
    derived: list[Tree] = []
    if at.jaeger_url:
        derived.append(
            {
                "name": "Trace",
                "matcherRegex": f'"{_TRACE}": ?"([0-9a-f]{{32}})"',
                # Grafana would take ${...} for a variable of its environment: $$ is a plain $
                "url": "$${__value.raw}",
                "datasourceUid": conventions.GRAFANA_JAEGER,
            }
        )
    source = _source("Watchkeeper Loki", "loki", conventions.GRAFANA_LOKI, at.loki_url)
    return source | {"jsonData": {"maxLines": 1000, "derivedFields": derived}}


def _jaeger(at: Sources) -> dict[str, Tree]:
    """From a trace to its log lines."""
    settings: dict[str, Tree] = {}
    if at.loki_url:
        settings["tracesToLogsV2"] = {
            "datasourceUid": conventions.GRAFANA_LOKI,
            "spanStartTimeShift": "-5m",
            "spanEndTimeShift": "5m",
            "filterByTraceID": False,
            "filterBySpanID": False,
            "tags": [{"key": "service.name", "value": conventions.LOKI_SERVICE}],
            "customQuery": True,
            "query": '{$${__tags}} |= "$${__trace.traceId}"',
        }
    source = _source("Watchkeeper Jaeger", "jaeger", conventions.GRAFANA_JAEGER, at.jaeger_url)
    return source | {"jsonData": settings}


def dashboards() -> Document:
    provider: dict[str, Tree] = {
        "name": "watchkeeper",
        "type": "file",
        "folder": "Watchkeeper",
        "allowUiUpdates": False,
        "disableDeletion": False,
        "updateIntervalSeconds": 30,
        "options": {"path": FOLDER, "foldersFromFilesStructure": False},
    }
    return Document(conventions.GRAFANA_DASHBOARDS_FILE, dump({"apiVersion": 1, "providers": [provider]}))
