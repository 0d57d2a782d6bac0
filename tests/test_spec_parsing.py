"""YAML to nodes: YAML 1.2 scalars, positions, and every trap refused by name."""

import time

import pytest

from watchkeeper.problem import Problem, Span
from watchkeeper.spec.nodes import Mapping, Meaning, Refused, Scalar, Sequence, find, is_null, key_span, value_span
from watchkeeper.spec.parsing import MAX_DEPTH, MAX_NODES, Parsed, parse, parse_foreign


def root(text: str) -> Mapping:
    parsed = parse(text, "f")
    assert parsed.problems == ()
    assert parsed.root is not None
    return parsed.root


def scalar(text: str) -> Scalar:
    node = find(root(f"key: {text}\n"), ("key",))
    assert isinstance(node, Scalar)
    return node


def only(parsed: Parsed) -> Problem:
    (problem,) = parsed.problems
    return problem


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("no", Meaning.TEXT),
        ("yes", Meaning.TEXT),
        ("on", Meaning.TEXT),
        ("y", Meaning.TEXT),
        ("12:30", Meaning.TEXT),
        ("12:30:45", Meaning.TEXT),
        ("1_000", Meaning.TEXT),
        ("2027-03-01", Meaning.TEXT),
        ("0b101", Meaning.TEXT),
        ("=", Meaning.TEXT),
        ("true", Meaning.BOOLEAN),
        ("False", Meaning.BOOLEAN),
        ("tRue", Meaning.TEXT),
        ("", Meaning.NULL),
        ("~", Meaning.NULL),
        ("null", Meaning.NULL),
        ("nULL", Meaning.TEXT),
        ("5", Meaning.NUMBER),
        ("010", Meaning.NUMBER),
        ("0o17", Meaning.NUMBER),
        ("0xFF", Meaning.NUMBER),
        ("-1.5e3", Meaning.NUMBER),
        (".5", Meaning.NUMBER),
        (".inf", Meaning.NUMBER),
        (".NaN", Meaning.NUMBER),
        ("1.2.3", Meaning.TEXT),
        ("'5'", Meaning.TEXT),
        ('"true"', Meaning.TEXT),
        ("''", Meaning.TEXT),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(text: str, meaning: Meaning) -> None:
    assert scalar(text).meaning is meaning


def test_positions_are_those_of_the_file() -> None:
    text = "a: 1\nlong key:\n  - x\n  - {b: 'two words'}\nc: |\n  text\n  more\n"
    tree = root(text)
    assert value_span(tree, ("a",)) == Span("f", 1, 4, 5)
    assert key_span(tree, ("a",)) == Span("f", 1, 1, 2)
    assert value_span(tree, ("long key",)) == Span("f", 2, 1, 9)  # a block is shown by its key
    assert value_span(tree, ("long key", 0)) == Span("f", 3, 5, 6)
    assert value_span(tree, ("long key", 1)) == Span("f", 4, 5, 21)
    assert value_span(tree, ("long key", 1, "b")) == Span("f", 4, 9, 20)
    assert value_span(tree, ("c",)) == Span("f", 5, 4, 5)
    assert value_span(tree, ("a", "not", 7, "there")) == Span("f", 1, 4, 5)
    assert key_span(tree, ("long key", 1, "zz")) == Span("f", 4, 5, 21)


def test_columns_count_letters_not_bytes() -> None:
    assert value_span(root("schlüssel: wört\n"), ("schlüssel",)) == Span("f", 1, 12, 16)


def test_a_place_within_a_text() -> None:
    tree = root("a: abcdef\nb: 'abcdef'\nc: \"a\\tbc\"\nd: >\n  folded\n  text\n")
    assert _scalar_at(tree, "a").part(2, 3) == Span("f", 1, 6, 9)
    assert _scalar_at(tree, "b").part(2, 3) == Span("f", 2, 7, 10)
    assert _scalar_at(tree, "a").part(6) == Span("f", 1, 10, 11)  # just behind the end
    assert _scalar_at(tree, "c").part(2) == _scalar_at(tree, "c").span
    assert _scalar_at(tree, "d").part(2) == _scalar_at(tree, "d").span


def _scalar_at(tree: Mapping, key: str) -> Scalar:
    node = find(tree, (key,))
    assert isinstance(node, Scalar)
    return node


def test_lists_maps_and_empty_files() -> None:
    tree = root("---\na: [1, [2, 3], {x: y}]\nb: {}\nc: []\nd:\n")
    node = find(tree, ("a", 1, 1))
    assert isinstance(node, Scalar)
    assert node.text == "3"
    assert isinstance(find(tree, ("c",)), Sequence)
    assert find(tree, ("a", 9)) is None
    assert find(tree, ("a", 0, "x")) is None
    empty = find(tree, ("d",))
    assert empty is not None
    assert is_null(empty)
    assert root("").entries == root("# only a comment\n").entries == root("---\n").entries == {}


def test_windows_and_old_mac_line_ends() -> None:
    assert value_span(root("a: 1\r\nb: 2\r\n"), ("b",)).line == 2
    assert value_span(root("a: 1\rb: 2\r"), ("b",)).line == 2


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("a: 1\na: 2\n", "duplicate-key", (2, 1)),
        ("a: {b: 1, b: 2}\n", "duplicate-key", (1, 11)),
        ("a: &x 1\n", "yaml-alias", (1, 4)),
        ("a: !!str 5\n", "yaml-tag", (1, 4)),
        ("a: !custom {b: 1}\n", "yaml-tag", (1, 4)),
        ("a: 1\n---\nb: 2\n", "yaml-documents", (2, 1)),
        ("{a: 1}: 2\n", "yaml-key", (1, 1)),
        ("[a]: 2\n", "yaml-key", (1, 1)),
        ("? \n: 2\n", "yaml-key", (1, 2)),
        ("a:\n  <<: {b: 1}\n", "yaml-key", (2, 3)),
        ("- a\n", "wrong-type", (1, 1)),
        ("text\n", "wrong-type", (1, 1)),
        ("a: 'x\n", "yaml-syntax", (1, 4)),
        ("a: @x\n", "yaml-syntax", (1, 4)),
        ("a: `x`\n", "yaml-syntax", (1, 4)),
        ("a: [1, 2\n", "yaml-syntax", (1, 4)),
        ("a: {b: 1\n", "yaml-syntax", (1, 4)),
        ("a: b: c\n", "yaml-syntax", (1, 5)),
        ('a: "\\q"\n', "yaml-syntax", (1, 5)),
        ("a: - b\n", "yaml-syntax", (1, 4)),
        ("%FOO\n---\na: b\n", "yaml-syntax", (1, 5)),
        ("\ta: b\n", "yaml-tab", (1, 1)),
        ("a:\n\t- b\n", "yaml-tab", (2, 1)),
        ("a:\n  \tb: 1\n", "yaml-tab", (2, 3)),
        ("a: b\x00c\n", "bad-character", (1, 5)),
        ("a: 1\nb: \u202etxt\n", "bad-character", (2, 4)),
        ("a: x\u2028y\n", "bad-character", (1, 5)),
    ],
)
def test_each_trap_is_refused_at_its_place(text: str, code: str, place: tuple[int, int]) -> None:
    problem = only(parse(text, "f"))
    assert (problem.code, (problem.span.line, problem.span.column)) == (code, place)
    assert problem.fix


def test_tabs_within_a_value_are_text() -> None:
    assert scalar("a\tb").text == "a\tb"
    assert root("a: |\n  x\ty\n").entries


def test_all_traps_of_one_file_are_reported() -> None:
    parsed = parse("a: &x 1\nb: *x\na: 2\nc: !!int 3\n", "f")
    assert [problem.code for problem in parsed.problems] == ["yaml-alias", "yaml-alias", "duplicate-key", "yaml-tag"]
    assert parsed.root is not None
    assert isinstance(find(parsed.root, ("b",)), Refused)
    assert isinstance(find(parsed.root, ("c",)), Refused)
    first = find(parsed.root, ("a",))
    assert isinstance(first, Scalar)
    assert first.text == "1"  # the first of two


def test_an_alias_bomb_is_refused_without_growing() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    parsed = parse("\n".join(lines), "f")
    assert {problem.code for problem in parsed.problems} == {"yaml-alias"}


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "{? "])
def test_twenty_thousand_levels_are_one_problem_and_quick(opening: str) -> None:
    start = time.process_time()
    problem = only(parse("a: " + opening * 20_000, "f"))
    assert problem.code in {"yaml-depth", "yaml-syntax"}
    assert time.process_time() - start < 3  # half a second of work; a crowded machine makes it more


def test_block_nesting_is_bounded_too() -> None:
    text = "".join("  " * depth + "a:\n" for depth in range(2000))
    assert only(parse(text, "f")).code == "yaml-depth"
    fits = "".join("  " * depth + "a:\n" for depth in range(MAX_DEPTH))
    assert parse(fits, "f").problems == ()


def test_too_many_values_are_one_problem_and_quick() -> None:
    start = time.process_time()
    problem = only(parse("a: [" + "x, " * (MAX_NODES + 10) + "]", "f"))
    assert problem.code == "yaml-size"
    assert time.process_time() - start < 3  # half a second of work; a crowded machine makes it more


def test_a_syntax_slip_beside_a_named_trap_is_not_told_twice() -> None:
    assert only(parse("a: {{ x }} is down\n", "f")).code == "yaml-key"


def test_what_the_reader_says_is_kept_where_we_know_no_better() -> None:
    problem = only(parse("a: |x\n  b\n", "f"))
    assert problem.summary == "not YAML: did not find expected comment or line break"


# --- files of other programs ----------------------------------------------------------------------


def foreign(text: str) -> Parsed:
    return parse_foreign(text, "f", what="a rule file", begin="groups:")


def value(parsed: Parsed, *path: str | int) -> str:
    assert parsed.root is not None
    node = find(parsed.root, path)
    assert isinstance(node, Scalar)
    return node.text


def test_anchors_aliases_and_tags_mean_what_yaml_says() -> None:
    parsed = foreign("a: &x {b: !!str 1}\nc: *x\nd: [&y 2, *y]\n")
    assert parsed.problems == ()
    assert [value(parsed, "c", "b"), value(parsed, "d", 1)] == ["1", "2"]


def test_merge_keys_give_way_to_own_ones_and_to_earlier_ones() -> None:
    parsed = foreign("a: &a {k: 1, l: 1}\nb: &b {k: 2, m: 2}\nc: {<<: [*a, *b], l: 3}\nd: {l: 4, <<: *a}\n")
    assert parsed.problems == ()
    assert [value(parsed, "c", key) for key in "klm"] == ["1", "3", "2"]
    assert [value(parsed, "d", key) for key in "kl"] == ["1", "4"]


def test_an_alias_stands_where_its_anchor_does() -> None:
    parsed = foreign("a: &x word\nb: *x\n")
    assert parsed.root is not None
    node = find(parsed.root, ("b",))
    assert node is not None
    assert node.span.line == 1


def test_an_alias_without_an_anchor_and_a_second_document_are_problems_there_too() -> None:
    assert only(foreign("a: *x\n")).code in {"yaml-alias", "yaml-syntax"}
    assert only(foreign("a: 1\n---\nb: 2\n")).code == "yaml-documents"
    assert only(foreign("a: 1\na: 2\n")).code == "duplicate-key"


def test_a_foreign_file_that_is_no_map_is_called_by_its_name() -> None:
    problem = only(foreign("- a\n"))
    assert (problem.summary, problem.fix) == ("a rule file is a map", "begin with `groups:`")


def test_our_own_files_stay_plain() -> None:
    assert {p.code for p in parse("a: &x 1\nb: *x\n", "f").problems} == {"yaml-alias"}
    assert {p.code for p in parse("a: {<<: 1}\n", "f").problems} == {"yaml-key"}
