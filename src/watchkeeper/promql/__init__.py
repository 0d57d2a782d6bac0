"""PromQL as values: read (behind a guard), rewrite, ask which labels come out, print."""

from watchkeeper.promql.guard import PromqlError
from watchkeeper.promql.nodes import Matcher, Node, Range, Selector, Subquery
from watchkeeper.promql.parse import parse
from watchkeeper.promql.render import lay_out, render
from watchkeeper.promql.rewrite import inject, keep_labels, metrics, ranges, selectors, unportable

__all__ = [
    "Matcher",
    "Node",
    "PromqlError",
    "Range",
    "Selector",
    "Subquery",
    "inject",
    "keep_labels",
    "lay_out",
    "metrics",
    "parse",
    "ranges",
    "render",
    "selectors",
    "unportable",
]
