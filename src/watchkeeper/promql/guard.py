"""What may be handed to the Rust parser: it recurses without a limit, and a stack overflow there ends the process."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from watchkeeper.promql.render import quote

MAX_LENGTH = 65_536
MAX_NESTING = 100
"""Brackets within brackets."""
MAX_OPERATORS = 200
"""Chains are as deep as they are long: `a + b + c` nests twice. Our own recursive walks rely on this too."""

_TOKEN = re.compile(
    r"""
      (?P<space>\s+|\#[^\n]*)
    | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)
    | (?P<number>(?:0[xX][0-9a-fA-F]+|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[a-zA-Z0-9]*)
    | (?P<word>[a-zA-Z_:][a-zA-Z0-9_:.]*)
    | (?P<operator>[=!]~|[=!<>]=|[-+*/%^<>=])
    | (?P<open>[(\[{])
    | (?P<close>[)\]}])
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_WORD_OPERATORS = frozenset({"and", "or", "unless", "atan2"})


class PromqlError(ValueError):
    """A text is not PromQL that every supported Prometheus understands."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        """Offset of the first offending character."""


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    position: int


def tokens(text: str) -> Iterator[Token]:
    """The words of an expression, without blanks and comments."""
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "other"
        if kind != "space":
            yield Token(kind, match[0], match.start())


def without_raw_strings(text: str) -> str:
    """The same expression with `...` as "...": the Rust parser refuses backslashes in raw strings."""
    return _TOKEN.sub(_plain, text) if "`" in text else text


def _plain(match: re.Match[str]) -> str:
    raw = match.lastgroup == "string" and match[0].startswith("`")
    return quote(match[0][1:-1]) if raw else match[0]


def check(text: str) -> None:
    """Raises PromqlError for a text too long, too deep or with characters no expression has."""
    if len(text) > MAX_LENGTH:
        raise PromqlError(
            f"an expression of {len(text):,} characters; at most {MAX_LENGTH:,} are read: use recording rules",
            MAX_LENGTH,
        )
    if "\0" in text:
        raise PromqlError("a NUL character", text.index("\0"))
    _check_depth(text)


def _check_depth(text: str) -> None:
    nesting = operators = braces = 0
    before = ""
    for token in tokens(text):
        if token.kind == "open":
            nesting += 1
            braces += token.text == "{"
        elif token.kind == "close":
            nesting -= 1
            braces -= token.text == "}"
        elif braces <= 0 and (token.kind == "operator" or token.text.lower() in _WORD_OPERATORS):
            operators += 1
            if token.text == "-" and before == "@":
                raise PromqlError("a negative time after `@`: write seconds since 1970", token.position)
        if nesting > MAX_NESTING:
            raise PromqlError(f"brackets nested more than {MAX_NESTING} deep", token.position)
        if operators > MAX_OPERATORS:
            raise PromqlError(f"more than {MAX_OPERATORS} operators: use recording rules", token.position)
        before = token.text
