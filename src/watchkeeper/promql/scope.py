"""Every expression of a service speaks of that service alone and keeps its environment apart."""

from watchkeeper.promql.build import equals
from watchkeeper.promql.nodes import Node
from watchkeeper.promql.rewrite import inject, keep_labels

KEYS = ("service", "environment")
"""Labels every series of a service carries through every aggregation and join."""


def scope(node: Node, service: str) -> Node:
    """The expression as its owner wrote it, with `service` in every selector and the keys kept everywhere."""
    return keep_labels(inject(node, (equals("service", service),)), KEYS)
