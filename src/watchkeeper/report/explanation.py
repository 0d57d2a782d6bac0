"""An explanation: what something is, and each of its numbers with where it comes from."""

from dataclasses import dataclass
from textwrap import wrap

_WIDTH = 100
_INDENT = "  "


@dataclass(frozen=True, slots=True)
class Fact:
    label: str
    value: str
    derivation: str = ""
    """Where the value comes from; empty when it is written in the definitions as it stands."""
    verbatim: bool = False
    """Lines are kept as they are: expressions and YAML."""


@dataclass(frozen=True, slots=True)
class Explanation:
    kind: str
    """`slo`, `alert`, `metric`, `panel`, `check`."""
    name: str
    summary: str
    facts: tuple[Fact, ...]

    @property
    def text(self) -> str:
        lines = [f"{self.kind} {self.name}: {self.summary}"]
        width = max((len(fact.label) for fact in self.facts), default=0)
        for fact in self.facts:
            lines += _told(fact, width)
        return "\n".join(lines)

    @property
    def json(self) -> dict[str, str | list[dict[str, str]]]:
        facts = [{"label": fact.label, "value": fact.value, "derivation": fact.derivation} for fact in self.facts]
        return {"kind": self.kind, "name": self.name, "summary": self.summary, "facts": facts}


def _told(fact: Fact, width: int) -> list[str]:
    column = " " * (len(_INDENT) + width + 2)
    paragraphs = [*fact.value.split("\n"), *([f"({fact.derivation})"] if fact.derivation else [])]
    width_left = _WIDTH - len(column)
    lines = paragraphs if fact.verbatim else [line for each in paragraphs for line in wrapped(each, width_left)]
    first, *others = lines
    return [f"{_INDENT}{fact.label:<{width}}  {first}", *(f"{column}{line}" for line in others)]


def wrapped(paragraph: str, width: int) -> list[str]:
    """An expression or a name is never broken within."""
    return wrap(paragraph, width, break_on_hyphens=False, break_long_words=False) or [""]
