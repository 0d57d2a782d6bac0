"""Label values: turned into safe text, and kept within the domain that the definitions declare."""

from dataclasses import dataclass, field

OTHER = "__other__"
"""Stands for every value beyond a domain."""
MAX_LENGTH = 120
_PRINTABLE = dict.fromkeys((*range(0x20), 0x7F), "?")


def safe_text(value: object, limit: int = MAX_LENGTH) -> str:
    """Any object as printable, encodable text of bounded length. Raises what the object's own `__str__` raises."""
    text = str.__str__(value) if isinstance(value, str) else str(value)
    if type(text) is not str:
        text = "".join(text)
    text = text[:limit]
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text if text.isprintable() else text.translate(_PRINTABLE)


@dataclass(frozen=True, slots=True)
class Label:
    """A label and its domain: an enumeration, or any value up to `cap` distinct ones in this process."""

    name: str
    values: tuple[str, ...] = ()
    cap: int = 0


@dataclass(slots=True)
class Domain:
    """The values a label has taken so far, and whether one more may join them."""

    label: Label
    _seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._seen.update(self.label.values)

    def admit(self, value: object) -> str | None:
        """The value as text when it is or may become part of the domain, else None."""
        try:
            text = safe_text(value)
        except Exception:  # noqa: BLE001 - the object's own `__str__` may raise anything
            return None
        if text in self._seen:
            return text
        if len(self._seen) >= self.label.cap:
            return None
        self._seen.add(text)
        return text
