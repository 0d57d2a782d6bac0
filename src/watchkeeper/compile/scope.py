"""Every expression of a service speaks of that service alone and keeps its environment apart."""

from watchkeeper.model import Service
from watchkeeper.promql import parse
from watchkeeper.promql.nodes import Matcher, MatchOperator, Node
from watchkeeper.promql.rewrite import inject, keep_labels

KEYS = ("service", "environment")
"""Labels every series of a service carries through every aggregation."""


def scoped(text: str, service: Service) -> Node:
    """PromQL as its owner wrote it, with `service` in every selector and the keys kept by every aggregation."""
    here = Matcher("service", MatchOperator.EQUAL, service.name)
    return keep_labels(inject(parse(text), (here,)), KEYS)
