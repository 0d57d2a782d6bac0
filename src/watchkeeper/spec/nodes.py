"""YAML as a tree that still knows where everything stands."""

import re
from collections.abc import Mapping as Map
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from watchkeeper.problem import Span

Path: TypeAlias = tuple[str | int, ...]


class Meaning(Enum):
    """What a scalar means in YAML 1.2's core schema: `no` is text, `012` is no octal, `12:30` is no number."""

    NULL = "nothing"
    BOOLEAN = "true or false"
    NUMBER = "a number"
    TEXT = "text"


_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = frozenset({"true", "True", "TRUE", "false", "False", "FALSE"})
_NUMBER = re.compile(
    r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)


@dataclass(frozen=True, slots=True)
class Scalar:
    text: str
    plain: bool
    """Without quotes, so that `5` is a number."""
    span: Span
    inline: bool
    """The text stands in one line as it is, so that a position in it is a position in the file."""

    @property
    def meaning(self) -> Meaning:
        if not self.plain:
            return Meaning.TEXT
        if self.text in _NULLS:
            return Meaning.NULL
        if self.text in _BOOLEANS:
            return Meaning.BOOLEAN
        return Meaning.NUMBER if _NUMBER.fullmatch(self.text) else Meaning.TEXT

    def part(self, start: int, length: int = 1) -> Span:
        """The position of a part of the text, or just after it; of the whole where the text is folded or escaped."""
        if not self.inline:
            return self.span
        column = self.span.column + (0 if self.plain else 1) + start
        return Span(self.span.file, self.span.line, column, column + length)


@dataclass(frozen=True, slots=True)
class Entry:
    key: Span
    value: "Node"


@dataclass(frozen=True, slots=True)
class Mapping:
    entries: Map[str, Entry]
    span: Span
    flow: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple["Node", ...]
    span: Span
    flow: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """A value already reported (an alias, say): whatever else it would break is not worth a second problem."""

    span: Span


Node: TypeAlias = Scalar | Mapping | Sequence | Refused


def is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.meaning is Meaning.NULL


def step(node: Node, key: str | int) -> Node | None:
    """The child under a key or index; None when there is none."""
    if isinstance(node, Mapping):
        entry = node.entries.get(str(key))
        return entry.value if entry else None
    if isinstance(node, Sequence) and isinstance(key, int) and key < len(node.items):
        return node.items[key]
    return None


def find(root: Node, path: Path) -> Node | None:
    node: Node | None = root
    for key in path:
        node = step(node, key) if node is not None else None
    return node


def key_span(root: Node, path: Path) -> Span:
    """Where the last key of the path is written, or the nearest thing above it that is."""
    node, span = root, root.span
    for key in path:
        if isinstance(node, Mapping) and (entry := node.entries.get(str(key))):
            node, span = entry.value, entry.key
        elif (child := step(node, key)) is not None:
            node, span = child, child.span
    return span


def value_span(root: Node, path: Path) -> Span:
    """Where the value at the path is written (the key, for a block of lines), or the nearest thing above it."""
    node, span = root, root.span
    for key in path:
        child = step(node, key)
        if child is None:
            continue
        key_written = node.entries[str(key)].key if isinstance(node, Mapping) else child.span
        block = isinstance(child, (Mapping, Sequence)) and not child.flow
        span = key_written if block or is_null(child) else child.span
        node = child
    return span
