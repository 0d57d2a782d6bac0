"""The only door in: YAML with positions, a strict schema, and a `Catalog` or every problem at once."""

from watchkeeper.spec.loading import Loaded, load
from watchkeeper.spec.schema import json_schema

__all__ = ["Loaded", "json_schema", "load"]
