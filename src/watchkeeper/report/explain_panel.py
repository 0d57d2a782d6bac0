"""A panel: what it shows, what it asks, which lines are drawn and whose numbers they are."""

from collections.abc import Iterator

from watchkeeper.compile import panels
from watchkeeper.model import Catalog, Comparison, Dashboard, OfAlert, OfSlo, Panel
from watchkeeper.quantity import Measure, Quantity
from watchkeeper.report.explanation import Explanation, Fact


def names(catalog: Catalog) -> Iterator[str]:
    yield from (f"{dashboard.key}/{panel.key}" for dashboard in catalog.dashboards for panel in dashboard.panels)


def explanations(catalog: Catalog, name: str) -> Iterator[Explanation]:
    for dashboard in catalog.dashboards:
        for panel in dashboard.panels:
            if name == f"{dashboard.key}/{panel.key}":
                yield Explanation("panel", name, panel.title, tuple(_facts(catalog, dashboard, panel)))


def _facts(catalog: Catalog, dashboard: Dashboard, panel: Panel) -> Iterator[Fact]:
    yield Fact("shows", panel.description)
    yield Fact("drawn as", f"{panel.kind}, in {panel.unit}")
    yield from (Fact(query.legend or "asks", query.value) for query in panel.queries)
    for service in catalog.services:
        limits = (
            f"{'from' if limit.direction is Comparison.ABOVE else 'below'} "
            f"{Quantity(limit.value, Measure(panel.unit.of_thresholds.value))}: {limit.colour}"
            for limit in panels.limits(service, panel)
        )
        yield from (Fact(f"lines, {service.name}", text) for text in ["\n".join(limits)] if text)
    if panel.thresholds:
        yield Fact("numbers of", ", ".join(map(_owner, panel.thresholds)))
    yield Fact("asked", f"every {dashboard.refresh.words}, for {dashboard.audience}")
    yield from (Fact(label, text) for label, text in (("empty when", panel.empty), ("needs", panel.needs)) if text)


def _owner(threshold: OfAlert | OfSlo) -> str:
    return f"alert {threshold.alert}" if isinstance(threshold, OfAlert) else f"slo {threshold.slo} ({threshold.at})"
