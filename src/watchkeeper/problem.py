"""What is wrong with a definition, as a value: where, what was found, what is allowed, what to do."""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias
from urllib.parse import quote

_MAX_LINE = 140
_MAX_VALUE = 400  # characters of a line
_MAX_LINES = 20


class Severity(StrEnum):
    """Errors stop a build; warnings and notes are only told."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "note"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of one line; lines and columns begin at 1. Line 0 means the file as a whole."""

    file: str
    line: int
    column: int
    end: int
    """The column after the last character."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    code: str
    """Constant, for machines and for looking it up: `unknown-key`."""
    severity: Severity
    span: Span
    summary: str
    """The subject first, lower case, one line."""
    found: str = ""
    allowed: str = ""
    fix: str = ""

    @property
    def position(self) -> tuple[str, int, int, str, str]:
        """What problems are sorted by."""
        return (self.span.file, self.span.line, self.span.column, self.code, self.summary)


# --- for people ------------------------------------------------------------------------------------

_STYLES = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.INFO: "1;36"}
_DIM, _BOLD = "2", "1"
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def _paint(text: str, style: str, *, color: bool) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if color else text


def _visible(text: str) -> str:
    """One character each, so that columns stay true: nothing in a definition may move the cursor of a terminal."""
    return _INVISIBLE.sub(lambda match: chr(0x2400 + ord(match[0])) if match[0] < " " else "�", text)


def _width(text: str) -> int:
    """Columns on a terminal."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def source_lines(text: str) -> list[str]:
    """Lines as the YAML reader counts them."""
    return re.split(r"\r\n|\r|\n", text)


def _excerpt(line: str, span: Span) -> tuple[str, str]:
    """The part of a long line around the span, and the carets below it."""
    line = line.replace("\t", " ")
    start, end = span.column - 1, min(max(span.end, span.column + 1) - 1, len(line) + 1)
    offset = 0
    if len(line) > _MAX_LINE and end > _MAX_LINE:
        offset = max(0, min(start - _MAX_LINE // 3, len(line) - _MAX_LINE))
    shown = _visible(line[offset : offset + _MAX_LINE])
    before = ("…" if offset else "") + shown[: start - offset]
    marked = shown[start - offset : end - offset]
    after = "…" if offset + _MAX_LINE < len(line) else ""
    text = ("…" if offset else "") + shown + after
    return text, " " * _width(before) + "^" * max(1, _width(marked))


def _source(problem: Problem, lines: Sequence[str], *, color: bool) -> Iterator[str]:
    span = problem.span
    if not 1 <= span.line <= len(lines):
        return
    text, carets = _excerpt(lines[span.line - 1], span)
    gutter = f"{span.line:>5} | "
    yield _paint(gutter, _DIM, color=color) + text
    yield _paint(f"{'|':>7} ", _DIM, color=color) + _paint(carets, _STYLES[problem.severity], color=color)


def _value(text: str) -> str:
    """Every line cut by itself: a list may have some."""
    lines = text.split("\n")
    shown = lines if len(lines) <= _MAX_LINES else [*lines[:_MAX_LINES], "…"]
    cut = (line if len(line) <= _MAX_VALUE else line[: _MAX_VALUE - 1] + "…" for line in shown)
    return "\n           ".join(map(_visible, cut))


def _one(problem: Problem, lines: Sequence[str], *, color: bool) -> Iterator[str]:
    where = _paint(f"{_visible(str(problem.span))}:", _BOLD, color=color)
    severity = _paint(f"{problem.severity}:", _STYLES[problem.severity], color=color)
    code = _paint(f"[{problem.code}]", _DIM, color=color)
    yield f"{where} {severity} {_value(problem.summary)} {code}"
    yield from _source(problem, lines, color=color)
    for label, text in (("found", problem.found), ("allowed", problem.allowed), ("fix", problem.fix)):
        if text:
            yield f"  {_paint(f'{label:<7}', _BOLD if label == 'fix' else _DIM, color=color)}  {_value(text)}"


def render(problems: Iterable[Problem], sources: Mapping[str, str], *, color: bool = False) -> str:
    """Every problem with its source line, a caret, and what to do about it; ends in a newline."""
    lines: dict[str, list[str]] = {}
    blocks = []
    for problem in problems:
        file = problem.span.file
        if file not in lines:
            lines[file] = source_lines(sources[file]) if file in sources else []
        blocks.append("\n".join(_one(problem, lines[file], color=color)) + "\n")
    return "\n".join(blocks)


def count(problems: Sequence[Problem]) -> str:
    """`2 errors, 1 warning`, or `no problems`."""
    parts = []
    for severity in Severity:
        number = sum(problem.severity is severity for problem in problems)
        if number:
            parts.append(f"{number} {severity}{'' if number == 1 else 's'}")
    return ", ".join(parts) or "no problems"


# --- for tools -------------------------------------------------------------------------------------

_Json: TypeAlias = "str | int | list[_Json] | dict[str, _Json]"
_SARIF_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def _dumped(tree: _Json) -> str:
    return json.dumps(tree, ensure_ascii=True, indent=2) + "\n"


def to_json(problems: Iterable[Problem]) -> str:
    """A list of flat objects, one a problem, in the given order."""
    return _dumped(
        [
            {
                "code": problem.code,
                "severity": str(problem.severity),
                "file": problem.span.file,
                "line": problem.span.line,
                "column": problem.span.column,
                "end": problem.span.end,
                "summary": problem.summary,
                "found": problem.found,
                "allowed": problem.allowed,
                "fix": problem.fix,
            }
            for problem in problems
        ]
    )


def _message(problem: Problem) -> str:
    parts = [problem.summary]
    parts += [f"{label}: {text}" for label, text in (("found", problem.found), ("allowed", problem.allowed)) if text]
    return "; ".join(parts) + (f". {problem.fix}" if problem.fix else "")


def _location(span: Span) -> _Json:
    uri = "file://" + quote(span.file) if span.file.startswith("/") else quote(span.file)
    physical: dict[str, _Json] = {"artifactLocation": {"uri": uri}}
    if span.line:
        physical["region"] = {
            "startLine": span.line,
            "startColumn": span.column,
            "endColumn": max(span.end, span.column + 1),
        }
    return {"physicalLocation": physical}


def to_sarif(problems: Sequence[Problem], version: str) -> str:
    """SARIF 2.1.0, as code hosts show it beside a change; `version` is ours."""
    codes = sorted({problem.code for problem in problems})
    rules: _Json = [{"id": code} for code in codes]
    results: _Json = [
        {
            "ruleId": problem.code,
            "ruleIndex": codes.index(problem.code),
            "level": _SARIF_LEVELS[problem.severity],
            "message": {"text": _message(problem)},
            "locations": [_location(problem.span)],
        }
        for problem in problems
    ]
    driver: _Json = {"name": "watchkeeper", "version": version, "rules": rules}
    run: _Json = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return _dumped({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]})
