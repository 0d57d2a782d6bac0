"""What may be handed to the Rust parser: it recurses without a limit, and a stack overflow there ends the process."""

import re
from collections.abc import Iterable, Iterator
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
_SECONDS = {"y": 31_536_000, "w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1, "ms": 0}
_DURATION_PART = re.compile(r"([0-9]{1,15})(ms|[ywdhms])")
_DURATION = re.compile(r"(?:[0-9]{1,15}(?:ms|[ywdhms]))+")
_LONGEST_DURATION = 292 * _SECONDS["y"]


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
    """Raises PromqlError for a text too long or too deep, and for times that the parser cannot hold."""
    if len(text) > MAX_LENGTH:
        raise PromqlError(
            f"an expression of {len(text):,} characters; at most {MAX_LENGTH:,} are read: use recording rules",
            MAX_LENGTH,
        )
    if "\0" in text:
        raise PromqlError("a NUL character", text.index("\0"))
    words = list(tokens(text))
    _check_nesting(words)
    words = list(outside_braces(words))
    _check_operators(words)
    _check_times(words)


def _check_nesting(words: list[Token]) -> None:
    nesting = 0
    for word in words:
        nesting += {"open": 1, "close": -1}.get(word.kind, 0)
        if nesting > MAX_NESTING:
            raise PromqlError(f"brackets nested more than {MAX_NESTING} deep", word.position)


def outside_braces(words: Iterable[Token]) -> Iterator[Token]:
    """Without matchers: their `=` and `!=` are no operators."""
    inside = False
    for word in words:
        inside = word.text == "{" or (inside and word.text != "}")
        if not inside:
            yield word


def _check_operators(words: list[Token]) -> None:
    operators = [word for word in words if word.kind == "operator" or word.text.lower() in _WORD_OPERATORS]
    if len(operators) > MAX_OPERATORS:
        raise PromqlError(
            f"more than {MAX_OPERATORS} operators: use recording rules", operators[MAX_OPERATORS].position
        )


def _check_times(words: list[Token]) -> None:
    """Prometheus 2 wants units in `[...]` and after `offset`; on huge or negative times the parser panics."""
    bracketed, before = False, ""
    for found in words:
        word = found
        bracketed = word.text == "[" or (bracketed and word.text != "]")
        if bracketed and word.text.startswith(":") and len(word.text) > 1:  # the step of a subquery, no metric's name
            word = Token("number", word.text[1:], word.position + 1)
        if (bracketed and word.kind == "number") or before == "offset":
            _check_duration(word)
        elif before == "@":
            _check_moment(word)
        if not (word.text in "+-" and before in {"offset", "@"}):
            before = word.text.lower()


def _check_duration(word: Token) -> None:
    if word.text in "+-":
        return
    if not _DURATION.fullmatch(word.text):
        raise PromqlError(f"`{word.text[:20]}` is no duration: write 30s, 5m, 1h30m", word.position)
    seconds = sum(int(count) * _SECONDS[unit] for count, unit in _DURATION_PART.findall(word.text))
    if seconds > _LONGEST_DURATION:
        raise PromqlError(f"`{word.text[:20]}` is longer than Prometheus can count (292 years)", word.position)


def _check_moment(word: Token) -> None:
    if word.text == "-":
        raise PromqlError("a negative time after `@`: write seconds since 1970", word.position)
    plain = word.kind == "number" and re.fullmatch(r"[0-9]{1,10}(\.[0-9]*)?", word.text)
    if not plain and word.text not in {"+", "start", "end"}:
        raise PromqlError("after `@` stand seconds since 1970, start() or end()", word.position)
