"""Why a text is not PromQL, in words and with a position: the parser itself says neither where nor what to do."""

import re
from difflib import get_close_matches

import promql_parser as rust

from watchkeeper.promql.functions import FUNCTIONS, REMOVED
from watchkeeper.promql.guard import PromqlError, Token, tokens, without_raw_strings

_SYNTAX = "invalid promql query"
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_LEXICAL = re.compile(r"invalid promql query|bad number|unexpected|unterminated|unclosed")
# what may follow a correct beginning, before and after its closing brackets; if nothing fits, the beginning is wrong
_CONTINUATIONS = (
    "",
    " x",
    " 1",
    " (x)",
    " (x[5m])",
    '="x"',
    ' "x"',
    " 5m",
    " :5m",
    " (1, x)",
    " (a) x",
    " , x",
    " start()",
)
_LONGEST = 160
_ENDINGS = ("", " (x)", " x")


def explain(text: str, said: str) -> PromqlError:
    """The parser's complaint about a text, made readable."""
    if said == _SYNTAX:
        return _syntax(text)
    for pattern, explanation in _EXPLANATIONS:
        match = pattern.fullmatch(said)
        if match is not None:
            message, word = explanation(match)
            return PromqlError(_short(message), _find(text, word))
    return PromqlError(_short(said), _find(text, _last_quoted(said)))


def _short(message: str) -> str:
    """A quotation may be as long as the text itself."""
    return message if len(message) <= _LONGEST else f"{message[: _LONGEST - 1]}…"


def _unknown_function(match: re.Match[str]) -> tuple[str, str]:
    name = match[1]
    if name in REMOVED:
        return f"function `{name}` is gone in Prometheus 3: {REMOVED[name]}", name
    similar = get_close_matches(name, FUNCTIONS, n=1)
    return f"no function `{name}`" + (f"; did you mean `{similar[0]}`?" if similar else ""), name


def _wrong_type(match: re.Match[str]) -> tuple[str, str]:
    wanted, function, found = match.groups()
    hint = f": write {function}(x[5m])" if (wanted, found) == ("matrix", "vector") else ""
    return f"`{function}` takes {_TYPES.get(wanted, wanted)}, not {_TYPES.get(found, found)}{hint}", function


def _bad_regex(match: re.Match[str]) -> tuple[str, str]:
    return f"`{match[1]}` is not a regular expression", match[1]


def _bad_number(match: re.Match[str]) -> tuple[str, str]:
    return f"`{match[1]}` is neither a number nor a duration such as 5m or 1h30m", match[1]


def _no_matcher(_match: re.Match[str]) -> tuple[str, str]:
    return "a selector without a metric name needs a matcher that an empty label fails, else it reads everything", "{"


_TYPES = {
    "matrix": "a range such as x[5m]",
    "vector": "an instant vector",
    "scalar": "a number",
    "string": "a string",
}
_EXPLANATIONS = (
    (re.compile(r"unknown function with name '(.*)'"), _unknown_function),
    (re.compile(r"expected type (\w+) in call to function '(\w+)', got (\w+)"), _wrong_type),
    (re.compile(r"illegal regex for (.*)", re.DOTALL), _bad_regex),
    (re.compile(r"bad number or duration syntax: (.*)"), _bad_number),
    (re.compile(r"vector selector must contain at least one non-empty matcher"), _no_matcher),
)


def _last_quoted(said: str) -> str:
    quoted = re.findall(r"'([^']+)'", said)
    return str(quoted[-1]) if quoted else ""


def _find(text: str, word: str) -> int:
    """Where a word of the complaint stands; the end of the text when it is about what is missing there."""
    for token in tokens(text):
        if word and (token.text == word or (token.kind == "string" and word in token.text)):
            return token.position
    return len(text) if not word else max(text.find(word), 0)


def _syntax(text: str) -> PromqlError:
    """Names the first token after which nothing can make the text a query."""
    words = list(tokens(text))
    low, high = 0, len(words)  # words[:low] is a good beginning, words[:high] is not, unless it only lacks an end
    if _viable(text, words):
        return PromqlError("the expression ends too early", len(text))
    while high - low > 1:
        middle = (low + high) // 2
        if _viable(text, words[:middle]):
            low = middle
        else:
            high = middle
    if words[max(low - 1, 0)].text == "=":  # the grammar knows `=`, but only between a label and a string
        low -= 1
    found = words[low].text
    hint = "; equality is written `==`" if found == "=" else ""
    return PromqlError(f"unexpected `{found}`{hint}", words[low].position)


def _viable(text: str, words: list[Token]) -> bool:
    if not words:
        return True
    beginning = text[: words[-1].position + len(words[-1].text)]
    pending = [_CLOSING[word.text] for word in _unclosed(words)]
    closing = "".join(reversed(pending))
    return any(_is_query(beginning + more + closing + end) for end in _ENDINGS for more in _CONTINUATIONS)


def _unclosed(words: list[Token]) -> list[Token]:
    stack: list[Token] = []
    for word in words:
        if word.kind == "open":
            stack.append(word)
        elif word.kind == "close" and stack:
            stack.pop()
    return stack


def _is_query(text: str) -> bool:
    """Types aside: only the grammar counts here."""
    try:
        rust.parse(without_raw_strings(text))
    except ValueError as error:
        return _LEXICAL.match(str(error)) is None
    return True
