"""Any objective, alert, metric, panel or check by its name: in words and numbers, with the derivation."""

from watchkeeper.model import Catalog
from watchkeeper.report import explain_alert, explain_metric, explain_slo
from watchkeeper.report.explanation import Explanation


def explain(catalog: Catalog, name: str) -> tuple[Explanation, ...]:
    """Everything of that name, which may mean several things; empty where nothing has it."""
    return (
        *explain_slo.slos(catalog, name),
        *explain_alert.alerts(catalog, name),
        *explain_metric.metrics(catalog, name),
    )


def names(catalog: Catalog) -> frozenset[str]:
    """Every name that can be explained."""
    return frozenset((*explain_slo.names(catalog), *explain_alert.names(catalog), *explain_metric.names(catalog)))
