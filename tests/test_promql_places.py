"""Where parts of an expression stand, marked by hand with `^`, and never at a wrong word."""

import pytest
from hypothesis import given, settings

from promql_strategy import nodes
from watchkeeper.promql import Node, keep_labels, parse, render
from watchkeeper.promql.nodes import Aggregation, Binary, Call, Number, Selector
from watchkeeper.promql.places import Places
from watchkeeper.promql.rewrite import walk


def parts(root: Node) -> list[Aggregation | Binary | Call]:
    return [node for node in walk(root) if isinstance(node, Aggregation | Binary | Call)]


MARKED = [
    # the text, a mark below the word of each part, parts in the order of `walk`: parents first
    ("sum(up) / sum(down)", [8, 0, 10]),
    ("a - b - c", [6, 2]),
    ("a - (b - c)", [2, 7]),
    ("-a - -b", [3]),
    ("a * -1 - 2", [7, 2]),
    ("a and -b", [2]),
    ("a offset -5m - b", [13]),
    ("a > bool -1 - b", [2, 12]),
    ('a{x!="y"} != b{z!="!="}', [10]),
    ("SUM BY (sum) (sum)", [0]),
    ("count(rate) / count by (count) (count)", [12, 0, 14]),
    ("sum(rate(a[5m])) by (b)", [0, 4]),
    ("rate(a[5m]) > rate(b[5m]) # rate(c[5m])", [12, 0, 14]),
    ("topk(scalar(count(a)), count(b))", [0, 5, 12, 23]),
    ("a AND on (x) b Unless c", [15, 2]),
]


@pytest.mark.parametrize(("text", "places"), MARKED, ids=[text for text, _ in MARKED])
def test_each_operator_and_function_has_its_place(text: str, places: list[int]) -> None:
    root = parse(text)
    found = [Places(text, root).operator(part) for part in parts(root)]
    assert [token and token.position for token in found] == places


def test_a_sign_that_looks_like_an_operator_leaves_the_place_open() -> None:
    text = "a - on (x) -b"
    root = parse(text)
    assert isinstance(root, Binary)
    assert Places(text, root).operator(root) is None


def test_a_part_of_something_else_has_no_place() -> None:
    other = parse("sum(b)")
    assert isinstance(other, Aggregation)
    assert Places("sum(a)", parse("sum(a)")).operator(other) is None


def test_a_label_stands_behind_its_operator() -> None:
    text = "sum by (pod) (a) / on (pod) group_left (node) sum by (pod) (b)"
    root = parse(text)
    assert isinstance(root, Binary)
    places = Places(text, root)
    third = parts(root)[2]
    assert isinstance(third, Aggregation)
    for part, label, start in (
        (root, "pod", text.index("pod) group")),
        (root, "node", text.index("node")),
        (root, "cluster", text.index("/")),  # compared without being named: the operator does it
        (third, "pod", text.rindex("pod")),
    ):
        token = places.label(part, label)
        assert token is not None
        assert token.position == start


def test_a_label_of_an_operator_without_a_place_has_none() -> None:
    text = "a - on (x) -b"
    root = parse(text)
    assert isinstance(root, Binary)
    assert Places(text, root).label(root, "x") is None


@given(nodes)
@settings(deadline=None, max_examples=150)
def test_a_place_holds_the_name_and_no_two_parts_share_one(node: Node) -> None:
    text = render(node)
    root = keep_labels(parse(text), ("service",))
    places = Places(text, root)
    found = [(part, places.operator(part)) for part in parts(root)]
    taken = [token.position for _, token in found if token]
    assert len(set(taken)) == len(taken)
    for part, token in found:
        name = part.function if isinstance(part, Call) else part.operator.value
        assert token is None or token.text.lower() == name
        assert token is not None or name in "+-", f"{name} in {text}"


LEAVES = [
    # the text, and where each metric and each number stands, in the order of `walk`
    ("up > 0.5", [0, 5]),
    ("a - b offset 5m > 3", [0, 4, 18]),
    ("sum(rate(a[5m:1m])) * 60 + b @ 17", [9, 22, 27]),
    ('{job="a"} / b', [None, 12]),
    ("sum by (a) (a)", [None]),  # a label of that name stands there, too
    ("a > -3 and b < 2e3", [0, 5, 11, 15]),
    ("topk(5, a)", [5, 8]),
]


@pytest.mark.parametrize(("text", "positions"), LEAVES)
def test_metrics_and_numbers_have_places(text: str, positions: list[int | None]) -> None:
    root = parse(text)
    places = Places(text, root)
    found = [places.operator(part) for part in walk(root) if isinstance(part, Selector | Number)]
    assert [token.position if token else None for token in found] == positions
