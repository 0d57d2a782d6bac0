"""Dashboards, as whoever draws them needs them: what is asked, in which unit, compared with which promise.

Nothing here is Grafana's. A threshold names an objective or an alert, never a number, so a line in a chart and the rule
that pages cannot say different things.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from watchkeeper.model.alert import Unit
from watchkeeper.quantity import Duration

GRID_WIDTH = 24
"""Columns of a dashboard; every row of panels fills them."""
MOST_LINES = 5
"""More lines than this in one chart, and nobody can tell them apart."""
MOST_SLICES = 6
"""The rest of a donut is one slice."""


class PanelKind(StrEnum):
    STAT = "stat"
    GAUGE = "gauge"
    SERIES = "series"
    DONUT = "donut"
    HEATMAP = "heatmap"
    TIMELINE = "timeline"
    BARS = "bars"

    @property
    def instant(self) -> bool:
        """Shows what is true now, whatever range is looked at."""
        return self in {PanelKind.STAT, PanelKind.GAUGE, PanelKind.DONUT, PanelKind.BARS}


class PanelUnit(StrEnum):
    """How values are written: those of alerts, and rates."""

    RATIO = "ratio"
    SECONDS = "seconds"
    BYTES = "bytes"
    DOLLARS = "dollars"
    NUMBER = "number"
    PER_SECOND = "per-second"
    REQUESTS_PER_SECOND = "requests-per-second"

    @property
    def of_thresholds(self) -> Unit:
        """The unit in which an alert on such values states its threshold; a rate is a plain number there."""
        rates = {PanelUnit.PER_SECOND, PanelUnit.REQUESTS_PER_SECOND}
        return Unit.NUMBER if self in rates else Unit(self.value)


class Colour(StrEnum):
    """What a colour means. The same meaning has the same colour everywhere."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    UNKNOWN = "unknown"


class Draw(StrEnum):
    """How a series is drawn. Only parts of one whole are stacked; bars are."""

    LINES = "lines"
    STACKED = "stacked"
    BARS = "bars"


class Axis(StrEnum):
    """Where an axis begins: at zero, at the data (shares close to 1), or in powers, where a spike hides the rest."""

    ZERO = "zero"
    DATA = "data"
    LOG = "log"


class Reading(StrEnum):
    """Which number of an objective a threshold stands at."""

    TARGET = "target"
    """The share of good events, 99.9 %."""
    ALLOWED = "allowed"
    """The share of bad events, 0.1 %."""
    WITHIN = "within"
    """The time of a latency objective."""
    BURN = "burn"
    """The factors at which its burn alerts fire."""
    BUDGET_LEFT = "budget-left"
    """The states of the error budget policy, by what is left."""


class Leads(StrEnum):
    """Where one looks next: at the log lines or the traces of the same time."""

    LOGS = "logs"
    TRACES = "traces"


class Need(StrEnum):
    """What a panel needs that not every deployment has."""

    KUBERNETES = "kubernetes"
    NODE = "node"
    LIMITS = "limits"

    @property
    def words(self) -> str:
        return _NEEDS[self]


_NEEDS = {
    Need.KUBERNETES: "needs kube-state-metrics of a Kubernetes cluster",
    Need.NODE: "needs the node exporter on the machine",
    Need.LIMITS: "needs a processor and a memory limit on the process",
}


_LABEL = re.compile(r"\{\{ *([A-Za-z_][A-Za-z0-9_]*) *\}\}")


@dataclass(frozen=True, slots=True)
class Query:
    value: str
    """PromQL as written; `service` and `environment` are added to every selector."""
    legend: str
    """Text with `{{label}}` in it; what one line, slice or value is called."""
    top: int
    """Only so many series, the largest at the end of the time looked at; 0 for all."""
    beside: PanelUnit | None
    """The value is said in the legend in this unit instead of being drawn: the time until a budget is spent."""
    exemplars: bool
    """Dots that lead to the trace of one request. Only what reads buckets has them."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that the legend names."""
        return tuple(_LABEL.findall(self.legend))


@dataclass(frozen=True, slots=True)
class OfAlert:
    """A threshold at that of an alert."""

    alert: str


@dataclass(frozen=True, slots=True)
class OfSlo:
    """A threshold at a number of an objective."""

    slo: str
    at: Reading


@dataclass(frozen=True, slots=True)
class State:
    """A value that means something: 2 is an open circuit breaker, and bad."""

    value: Decimal
    text: str
    colour: Colour


@dataclass(frozen=True, slots=True)
class PanelRef:
    """A panel of any dashboard, written `operations/error-rate`."""

    dashboard: str
    panel: str


@dataclass(frozen=True, slots=True)
class Panel:
    key: str
    kind: PanelKind
    title: str
    description: str
    unit: PanelUnit
    queries: tuple[Query, ...]
    thresholds: tuple[OfAlert | OfSlo, ...]
    states: tuple[State, ...]
    draw: Draw
    axis: Axis
    range: Duration | None
    """Always this much time, whatever the dashboard shows."""
    every: Duration | None
    """One value per so much time: of bars."""
    width: int
    """Columns of `GRID_WIDTH`."""
    height: int
    links: tuple[Leads, ...]
    details: PanelRef | None
    """The panel that answers the next question."""
    needs: Need | None
    empty: str
    """Why nothing is shown when there is nothing to show; empty text where that is never right."""

    @property
    def when_empty(self) -> str:
        """What is said instead of a chart without data."""
        return self.empty or (self.needs.words if self.needs else "")


@dataclass(frozen=True, slots=True)
class Dashboard:
    key: str
    title: str
    audience: str
    refresh: Duration
    range: Duration
    panels: tuple[Panel, ...]

    def panel(self, key: str) -> Panel:
        """Raises KeyError when there is no such panel."""
        for panel in self.panels:
            if panel.key == key:
                return panel
        raise KeyError(key)
