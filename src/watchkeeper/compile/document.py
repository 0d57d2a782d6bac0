"""What the compiler returns: named texts. Putting them on disk is `files`' business."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Document:
    path: str
    """Relative to the output directory, with `/`."""
    text: str
