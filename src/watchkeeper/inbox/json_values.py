"""Untrusted JSON: decoded without surprises, and its fields taken by the type they must have."""

from collections.abc import Mapping

import msgspec

Value = object
Object = Mapping[str, Value]


def decode_object(body: bytes) -> Object | None:
    """The JSON object in `body`; None when it holds anything else."""
    try:
        value = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def text(source: Object, key: str) -> str:
    """The string at `key`; empty when it is missing or no string."""
    value = source.get(key)
    return value if isinstance(value, str) else ""


def objects(source: Object, key: str) -> tuple[Object, ...]:
    """The objects in the list at `key`; empty when there is no list."""
    value = source.get(key)
    return tuple(item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()
