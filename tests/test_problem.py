"""Problems: how they are shown to people, and to tools."""

import json

import pytest

from watchkeeper.problem import Problem, Severity, Span, count, render, source_lines, to_json, to_sarif

TEXT = "slos:\n  availability: {target: 0.999}\n"
SOURCES = {"watchkeeper.yaml": TEXT}


def make(
    line: int = 2,
    column: int = 26,
    end: int = 31,
    *,
    severity: Severity = Severity.ERROR,
    file: str = "watchkeeper.yaml",
) -> Problem:
    return Problem(
        code="bad-target",
        severity=severity,
        span=Span(file, line, column, end),
        summary="a target is a percentage",
        found="0.999",
        allowed="more than 50 and less than 100",
        fix="write 99.9",
    )


def test_a_problem_shows_place_line_caret_and_way_out() -> None:
    assert render([make()], SOURCES) == (
        "watchkeeper.yaml:2:26: error: a target is a percentage [bad-target]\n"
        "    2 |   availability: {target: 0.999}\n"
        "      |                          ^^^^^\n"
        "  found    0.999\n"
        "  allowed  more than 50 and less than 100\n"
        "  fix      write 99.9\n"
    )


def test_what_is_not_known_is_not_printed() -> None:
    bare = Problem("x", Severity.WARNING, Span("a.yaml", 0, 0, 0), "cannot be read")
    assert render([bare], {}) == "a.yaml: warning: cannot be read [x]\n"


def test_problems_are_separated_by_an_empty_line() -> None:
    assert render([make(), make()], SOURCES).count("\n\n") == 1
    assert render([], SOURCES) == ""


def test_a_place_outside_the_text_is_still_named() -> None:
    assert render([make(line=1)], {}).startswith("watchkeeper.yaml:1:26: error: ")
    assert " | " not in render([make(line=1)], {})
    assert render([make(line=99)], SOURCES).startswith("watchkeeper.yaml:99:26: error:")
    assert "|" not in render([make(line=99)], SOURCES)


def test_colour_is_optional_and_only_paint() -> None:
    coloured = render([make()], SOURCES, color=True)
    assert "\x1b[1;31m" in coloured
    stripped = coloured
    for code in ("1;31", "1", "2", "0"):
        stripped = stripped.replace(f"\x1b[{code}m", "")
    assert stripped == render([make()], SOURCES)


def carets(text: str, span: Span) -> tuple[str, str]:
    problem = Problem("x", Severity.ERROR, span, "s")
    _, line, caret = render([problem], {"f": text}).splitlines()
    return line.removeprefix("    1 | "), caret.removeprefix("      | ")


@pytest.mark.parametrize(
    ("text", "column", "end", "expected"),
    [
        ("abc", 1, 4, "^^^"),
        ("abc", 3, 4, "  ^"),
        ("abc", 4, 5, "   ^"),  # just after the end: something is missing there
        ("abc", 2, 2, " ^"),
        ("データ: x", 6, 7, "        ^"),  # three wide letters take six columns
        ("e\u0301a: x", 3, 4, " ^"),  # a combining accent takes none
        ("\ta: x", 2, 3, " ^"),
        ("abc", 1, 400, "^^^"),
    ],
)
def test_carets_stand_below_what_they_mean(text: str, column: int, end: int, expected: str) -> None:
    assert carets(text, Span("f", 1, column, end))[1] == expected


def test_a_long_line_is_cut_around_the_place() -> None:
    text = "x" * 300 + "HERE" + "y" * 300
    line, caret = carets(text, Span("f", 1, 301, 305))
    assert len(line) <= 142
    assert line[caret.index("^") :].startswith("HERE")
    assert caret.count("^") == 4
    assert line.startswith("…")
    assert line.endswith("…")


def test_a_long_line_with_an_early_place_keeps_its_beginning() -> None:
    line, caret = carets("ab" + "x" * 300, Span("f", 1, 1, 3))
    assert line.startswith("abx")
    assert line.endswith("x…")
    assert caret == "^^"


@pytest.mark.parametrize("char", ["\x1b", "\x07", "\u202e", "\u2066", "\x9b", "\u200b", "\r"])
def test_nothing_in_a_definition_moves_the_terminal(char: str) -> None:
    hostile = Problem("x", Severity.ERROR, Span("f", 1, 1, 2), f"sum{char}mary", f"fo{char}und", "", f"f{char}ix")
    shown = render([hostile], {"f": f"a{char}b" if char != "\r" else "ab"})
    assert char not in shown


def test_of_many_lines_the_first_are_shown() -> None:
    problem = Problem("x", Severity.ERROR, Span("f", 0, 0, 0), "s", found="\n".join(map(str, range(30))))
    lines = render([problem], {}).splitlines()
    assert [line.strip() for line in lines[2:]] == [*map(str, range(1, 20)), "…"]


def test_values_of_several_lines_stay_in_their_column_and_short() -> None:
    problem = Problem("x", Severity.ERROR, Span("f", 0, 0, 0), "s", found="one\ntwo" + "z" * 1000)
    lines = render([problem], {}).splitlines()
    assert lines[1] == "  found    one"
    assert lines[2].startswith("           two")
    assert len(lines[2]) < 420


@pytest.mark.parametrize(
    ("severities", "expected"),
    [
        ([], "no problems"),
        ([Severity.ERROR], "1 error"),
        ([Severity.WARNING, Severity.ERROR, Severity.ERROR], "2 errors, 1 warning"),
        ([Severity.INFO], "1 note"),
    ],
)
def test_count(severities: list[Severity], expected: str) -> None:
    assert count([make(severity=severity) for severity in severities]) == expected


def test_lines_are_those_of_the_yaml_reader() -> None:
    assert source_lines("a\r\nb\rc\nd") == ["a", "b", "c", "d"]
    assert source_lines("a\x0cb\u2028c") == ["a\x0cb\u2028c"]


def test_json_is_flat_and_complete() -> None:
    (only,) = json.loads(to_json([make()]))
    assert only == {
        "code": "bad-target",
        "severity": "error",
        "file": "watchkeeper.yaml",
        "line": 2,
        "column": 26,
        "end": 31,
        "summary": "a target is a percentage",
        "found": "0.999",
        "allowed": "more than 50 and less than 100",
        "fix": "write 99.9",
    }
    assert json.loads(to_json([])) == []


def test_sarif_places_each_result() -> None:
    other = Problem("a-code", Severity.INFO, Span("/etc/my file.yaml", 0, 0, 0), "cannot be read")
    document = json.loads(to_sarif([make(), other], "1.2.3"))
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("watchkeeper", "1.2.3")
    assert [rule["id"] for rule in driver["rules"]] == ["a-code", "bad-target"]
    first, second = run["results"]
    assert first["ruleId"] == driver["rules"][first["ruleIndex"]]["id"] == "bad-target"
    assert first["level"] == "error"
    assert first["message"]["text"] == (
        "a target is a percentage; found: 0.999; allowed: more than 50 and less than 100. write 99.9"
    )
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "watchkeeper.yaml"},
        "region": {"startLine": 2, "startColumn": 26, "endColumn": 31},
    }
    assert second["level"] == "note"
    assert second["locations"][0]["physicalLocation"] == {"artifactLocation": {"uri": "file:///etc/my%20file.yaml"}}


def test_sarif_without_problems_is_a_clean_run() -> None:
    (run,) = json.loads(to_sarif([], "1"))["runs"]
    assert run["results"] == []
    assert run["tool"]["driver"]["rules"] == []


def test_problems_sort_by_place() -> None:
    problems = [make(line=9), make(line=2, column=5), make(line=2, column=3), make(file="a.yaml")]
    ordered = sorted(problems, key=lambda problem: problem.position)
    assert [(p.span.file, p.span.line, p.span.column) for p in ordered] == [
        ("a.yaml", 2, 26),
        ("watchkeeper.yaml", 2, 3),
        ("watchkeeper.yaml", 2, 5),
        ("watchkeeper.yaml", 9, 26),
    ]


def test_a_span_is_written_as_editors_read_it() -> None:
    assert str(Span("a.yaml", 3, 7, 9)) == "a.yaml:3:7"
    assert str(Span("a.yaml", 0, 0, 0)) == "a.yaml"
