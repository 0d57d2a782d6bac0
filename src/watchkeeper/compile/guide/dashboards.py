"""The dashboards: for whom, where, and what each panel answers."""

from collections.abc import Iterator

from watchkeeper import conventions
from watchkeeper.compile.guide.markdown import Blocks, items, link, table
from watchkeeper.model import Catalog, Dashboard


def blocks(catalog: Catalog) -> Blocks:
    if not catalog.dashboards:
        return
    yield "## Dashboards"
    yield (
        "Addresses are below Grafana's own. The files were held against Grafana's published schema and every query"
        " against the metrics; no Grafana has opened them."
    )
    yield table(
        ("dashboard", "for", "address", "file", "refreshed every", "panels"),
        (_row(each) for each in catalog.dashboards),
    )
    for dashboard in catalog.dashboards:
        yield f"### {dashboard.title}"
        yield items(_panels(dashboard))


def _row(dashboard: Dashboard) -> tuple[str, ...]:
    uid = conventions.dashboard_uid(dashboard.key)
    file = conventions.dashboard_file(uid)
    return (
        dashboard.title,
        dashboard.audience,
        f"`/d/{uid}`",
        link(file, file),
        dashboard.refresh.words,
        str(len(dashboard.panels)),
    )


def _panels(dashboard: Dashboard) -> Iterator[str]:
    for panel in dashboard.panels:
        yield f"{panel.title} ({panel.kind.value}): {panel.description}"
