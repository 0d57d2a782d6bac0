"""How values look: unit, range, colours by threshold, names of states, and what is said when there are none."""

from collections.abc import Sequence
from decimal import Decimal

from watchkeeper.compile import panels
from watchkeeper.compile.grafana import link
from watchkeeper.compile.grafana.board import Board
from watchkeeper.compile.grafana.colour import COLOURS, PLAIN, UNITS, of_statuses
from watchkeeper.formats.yaml import Tree
from watchkeeper.model import Axis, Colour, Draw, OfSlo, Panel, PanelKind, PanelUnit, Reading, Slo

_STATUS = "status_code"
_CENTS = 2
_SMALL = Decimal("0.001")
"""What counts as nothing on an axis in powers without a threshold."""
_BESIDE_TARGET = 2
"""Digits more than the target has: 99.9 % is compared with 99.912 %."""


def number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def config(board: Board, panel: Panel) -> dict[str, Tree]:
    defaults: dict[str, Tree] = {
        "unit": UNITS[panel.unit],
        **_decimals(board, panel),
        **_range(panel),
        "color": {"mode": _colouring(board, panel)},
        "thresholds": {"mode": "absolute", "steps": _steps(board, panel)},
        "mappings": _mappings(panel),
        "links": link.of_data(board, panel) if panel.kind is PanelKind.SERIES else [],
        **({"noValue": panel.when_empty} if panel.when_empty else {}),
        "custom": _custom(board, panel),
    }
    return {"defaults": defaults, "overrides": _overrides(panel)}


def _limits(board: Board, panel: Panel) -> tuple[panels.Limit, ...]:
    return panels.limits(board.services[0], panel)


def _decimals(board: Board, panel: Panel) -> dict[str, Tree]:
    targets = [slo for slo in board.services[0].slos if OfSlo(slo.name, Reading.TARGET) in panel.thresholds]
    if targets:
        return {"decimals": max(map(_digits, targets)) + _BESIDE_TARGET}
    return {"decimals": _CENTS} if panel.unit is PanelUnit.DOLLARS else {}


def _digits(slo: Slo) -> int:
    exponent = slo.target.percent.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _range(panel: Panel) -> dict[str, Tree]:
    if panel.kind is PanelKind.GAUGE:
        return {"min": 0, "max": 1}
    if panel.kind is PanelKind.SERIES and panel.axis is Axis.ZERO:
        return {"min": 0}
    return {}


def _colouring(board: Board, panel: Panel) -> str:
    if panel.kind is PanelKind.TIMELINE:
        return "thresholds"
    by_value = panel.kind in {PanelKind.STAT, PanelKind.GAUGE} and _limits(board, panel)
    return "thresholds" if by_value else "palette-classic-by-name"


def _steps(board: Board, panel: Panel) -> Sequence[Tree]:
    limits = _limits(board, panel)
    if panel.kind is PanelKind.SERIES:
        lines = {limit.value: COLOURS[limit.colour] for limit in limits}  # of two at one place the worse, which is last
        return [_step(None, "transparent"), *(_step(value, colour) for value, colour in lines.items())]
    if not limits:
        return [_step(None, COLOURS[Colour.UNKNOWN] if panel.kind is PanelKind.TIMELINE else PLAIN)]
    return [_step(zone.start, COLOURS[zone.colour]) for zone in panels.zones(limits)]


def _step(value: Decimal | None, colour: str) -> dict[str, Tree]:
    return {"value": None if value is None else number(value), "color": colour}


def _mappings(panel: Panel) -> list[Tree]:
    if panel.states:
        names: dict[str, Tree] = {
            str(number(state.value)): {"text": state.text, "color": COLOURS[state.colour], "index": index}
            for index, state in enumerate(panel.states)
        }
        return [{"type": "value", "options": names}]
    if any(isinstance(each, OfSlo) and each.at is Reading.BUDGET_LEFT for each in panel.thresholds):
        # an arc shows nothing below its beginning
        spent: Tree = {"text": "all spent", "color": COLOURS[Colour.BAD], "index": 0}
        return [{"type": "range", "options": {"from": None, "to": 0, "result": spent}}]
    return []


def _custom(board: Board, panel: Panel) -> dict[str, Tree]:
    match panel.kind:
        case PanelKind.SERIES:
            return _series(board, panel)
        case PanelKind.TIMELINE:
            return {"lineWidth": 0, "fillOpacity": 80, "spanNulls": False, "insertNulls": False, **_hidden(viz=False)}
        case PanelKind.BARS:
            return {"lineWidth": 0, "fillOpacity": 80, "gradientMode": "none", **_hidden(viz=False)}
        case PanelKind.HEATMAP:
            return {"scaleDistribution": {"type": "linear"}, **_hidden(viz=False)}
        case _:
            return {}


_LOOKS = {Draw.LINES: ("line", 2, 8), Draw.STACKED: ("line", 1, 30), Draw.BARS: ("bars", 0, 80)}
"""Style, width of the line, and how much its area covers."""


def _series(board: Board, panel: Panel) -> dict[str, Tree]:
    style, width, opacity = _LOOKS[panel.draw]
    limits = _limits(board, panel)
    return {
        "drawStyle": style,
        "lineInterpolation": "linear",
        "lineWidth": width,
        "fillOpacity": opacity,
        "gradientMode": "none",
        "showPoints": "never",
        "pointSize": 5,
        "barAlignment": -1,
        "spanNulls": False,
        "insertNulls": False,
        "stacking": {"mode": "none" if panel.draw is Draw.LINES else "normal", "group": "A"},
        "scaleDistribution": _scale(panel, limits),
        "thresholdsStyle": {"mode": "line" if limits else "off"},
        "axisPlacement": "auto",
        "axisLabel": "",
        "axisColorMode": "text",
        "axisBorderShow": False,
        "axisCenteredZero": False,
        **_hidden(viz=False),
    }


def _scale(panel: Panel, limits: tuple[panels.Limit, ...]) -> dict[str, Tree]:
    """Zero has no logarithm: linear up to the first threshold, where it begins to matter."""
    if panel.axis is not Axis.LOG:
        return {"type": "linear"}
    first = min((limit.value for limit in limits if limit.value > 0), default=_SMALL)
    return {"type": "symlog", "log": 10, "linearThreshold": number(first)}


def _hidden(*, viz: bool) -> dict[str, Tree]:
    return {"hideFrom": {"legend": False, "tooltip": False, "viz": viz}}


def _overrides(panel: Panel) -> list[Tree]:
    beside = [(ref(index), query.beside) for index, query in enumerate(panel.queries) if query.beside]
    told: list[Tree] = [_told(name, unit) for name, unit in beside]
    by_status = any(_STATUS in query.labels for query in panel.queries)
    return told + (of_statuses() if by_status else [])


def _told(name: str, unit: PanelUnit) -> Tree:
    """In legend and tooltip, in a unit of its own, without a line or an axis."""
    return {
        "matcher": {"id": "byFrameRefID", "options": name},
        "properties": [
            {"id": "unit", "value": UNITS[unit]},
            {"id": "custom.hideFrom", "value": _hidden(viz=True)["hideFrom"]},
            {"id": "custom.axisPlacement", "value": "hidden"},
            {"id": "custom.stacking", "value": {"mode": "none", "group": "A"}},
        ],
    }


def ref(index: int) -> str:
    """A, B, C: how Grafana tells the queries of a panel apart."""
    return chr(ord("A") + index)
