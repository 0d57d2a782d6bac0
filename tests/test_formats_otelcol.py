"""What a Collector's own check lets pass cannot be made."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
import yaml

from watchkeeper.formats import json
from watchkeeper.formats.otelcol import (
    AtMost,
    Between,
    Chance,
    CollectorError,
    Erroneous,
    Has,
    HasNot,
    Longer,
    Policy,
    TailSampling,
    go_duration,
    histogram,
    literal,
    number,
    ottl_string,
)
from watchkeeper.quantity import Duration, Ratio

GOOD = TailSampling(
    policies=(Policy("errors", (Erroneous(),)),),
    decision_wait=Duration.of(seconds=30),
    after_root=Duration.of(seconds=10),
    traces=1000,
    new_traces_per_second=20,
    largest_trace_bytes=None,
)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Longer(Duration.of()),
        lambda: Longer(Duration(Decimal("0.0001"))),
        lambda: Chance(Ratio.of(percent=300)),
        lambda: Chance(Ratio.of(percent=0)),
        lambda: Between("status", 0, 599),  # 0 counts as unset there
        lambda: Between("status", 600, 599),
        lambda: AtMost(0),
        lambda: Policy("empty", ()),
        lambda: replace(GOOD, policies=()),
        lambda: replace(GOOD, policies=GOOD.policies * 2),
        lambda: replace(GOOD, decision_wait=Duration.of(), after_root=None),
        lambda: replace(GOOD, after_root=Duration.of(seconds=31)),
        lambda: replace(GOOD, after_root=Duration.of()),
        lambda: replace(GOOD, traces=0),
        lambda: replace(GOOD, new_traces_per_second=0),
        lambda: histogram((Duration.of(seconds=2), Duration.of(seconds=1))),
        lambda: histogram((Duration.of(seconds=1), Duration.of(seconds=1))),
        lambda: histogram(()),
    ],
)
def test_what_would_not_be_meant_is_not_made(make: Callable[[], object]) -> None:
    with pytest.raises(CollectorError):
        make()


def test_a_policy_of_one_condition_is_that_condition() -> None:
    assert Policy("slow", (Longer(Duration.of(milliseconds=1500)),)).tree() == {
        "name": "slow",
        "type": "latency",
        "latency": {"threshold_ms": 1500},
    }


def test_several_conditions_are_an_and() -> None:
    model = Has("gen_ai.request.model")
    tree = Policy("p", (HasNot(model), Has("http.route", ("/a$",)), Chance(Ratio.of(percent=Decimal("0.5"))))).tree()
    assert tree["type"] == "and"
    assert yaml.safe_load(json.dump(tree))["and"]["and_sub_policy"] == [
        {
            "name": "1",
            "type": "string_attribute",
            "string_attribute": {
                "key": "gen_ai.request.model",
                "values": [".+"],
                "enabled_regex_matching": True,
                "invert_match": True,
            },
        },
        {"name": "2", "type": "string_attribute", "string_attribute": {"key": "http.route", "values": ["/a$$"]}},
        {"name": "3", "type": "probabilistic", "probabilistic": {"sampling_percentage": 0.5}},
    ]


def test_an_unknown_key_is_left_out_for_older_collectors() -> None:
    assert replace(GOOD, after_root=None).tree().keys() == {
        "decision_wait",
        "num_traces",
        "expected_new_traces_per_sec",
        "decision_cache",
        "policies",
    }
    assert replace(GOOD, largest_trace_bytes=5).tree()["maximum_trace_size_bytes"] == 5


def test_texts_for_the_collector() -> None:
    assert literal("^a$") == "^a$$"
    assert ottl_string('a"b\\d') == '"a\\"b\\\\d"'
    assert [go_duration(Duration.parse(text)) for text in ("250ms", "2m", "1d")] == ["250ms", "120s", "86400s"]
    assert (number(Decimal("50.0")), number(Decimal("0.5"))) == (50, 0.5)
    assert isinstance(number(Decimal(50)), int)


def test_json_keeps_the_order_and_ends_with_a_line() -> None:
    assert json.dump({"z": 1, "a": ["é"]}) == '{\n  "z": 1,\n  "a": [\n    "é"\n  ]\n}\n'
