"""Where the characters of a YAML text stand in its file, whatever its style: plain, quoted, literal or folded."""

from collections.abc import Sequence
from dataclasses import dataclass

from watchkeeper.problem import Span
from watchkeeper.spec.nodes import Scalar


@dataclass(frozen=True, slots=True)
class Written:
    """A text with its place. `lines` are those of its file."""

    scalar: Scalar
    lines: Sequence[str]

    @property
    def text(self) -> str:
        return self.scalar.text

    @property
    def whole(self) -> Span:
        return self.scalar.span

    def part(self, start: int, length: int = 1) -> Span:
        """The place of a part that begins with no blank; of the whole where that cannot be told."""
        if self.scalar.inline:
            return self.scalar.part(start, length)
        places = _places(self.scalar, self.lines)
        if places is None or not self.text:
            return self.whole
        line, column = places[min(start, len(places) - 1)]
        beyond = max(start - len(places) + 1, 0)
        return Span(self.whole.file, line + 1, column + 1 + beyond, column + 1 + beyond + length)


def _places(scalar: Scalar, lines: Sequence[str]) -> list[tuple[int, int]] | None:
    """Line and column of each character, from 0: blanks aside, the text and its source run alike.

    None where they do not: an alias, an escape beyond `\\"` and `\\n`.
    """
    line, column = scalar.span.line - 1, scalar.span.column - 1
    if not 0 <= line < len(lines):
        return None
    style = lines[line][column : column + 1]
    if style in {"|", ">"}:
        line, column = line + 1, 0
    elif style in {'"', "'"}:
        column += 1
    places: list[tuple[int, int]] = []
    for character in scalar.text:
        if character.isspace():
            places.append((line, column))
            continue
        found = _next(lines, line, column, style)
        if found is None or lines[found[0]][found[1]] != character:
            return None
        line, column = found
        places.append(found)
        column += 2 if (style, character) == ("'", "'") else 1
    return places


def _next(lines: Sequence[str], line: int, column: int, style: str) -> tuple[int, int] | None:
    """The next character of a source that is neither a blank nor an escape."""
    while line < len(lines):
        text = lines[line]
        while column < len(text):
            if style == '"' and text[column] == "\\" and text[column + 1 : column + 2] in {"n", "t", ""}:
                column += 2
            elif style == '"' and text[column] == "\\" and text[column + 1] in {'"', "\\"}:
                column += 1
                return line, column
            elif text[column].isspace():
                column += 1
            else:
                return line, column
        line, column = line + 1, 0
    return None
