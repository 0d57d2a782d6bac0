"""PromQL as values: read (behind a guard), rewrite, ask which labels come out, print."""

from watchkeeper.promql.render import render

__all__ = ["render"]
