"""Alloy's configuration syntax: blocks of attributes (https://grafana.com/docs/alloy/latest/get-started/configuration-syntax/).

The format that Grafana's own formatter makes: two blanks a level, equal signs of neighbouring lines under each other.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

INDENT = "  "


@dataclass(frozen=True, slots=True)
class Reference:
    """What another block exports: `loki.write.store.receiver`."""

    path: str


Value: TypeAlias = "str | Reference | tuple[Value, ...] | Mapping[str, Value]"


@dataclass(frozen=True, slots=True)
class Block:
    name: str
    label: str = ""
    attributes: tuple[tuple[str, Value], ...] = ()
    blocks: tuple["Block", ...] = ()

    def lines(self) -> Iterable[str]:
        head = f"{self.name} {json.dumps(self.label)}" if self.label else self.name
        if not self.attributes and not self.blocks:
            yield f"{head} {{ }}"
            return
        yield f"{head} {{"
        width = max((len(name) for name, _ in self.attributes), default=0)
        for name, value in self.attributes:
            yield f"{INDENT}{name:<{width}} = {_shown(value)}"
        for number, block in enumerate(self.blocks):
            if number or self.attributes:
                yield ""
            yield from (f"{INDENT}{line}" if line else line for line in block.lines())
        yield "}"


def _shown(value: Value) -> str:
    match value:
        case Reference():
            return value.path
        case str():
            return json.dumps(value, ensure_ascii=False)
        case tuple():
            return f"[{', '.join(map(_shown, value))}]"
        case Mapping():
            return "{" + ", ".join(f"{json.dumps(name)} = {_shown(each)}" for name, each in value.items()) + "}"


def dump(blocks: Iterable[Block], header: str) -> str:
    comment = "".join(f"// {line}".rstrip() + "\n" for line in header.splitlines())
    return comment + "\n" + "\n\n".join("\n".join(block.lines()) for block in blocks) + "\n"
