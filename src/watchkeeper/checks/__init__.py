"""Are these rules any good? One file a check; the docstring of each is its page in docs/reference/checks.md."""

from collections.abc import Mapping
from datetime import date

from watchkeeper.checks import judging
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.definitions import Definitions, of_sources
from watchkeeper.checks.inventory import UNKNOWN, Family, Inventory, of_catalog, of_families
from watchkeeper.checks.judging import Judged
from watchkeeper.checks.l06_average_of_ratios import CHECK as L06
from watchkeeper.checks.reading import read_rules
from watchkeeper.promql.rewrite import metrics

CHECKS: tuple[Check, ...] = (L06,)
"""Asked in this order, which is the order of the reference page."""

__all__ = [
    "CHECKS",
    "UNKNOWN",
    "Check",
    "Definitions",
    "Family",
    "Finding",
    "Inventory",
    "Judged",
    "judge_definitions",
    "judge_rules",
    "of_catalog",
    "of_families",
    "of_sources",
    "series_read",
]


def series_read(texts: Mapping[str, str]) -> frozenset[str]:
    """Names that the expressions of rule files read."""
    files = [read_rules(text, file).file for file, text in texts.items()]
    rules = [rule for file in files if file is not None for _, rule in file.rules()]
    return frozenset(name for rule in rules if rule.expr is not None for name in metrics(rule.expr.node))


def judge_rules(
    texts: Mapping[str, str], known: Inventory = UNKNOWN, *, today: date, runbooks: frozenset[str] | None = None
) -> Judged:
    """What is wrong with rule files, given as texts by name; `known` says which metrics there are."""
    return judging.judge_rules(CHECKS, texts, known, runbooks=runbooks, today=today)


def judge_definitions(definitions: Definitions, compiled: Mapping[str, str], *, today: date) -> Judged:
    """What is wrong with definitions that could be read; `compiled` are the rule files made from them, by path."""
    return judging.judge_definitions(CHECKS, definitions, compiled, today=today)
