"""One panel: where it stands, what it asks, and the complete options of its kind."""

from collections.abc import Callable

from watchkeeper import conventions
from watchkeeper.compile import panels
from watchkeeper.compile.grafana import field, link
from watchkeeper.compile.grafana.board import Board, asked
from watchkeeper.compile.grafana.colour import UNITS
from watchkeeper.formats.yaml import Tree
from watchkeeper.model import Panel, PanelKind, Query

POINTS = 400
"""About as many as a panel is wide in pixels; more only cost time."""

_TYPES = {
    PanelKind.STAT: "stat",
    PanelKind.GAUGE: "gauge",
    PanelKind.SERIES: "timeseries",
    PanelKind.DONUT: "piechart",
    PanelKind.HEATMAP: "heatmap",
    PanelKind.TIMELINE: "state-timeline",
    PanelKind.BARS: "barchart",
}
_FORMATS = {PanelKind.HEATMAP: "heatmap", PanelKind.BARS: "table"}
_LAST: dict[str, Tree] = {"calcs": ["lastNotNull"], "fields": "", "values": False}


def tree(board: Board, panel: Panel, place: dict[str, Tree]) -> dict[str, Tree]:
    return {
        "id": conventions.panel_id(panel.key),
        "type": _TYPES[panel.kind],
        "title": panel.title,
        "description": _description(panel),
        "gridPos": place,
        "datasource": board.source,
        "maxDataPoints": POINTS,
        "interval": (panel.every or panels.pace(board.catalog, panel)).promql,
        **({"timeFrom": panel.range.promql, "hideTimeOverride": False} if panel.range else {}),
        "links": link.of_panel(board, panel),
        "fieldConfig": field.config(board, panel),
        "options": _OPTIONS[panel.kind](board, panel),
        "targets": [_target(board, panel, index, query) for index, query in enumerate(panel.queries)],
        "transformations": _transformations(panel),
        "transparent": False,
    }


def _description(panel: Panel) -> str:
    return f"{panel.description}\n\nThis panel {panel.needs.words}." if panel.needs else panel.description


def _target(board: Board, panel: Panel, index: int, query: Query) -> Tree:
    return {
        "refId": field.ref(index),
        "datasource": board.source,
        "expr": asked(panels.expression(panel, query)),
        "legendFormat": query.legend or "__auto",
        "format": _FORMATS.get(panel.kind, "time_series"),
        "editorMode": "code",
        "instant": panel.kind.instant,
        "range": not panel.kind.instant,
        "exemplar": query.exemplars,
    }


def _transformations(panel: Panel) -> list[Tree]:
    """Bars are drawn from a table: its column of times is no bar."""
    if panel.kind is not PanelKind.BARS:
        return []
    return [{"id": "organize", "options": {"excludeByName": {"Time": True}}}]


# --- options by kind -------------------------------------------------------------------------------


def _tooltip(mode: str) -> dict[str, Tree]:
    return {"mode": mode, "sort": "desc"}


def _stat(board: Board, panel: Panel) -> dict[str, Tree]:
    compared = bool(panels.limits(board.services[0], panel))
    return {
        "reduceOptions": _LAST,
        "orientation": "auto",
        "textMode": "value_and_name" if len(panel.queries) > 1 else "value",
        "colorMode": "background_solid" if compared else "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "wideLayout": True,
        "showPercentChange": False,
        "percentChangeColorMode": "standard",
    }


def _gauge(_board: Board, _panel: Panel) -> dict[str, Tree]:
    return {
        "reduceOptions": _LAST,
        "orientation": "auto",
        "showThresholdLabels": False,
        "showThresholdMarkers": True,
        "sizing": "auto",
        "minVizWidth": 75,
        "minVizHeight": 75,
    }


def _series(_board: Board, _panel: Panel) -> dict[str, Tree]:
    legend: Tree = {"displayMode": "table", "placement": "bottom", "showLegend": True, "calcs": ["lastNotNull", "max"]}
    return {"legend": legend, "tooltip": _tooltip("multi")}


def _donut(_board: Board, _panel: Panel) -> dict[str, Tree]:
    return {
        "pieType": "donut",
        "reduceOptions": _LAST,
        "orientation": "auto",
        "displayLabels": [],
        "legend": {
            "displayMode": "table",
            "placement": "right",
            "showLegend": True,
            "values": ["value", "percent"],
            "calcs": [],
            "sortBy": "Value",
            "sortDesc": True,
        },
        "tooltip": _tooltip("single"),
    }


def _heatmap(_board: Board, panel: Panel) -> dict[str, Tree]:
    """The buckets are those of the histogram: nothing is calculated in the browser."""
    return {
        "calculate": False,
        "cellGap": 1,
        "cellValues": {"unit": "short"},
        "color": {
            "mode": "scheme",
            "scheme": "Oranges",
            "fill": "dark-orange",
            "scale": "exponential",
            "exponent": 0.5,
            "steps": 64,
            "reverse": False,
        },
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "filterValues": {"le": 1e-09},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "selectionMode": "x",
        "showValue": "never",
        "tooltip": {"mode": "single", "yHistogram": True, "showColorScale": True},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": UNITS[panel.unit]},
    }


def _timeline(_board: Board, _panel: Panel) -> dict[str, Tree]:
    return {
        "alignValue": "left",
        "mergeValues": True,
        "rowHeight": 0.9,
        "showValue": "auto",
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": _tooltip("single"),
    }


def _bars(_board: Board, panel: Panel) -> dict[str, Tree]:
    return {
        "xField": panel.queries[0].labels[0],
        "orientation": "horizontal",
        "xTickLabelRotation": 0,
        "xTickLabelMaxLength": 20,
        "xTickLabelSpacing": 0,
        "stacking": "none",
        "showValue": "always",
        "barWidth": 0.8,
        "barRadius": 0,
        "groupWidth": 0.7,
        "fullHighlight": False,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []},
        "tooltip": _tooltip("single"),
    }


_OPTIONS: dict[PanelKind, Callable[[Board, Panel], dict[str, Tree]]] = {
    PanelKind.STAT: _stat,
    PanelKind.GAUGE: _gauge,
    PanelKind.SERIES: _series,
    PanelKind.DONUT: _donut,
    PanelKind.HEATMAP: _heatmap,
    PanelKind.TIMELINE: _timeline,
    PanelKind.BARS: _bars,
}
