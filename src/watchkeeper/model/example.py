"""Example files: programs that ship with the definitions, for people to copy from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Example:
    name: str
    """File name."""
    text: str
