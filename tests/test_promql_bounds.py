"""What a matcher on `le` names, and every text that one bound can be."""

from decimal import Decimal

import pytest

from watchkeeper.promql.bounds import alternatives, bounds_named, canonical, one_bound, spellings
from watchkeeper.promql.nodes import Matcher, MatchOperator

EQUAL, REGEX, NOT = MatchOperator.EQUAL, MatchOperator.REGEX, MatchOperator.NOT_EQUAL


@pytest.mark.parametrize(
    ("operator", "value", "written", "one"),
    [
        (EQUAL, "1", ("1",), "1"),
        (EQUAL, "1.0", ("1.0",), "1"),
        (EQUAL, "1e+06", ("1e+06",), "1000000"),
        (EQUAL, "+Inf", ("+Inf",), None),
        (REGEX, "1|1\\.0", ("1", "1.0"), "1"),
        (REGEX, "(1|1.0)", ("1", "1.0"), "1"),
        (REGEX, "1000000|1e\\+06", ("1000000", "1e+06"), "1000000"),
        (REGEX, "1|2", ("1", "2"), None),
        (REGEX, "0\\..*", (), None),
        (NOT, "1", (), None),
        (EQUAL, "1e999999999", ("1e999999999",), None),  # no bound that a float can be
    ],
)
def test_bounds_in_a_matcher(operator: MatchOperator, value: str, written: tuple[str, ...], one: str | None) -> None:
    matcher = Matcher("le", operator, value)
    assert alternatives(matcher) == written
    assert one_bound(matcher) == (None if one is None else Decimal(one))


def test_only_le_has_bounds() -> None:
    matcher = Matcher("code", EQUAL, "1")
    assert alternatives(matcher) == ()
    assert bounds_named(matcher) == frozenset()
    assert one_bound(matcher) is None


def test_several_bounds_are_numbers_without_the_last() -> None:
    named = bounds_named(Matcher("le", REGEX, "0.5|1|1\\.0"))
    assert named == {Decimal("0.5"), Decimal(1)}
    assert bounds_named(Matcher("le", EQUAL, "+Inf")) == frozenset()


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        ("1", ("1", "1.0")),
        ("1.0", ("1", "1.0")),
        ("10", ("10", "10.0")),
        ("0", ("0", "0.0")),
        ("0.50", ("0.5",)),
        ("2.5", ("2.5",)),
        ("0.0001", ("0.0001",)),
        ("0.00001", ("0.00001", "1e-05")),
        ("100000", ("100000", "100000.0")),
        ("1e6", ("1000000", "1000000.0", "1e+06")),
        ("1500000", ("1500000", "1500000.0", "1.5e+06")),
    ],
)
def test_spellings_of_a_bound(bound: str, expected: tuple[str, ...]) -> None:
    assert spellings(Decimal(bound)) == expected
    assert {canonical(text) for text in expected} == {expected[0]}
