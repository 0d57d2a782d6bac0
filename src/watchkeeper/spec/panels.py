"""Dashboards from what is written to what it means."""

from watchkeeper import model
from watchkeeper.spec import schema


def dashboard(key: str, written: schema.Dashboard) -> model.Dashboard:
    return model.Dashboard(
        key=key,
        title=written.title,
        audience=written.audience,
        refresh=written.refresh,
        range=written.range,
        panels=tuple(_panel(name, panel) for name, panel in written.panels.items()),
    )


def _panel(key: str, written: schema.Panel) -> model.Panel:
    return model.Panel(
        key=key,
        kind=written.kind,
        title=written.title,
        description=written.description,
        unit=written.unit,
        queries=tuple(_query(written.kind, query) for query in written.queries),
        thresholds=tuple(threshold for each in written.thresholds if (threshold := _threshold(each))),
        states=tuple(model.State(state.value, state.text, state.colour) for state in written.states),
        draw=written.draw,
        axis=written.axis,
        range=written.range,
        every=written.every,
        width=written.width,
        height=written.height,
        links=written.links,
        details=reference(written.details) if written.details else None,
        needs=written.needs,
        empty=written.empty or "",
    )


def _query(kind: model.PanelKind, written: schema.PanelQuery) -> model.Query:
    of_its_own = model.MOST_SLICES if kind is model.PanelKind.DONUT else 0
    return model.Query(
        value=written.value,
        legend=written.legend or "",
        top=written.top or of_its_own,
        beside=written.beside,
        exemplars=written.exemplars,
    )


def _threshold(written: schema.PanelThreshold) -> model.OfAlert | model.OfSlo | None:
    if written.alert is not None:
        return model.OfAlert(written.alert)
    if written.slo is not None and written.at is not None:
        return model.OfSlo(written.slo, written.at)
    return None


def reference(text: str) -> model.PanelRef:
    """`operations/error-rate`."""
    dashboard, _, panel = text.partition("/")
    return model.PanelRef(dashboard, panel)
