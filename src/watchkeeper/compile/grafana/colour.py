"""Meanings and units as Grafana writes them."""

from watchkeeper.formats.yaml import Tree
from watchkeeper.model import Colour, PanelUnit

COLOURS = {Colour.OK: "green", Colour.WARN: "orange", Colour.BAD: "red", Colour.UNKNOWN: "#808080"}
PLAIN = "blue"
"""Of what is neither good nor bad."""

# identifiers of `getValueFormats()` in @grafana/data
UNITS = {
    PanelUnit.RATIO: "percentunit",
    PanelUnit.SECONDS: "s",
    PanelUnit.BYTES: "bytes",
    PanelUnit.DOLLARS: "currencyUSD",
    PanelUnit.NUMBER: "short",
    PanelUnit.PER_SECOND: "cps",
    PanelUnit.REQUESTS_PER_SECOND: "reqps",
}

_BY_STATUS = (("2..", COLOURS[Colour.OK]), ("3..", PLAIN), ("4..", COLOURS[Colour.WARN]), ("5..", COLOURS[Colour.BAD]))


def of_statuses() -> list[Tree]:
    """Status codes have the colour of their class on every screen."""
    return [
        {
            "matcher": {"id": "byRegexp", "options": f"/^{pattern}$/"},
            "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}],
        }
        for pattern, colour in _BY_STATUS
    ]
