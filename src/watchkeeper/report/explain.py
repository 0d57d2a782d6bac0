"""Any objective, alert, metric, panel or check by its name: in words and numbers, with the derivation."""

from watchkeeper.model import Catalog
from watchkeeper.report import explain_alert, explain_check, explain_metric, explain_panel, explain_slo
from watchkeeper.report.explanation import Explanation


def explain(catalog: Catalog, name: str) -> tuple[Explanation, ...]:
    """Everything of that name, which may mean several things; empty where nothing has it."""
    return (
        *explain_slo.slos(catalog, name),
        *explain_alert.alerts(catalog, name),
        *explain_metric.metrics(catalog, name),
        *explain_panel.explanations(catalog, name),
        *explain_check.explanations(name),
    )


def names(catalog: Catalog) -> frozenset[str]:
    """Every name that can be explained."""
    by_catalog = (explain_slo, explain_alert, explain_metric, explain_panel)
    return frozenset((*(name for kind in by_catalog for name in kind.names(catalog)), *explain_check.names()))
