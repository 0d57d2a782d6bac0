"""Where an expression stands in a file, and where its parts do."""

import re
from dataclasses import dataclass
from functools import lru_cache

from watchkeeper import promql
from watchkeeper.problem import Problem, Span
from watchkeeper.promql.guard import Token, tokens
from watchkeeper.promql.nodes import Node
from watchkeeper.spec.definitions import Definitions
from watchkeeper.spec.nodes import Path
from watchkeeper.spec.wording import error, place


@dataclass(frozen=True, slots=True)
class Place:
    definitions: Definitions
    path: Path
    text: str

    @property
    def name(self) -> str:
        """`value` of alert `X`."""
        return place(self.path)

    def read(self) -> Node | Problem:
        try:
            return promql.parse(self.text)
        except promql.PromqlError as failure:
            word = re.match(r"[A-Za-z0-9_:.]+", self.text[failure.position :])
            return error(
                "bad-promql",
                self.span(failure.position, len(word[0]) if word else 1),
                f"not PromQL: {failure.message}",
                found=self.text,
                fix="mend the expression at the mark",
            )

    def span(self, position: int, length: int = 1) -> Span:
        scalar = self.definitions.scalar(*self.path)
        # reading strips what surrounds the text; folded texts have no single place anyway
        if scalar is None or scalar.text != self.text:
            return self.definitions.at(*self.path)
        return scalar.part(position, length)

    @property
    def whole(self) -> Span:
        return self.span(0, len(self.text))

    def word(self, word: str) -> Span:
        """The first place where a word or string stands."""
        for token in _tokens(self.text):
            if token.text == word:
                return self.token(token)
            if token.kind == "string" and word in token.text:
                return self.span(token.position + token.text.index(word), len(word))
        return self.definitions.at(*self.path)

    def token(self, token: Token | None) -> Span:
        return self.span(token.position, len(token.text)) if token else self.whole


@lru_cache(maxsize=2)
def _tokens(text: str) -> tuple[Token, ...]:
    """Asked once for every problem of an expression."""
    return tuple(tokens(text))
