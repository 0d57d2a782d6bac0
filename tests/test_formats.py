"""The writers of documents: what goes in comes out of the engines' own parser, in the order given."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.formats import alertmanager, prometheus
from watchkeeper.formats.yaml import HEADER, Tree, dump
from watchkeeper.quantity import Duration

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text(st.characters(codec="utf-8")))
TREES: st.SearchStrategy[Tree] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text("abc_ :#-\n\"'{}é", min_size=1), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(TREES)
def test_what_is_written_is_read_back(tree: Tree) -> None:
    assert yaml.safe_load(dump({"tree": tree})) == {"tree": tree}


def test_keys_keep_their_order_and_texts_their_lines() -> None:
    text = dump({"z": 1, "a": "first\nsecond", "m": "x: {y}"})
    assert text == HEADER + "z: 1\na: |-\n  first\n  second\nm: 'x: {y}'\n"


def test_nothing_is_folded_and_nothing_is_shared() -> None:
    long, shared = "word " * 200, {"k": "v"}
    text = dump({"long": long.strip(), "one": shared, "two": shared})
    assert long.strip() in text
    assert "&" not in text
    assert "*" not in text


def test_words_that_yaml_1_1_takes_for_booleans_stay_words() -> None:
    assert yaml.safe_load(dump({"country": "no", "switch": "on", "time": "12:30:45"})) == {
        "country": "no",
        "switch": "on",
        "time": "12:30:45",
    }


def test_a_rule_without_for_says_nothing_about_it() -> None:
    at_once = prometheus.Alerting("A", "up == 0", Duration.of(), (("severity", "high"),), (("summary", "s"),))
    waiting = prometheus.Alerting("B", "up == 0", Duration.of(minutes=5), (), ())
    group = prometheus.Group("g", Duration.of(seconds=15), (prometheus.Recording("r", "up"), at_once, waiting))
    tree = yaml.safe_load(prometheus.rule_file([group]))
    record, first, second = tree["groups"][0]["rules"]
    assert record == {"record": "r", "expr": "up"}
    assert "for" not in first
    assert second["for"] == "5m"
    assert tree["groups"][0]["interval"] == "15s"


@pytest.mark.parametrize(
    ("value", "expected"),
    [("plain", 'n="plain"'), ('a"b', 'n="a\\"b"'), ("C:\\dir", 'n="C:\\\\dir"'), ("two\nlines", 'n="two\\nlines"')],
)
def test_matchers_are_quoted_for_every_version(value: str, expected: str) -> None:
    assert alertmanager.matcher("n", value) == expected


def test_several_values_are_alternatives() -> None:
    assert alertmanager.matcher("n", "a", "b") == 'n=~"a|b"'
    assert alertmanager.matcher("n", "a.b", 'c"d') == 'n=~"a\\\\.b|c\\"d"'


def test_a_route_says_only_what_it_changes() -> None:
    wait = Duration.of(seconds=10)
    route = alertmanager.Route("r", ('a="b"',), (), wait, wait, wait, (), (), continue_=False, routes=())
    assert route.tree() == {
        "receiver": "r",
        "matchers": ['a="b"'],
        "group_wait": "10s",
        "group_interval": "10s",
        "repeat_interval": "10s",
    }
