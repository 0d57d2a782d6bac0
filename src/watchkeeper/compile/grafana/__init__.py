"""Dashboards as Grafana's classic JSON (docs/decisions/classic-dashboards.md), and what provisions them."""

from collections.abc import Iterator

from watchkeeper import conventions
from watchkeeper.compile import panels
from watchkeeper.compile.document import Document
from watchkeeper.compile.grafana import dashboard, provisioning
from watchkeeper.compile.grafana.board import Board
from watchkeeper.formats.json import dump
from watchkeeper.formats.yaml import Tree
from watchkeeper.model import Catalog, Deployment, PanelRef, Service

__all__ = ["address", "documents"]


def documents(catalog: Catalog, deployment: Deployment) -> Iterator[Document]:
    """All dashboards in one file, each in its own, and the files that make Grafana read those."""
    if not catalog.dashboards:
        return
    boards = [board for group in _groups(catalog) for board in _boards(catalog, group)]
    trees: list[Tree] = []
    for board in boards:
        tree = dashboard.tree(board)
        trees.append(tree)
        yield Document(conventions.dashboard_file(board.uid), dump(tree))
    yield Document(conventions.DASHBOARDS_FILE, dump({"dashboards": trees}))
    if deployment.sources is not None:
        yield provisioning.datasources(catalog, deployment.sources, deployment.engine_credentials)
    yield provisioning.dashboards()


def address(catalog: Catalog, service: str, ref: PanelRef) -> tuple[str, int]:
    """Dashboard uid and panel id for a service's panel, as links need them. Raises KeyError for an unknown one."""
    catalog.dashboard(ref.dashboard).panel(ref.panel)
    for group in _groups(catalog):
        if service in {each.name for each in group}:
            (uid,) = (board.uid for board in _boards(catalog, group) if board.dashboard.key == ref.dashboard)
            return uid, conventions.panel_id(ref.panel)
    raise KeyError(service)


def _groups(catalog: Catalog) -> list[tuple[Service, ...]]:
    """Services with the same thresholds share their dashboards; a line at another service's objective would lie."""
    groups: dict[tuple[tuple[panels.Limit, ...], ...], list[Service]] = {}
    for service in catalog.services:
        every = (panel for each in catalog.dashboards for panel in each.panels)
        groups.setdefault(tuple(panels.limits(service, panel) for panel in every), []).append(service)
    return [tuple(group) for group in groups.values()]


def _boards(catalog: Catalog, group: tuple[Service, ...]) -> Iterator[Board]:
    """The group of the first service has the plain names."""
    own = "" if catalog.services[0] in group else group[0].name
    for each in catalog.dashboards:
        yield Board(catalog, each, group, own)
