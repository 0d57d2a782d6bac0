"""What a definition's text means within its service."""

from watchkeeper.model import Service
from watchkeeper.promql import parse
from watchkeeper.promql.nodes import Node
from watchkeeper.promql.scope import scope


def scoped(text: str, service: Service) -> Node:
    return scope(parse(text), service.name)
