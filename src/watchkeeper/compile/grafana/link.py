"""Where one looks next: the log lines and traces of the same service and time, or the panel with the details."""

import json
import re
from collections.abc import Iterator
from urllib.parse import quote

from watchkeeper import conventions
from watchkeeper.compile.grafana.board import Board
from watchkeeper.formats.yaml import Tree
from watchkeeper.model import Leads, Panel

_VARIABLE = re.compile(r"(\$\{[^}]+\})")


def of_panel(board: Board, panel: Panel) -> list[Tree]:
    """In the panel's corner. Grafana's type for them has more fields than it uses; all are written."""
    return [
        {
            "type": "link",
            "title": title,
            "url": url,
            "targetBlank": True,
            "icon": "",
            "tooltip": "",
            "tags": [],
            "asDropdown": False,
            "includeVars": False,
            "keepTime": False,
        }
        for title, url in _links(board, panel)
    ]


def of_data(board: Board, panel: Panel) -> list[Tree]:
    """At every point of a chart."""
    return [{"title": title, "url": url, "targetBlank": True} for title, url in _links(board, panel)]


def _links(board: Board, panel: Panel) -> Iterator[tuple[str, str]]:
    to = panel.details
    if to is not None and any(each.key == to.dashboard for each in board.catalog.dashboards):
        title = board.catalog.dashboard(to.dashboard).panel(to.panel).title
        yield title, _panel(board.uid_of(to.dashboard), to.panel)
    if Leads.LOGS in panel.links:
        query = {"expr": f'{{{conventions.LOKI_SERVICE}="${{service}}"}}', "queryType": "range"}
        yield "Log lines of this time", _explore("${loki_datasource}", query)
    if Leads.TRACES in panel.links:
        yield "Traces of this time", _explore("${jaeger_datasource}", {"queryType": "search", "service": "${service}"})


def _panel(uid: str, key: str) -> str:
    chosen = "${service:queryparam}&${environment:queryparam}&${__url_time_range}"
    return f"{conventions.panel_url('', uid, conventions.panel_id(key))}&{chosen}"


def _explore(source: str, query: dict[str, str]) -> str:
    """Grafana's Explore with one pane. Variables stay as they are: Grafana fills them in before it opens the link."""
    time = {"from": "${__from}", "to": "${__to}"}
    pane = {"datasource": source, "queries": [{"refId": "A", **query}], "range": time}
    text = json.dumps({"watchkeeper": pane}, separators=(",", ":"))
    return f"/explore?schemaVersion=1&panes={_quoted(text)}&orgId=1"


def _quoted(text: str) -> str:
    return "".join(part if _VARIABLE.fullmatch(part) else quote(part, safe="") for part in _VARIABLE.split(text))
