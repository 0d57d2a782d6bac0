"""Text that is no YAML: what the reader says, put so that it helps."""

import yaml

from watchkeeper.problem import Problem, Span
from watchkeeper.spec.wording import error

# What libyaml says, what it means, what to do. The reader's words are kept where none fit better.
_SYNTAX = {
    "mapping values are not allowed in this context": (
        "a `:` where no key can stand",
        "quote the value if it holds `: `, or indent this line like the keys around it",
    ),
    "block sequence entries are not allowed in this context": (
        "a `-` where no list can begin",
        "begin the list on its own line",
    ),
    "did not find expected '-' indicator": (
        "a list ends without its next `-`",
        "begin this line with `- `, or indent it like the key above the list",
    ),
    "did not find expected key": (
        "no key where one must stand",
        "indent this line like the other keys of its map; look for a quote or bracket too many",
    ),
    "did not find expected ',' or ']'": ("a list in brackets is not closed", "close it with `]`, or add a comma"),
    "did not find expected ',' or '}'": ("a map in braces is not closed", "close it with `}`, or add a comma"),
    "found unexpected end of stream": ("a quote is never closed", "close the quote where the text ends"),
    "could not find expected ':'": (
        "a key without its `:`",
        "write `key: value`; indent a text of several lines deeper than its key",
    ),
    "found unknown escape character": (
        "an unknown escape in double quotes",
        "use single quotes, which take a backslash as it is",
    ),
}


def syntax_problem(failure: yaml.MarkedYAMLError, file: str, lines: list[str]) -> Problem:
    """The reader's complaint in our words, at the place to look at."""
    said = failure.problem or "cannot be read"
    summary, fix = _SYNTAX.get(said, (f"not YAML: {said}", "see the line above, too: the slip is often there"))
    mark = failure.problem_mark or failure.context_mark
    if said.startswith("did not find expected ',' or") or said == "found unexpected end of stream":
        mark = failure.context_mark or mark
    if mark is None:
        return error("yaml-syntax", Span(file, 0, 0, 0), summary, allowed="YAML", fix=fix)
    number = min(mark.line, max(len(lines) - 1, 0))
    line = lines[number] if lines else ""
    column = min(mark.column, len(line)) if mark.line == number else len(line)
    span = Span(file, number + 1, column + 1, column + 2)
    if "\t" in line[: len(line) - len(line.lstrip())] or line[column : column + 1] == "\t":
        tab = line.index("\t")
        span = Span(file, number + 1, tab + 1, tab + 2)
        return error(
            "yaml-tab", span, "a tab in the indentation", allowed="spaces", fix="replace each tab by two spaces"
        )
    if said == "found character that cannot start any token":
        char = line[column : column + 1]
        return error(
            "yaml-syntax",
            span,
            f"a value cannot begin with `{char}`",
            allowed="YAML",
            fix=f"quote the value: '{char}…'",
        )
    return error("yaml-syntax", span, summary, allowed="YAML", fix=fix)
