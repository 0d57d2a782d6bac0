"""One dashboard for services that share its thresholds: what every part of its JSON needs to know."""

from dataclasses import dataclass

from watchkeeper import conventions, promql
from watchkeeper.compile import panels
from watchkeeper.formats.yaml import Tree
from watchkeeper.model import Catalog, Dashboard, Leads, Service
from watchkeeper.promql.nodes import Node


@dataclass(frozen=True, slots=True)
class Board:
    catalog: Catalog
    dashboard: Dashboard
    services: tuple[Service, ...]
    """At least one; their limits are equal, so the first one's are drawn."""
    own: str
    """Names this group's dashboards, empty for the group of the catalog's first service."""

    @property
    def uid(self) -> str:
        return conventions.dashboard_uid(self.dashboard.key, self.own)

    def uid_of(self, dashboard: str) -> str:
        return conventions.dashboard_uid(dashboard, self.own)

    @property
    def leads(self) -> frozenset[Leads]:
        return frozenset(lead for panel in self.dashboard.panels for lead in panel.links)

    @property
    def prometheus(self) -> str:
        """With a second data source, Grafana's linter wants the first one's name to say what it is."""
        return "prometheus_datasource" if Leads.LOGS in self.leads else "datasource"

    @property
    def source(self) -> dict[str, Tree]:
        return {"type": "prometheus", "uid": f"${{{self.prometheus}}}"}


def asked(node: Node) -> str:
    """The expression for the service and environment chosen on top."""
    return promql.render(panels.chosen(node, "$service", panels.ENVIRONMENT))
