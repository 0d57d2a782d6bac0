"""Runbook pages: what people wrote for the one who is woken."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunbookPage:
    name: str
    """File name, under which alerts and other pages know it."""
    text: str
    """Markdown."""
