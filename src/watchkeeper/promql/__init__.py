"""PromQL as values: read (behind a guard), rewrite, ask which labels come out, print."""

from watchkeeper.promql.guard import PromqlError
from watchkeeper.promql.parse import parse
from watchkeeper.promql.render import render

__all__ = ["PromqlError", "parse", "render"]
