"""Go templates as Prometheus expands them in labels and annotations: their actions, and why one would be refused.

The subset that rule files use: variables, fields, functions, pipelines, parentheses, `if`, `with`, `range`, `define`,
`template`, `block` and comments. Sources: text/template/parse of Go; prometheus/prometheus, template/template.go.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

_FUNCTIONS = """
    and args call eq externalURL first ge graphLink gt html humanize humanize1024 humanizeDuration
    humanizePercentage humanizeTimestamp index js label le len lt match ne not or parseDuration pathPrefix print printf
    println query reReplaceAll safeHtml slice sortByLabel stripDomain stripPort strvalue tableLink title tmpl toLower
    toTime toUpper urlquery value
"""
FUNCTIONS = frozenset(_FUNCTIONS.split())
"""Those of Prometheus 2.42 and Go itself."""
GIVEN = frozenset({"$", "$externalLabels", "$externalURL", "$labels", "$value"})
"""Variables that stand at the beginning of every template."""
_OPENING = frozenset({"block", "define", "if", "range", "with"})
_KEYWORDS = _OPENING | {"break", "continue", "else", "end", "template"}
_LITERALS = frozenset({"false", "nil", "true"})

_ACTION = re.compile(r"\{\{(?:-(?=\s))?")
_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
    | (?P<text>"(?:\\.|[^"\\\n])*"|`[^`]*`|'(?:\\.|[^'\\\n])+')
    | (?P<variable>\$[A-Za-z_0-9]*)
    | (?P<field>(?:\.[A-Za-z_][A-Za-z_0-9]*)+|\.)
    | (?P<number>[-+]?[0-9][0-9a-zA-Z_.]*)
    | (?P<word>[A-Za-z_][A-Za-z_0-9]*)
    | (?P<sign>:=|[|(),=])
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Mistake:
    """Why a template does not parse."""

    position: int
    length: int
    words: str


class Token(NamedTuple):
    kind: str
    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Action:
    """What stands between two pairs of braces."""

    tokens: tuple[Token, ...]
    position: int
    length: int

    @property
    def bare_value(self) -> Token | None:
        """The value of the alert, printed as it comes."""
        words = [token for token in self.tokens if token.text not in {"(", ")"}]
        return words[0] if len(words) == 1 and words[0].text in {"$value", ".Value"} else None

    @property
    def reads_value(self) -> Token | None:
        """What changes from evaluation to evaluation: the value, the time, the answer to a query."""
        for token in self.tokens:
            moving = token.kind == "word" and token.text in {"query", "now"}
            if moving or token.text == "$value" or (token.kind == "field" and token.text == ".Value"):
                return token
        return None


@dataclass(frozen=True, slots=True)
class Template:
    actions: tuple[Action, ...]
    mistake: Mistake | None
    """The first; what stands behind it was not read."""

    def labels(self) -> Iterator[Token]:
        """Labels of the alert that are named: `$labels.pod`, `.Labels.pod`; the token of each is its bare name."""
        for action in self.actions:
            for before, token in zip((None, *action.tokens), action.tokens, strict=False):
                if token.kind != "field":
                    continue
                ours = before is not None and before.text == "$labels" and _touch(before, token)
                parts = token.text.split(".")
                if ours:
                    yield Token("label", parts[1], token.position + 1)
                elif len(parts) > 2 and parts[1] == "Labels":
                    yield Token("label", parts[2], token.position + len(".Labels."))


def _touch(one: Token, other: Token) -> bool:
    return one.position + len(one.text) == other.position


def read(text: str) -> Template:
    """Never raises."""
    reader = _Reader(text)
    try:
        reader.read()
    except _MistakeError as found:
        return Template(tuple(reader.actions), found.mistake)
    return Template(tuple(reader.actions), None)


class _MistakeError(Exception):
    def __init__(self, position: int, length: int, words: str) -> None:
        super().__init__(words)
        self.mistake = Mistake(position, length, words)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.actions: list[Action] = []
        self.open: list[Token] = []
        """`if`, `with`, ... that wait for their `end`."""
        self.declared: set[str] = set(GIVEN)

    def read(self) -> None:
        position = 0
        while (start := _ACTION.search(self.text, position)) is not None:
            position = self._comment(start) or self._action(start)
        if self.open:
            last = self.open[-1]
            raise _MistakeError(last.position, len(last.text), f"`{last.text}` without its `end`")

    def _comment(self, start: re.Match[str]) -> int | None:
        if not self.text[start.end() :].lstrip().startswith("/*"):
            return None
        end = re.compile(r"\*/\s*-?\}\}").search(self.text, start.end())
        if end is None:
            raise _MistakeError(start.start(), 2, "a comment that is not closed")
        return end.end()

    def _action(self, start: re.Match[str]) -> int:
        tokens: list[Token] = []
        position = start.end()
        while True:
            if closing := re.compile(r"\s-\}\}|\}\}").match(self.text, position):
                break
            found = _TOKEN.match(self.text, position)
            if found is None:
                raise self._unreadable(start, position)
            if found.lastgroup != "space":
                tokens.append(Token(str(found.lastgroup), found[0], position))
            position = found.end()
        action = Action(tuple(tokens), start.start(), closing.end() - start.start())
        self._understand(action)
        self.actions.append(action)
        return closing.end()

    def _unreadable(self, start: re.Match[str], position: int) -> _MistakeError:
        if position >= len(self.text):
            return _MistakeError(start.start(), 2, "`{{` without its `}}`")
        character = self.text[position]
        if character in "\"'`":
            return _MistakeError(position, 1, f"a text that begins with {character} and does not end")
        return _MistakeError(position, 1, f"`{character}` cannot stand here")

    def _understand(self, action: Action) -> None:
        tokens = list(action.tokens)
        if not tokens:
            raise _MistakeError(action.position, action.length, "an action with nothing in it")
        first = tokens[0]
        if first.kind == "word" and first.text in _KEYWORDS:
            tokens = self._keyword(action, tokens)
        _balanced(action)
        for before, token in zip((None, *tokens), tokens, strict=False):
            self._named(token, before, tokens)

    def _keyword(self, action: Action, tokens: list[Token]) -> list[Token]:
        """What is left of an action behind its keyword."""
        first, rest = tokens[0], tokens[1:]
        match first.text:
            case "end" | "else" if not self.open:
                raise _MistakeError(first.position, len(first.text), f"`{first.text}` without an `if` before it")
            case "end":
                self.open.pop()
            case "else":
                rest = rest[1:] if rest and rest[0].text in {"if", "with"} else rest
            case "if" | "range" | "with" if not rest:
                raise _MistakeError(action.position, action.length, f"`{first.text}` without a condition")
        if first.text in _OPENING:
            self.open.append(first)
        return rest

    def _named(self, token: Token, before: Token | None, tokens: list[Token]) -> None:
        """Functions and variables must exist."""
        if token.kind == "word" and token.text not in FUNCTIONS | _LITERALS:
            raise _MistakeError(
                token.position, len(token.text), f"not every Prometheus from 2.42 on has a function `{token.text}`"
            )
        if token.kind != "variable" or token.text in self.declared:
            return
        if any(each.text == ":=" for each in tokens) and (before is None or before.text == ","):
            self.declared.add(token.text)
            return
        raise _MistakeError(token.position, len(token.text), f"there is no variable `{token.text}`")


def _balanced(action: Action) -> None:
    depth, before = 0, ""
    for token in action.tokens:
        depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "sign" else 0
        piped = token.kind == "sign" and token.text == "|"
        if depth < 0 or (piped and before in {"", "|", "("}):
            raise _MistakeError(token.position, 1, f"`{token.text}` cannot stand here")
        before = token.text
    if depth:
        raise _MistakeError(action.position, action.length, "a bracket that is not closed")
