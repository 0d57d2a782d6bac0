"""The bounds of buckets that a matcher on `le` names."""

import re
from decimal import Decimal

from watchkeeper.promql.nodes import Matcher, MatchOperator

_ALTERNATIVES = re.compile(r"\(?(?:[0-9+]|\\?\.|\|)+\)?")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def alternatives(matcher: Matcher) -> tuple[str, ...]:
    """The values of `le` as they are written: one, or those of `1|1\\.0`; nothing for a pattern that says more."""
    if matcher.label != "le":
        return ()
    if matcher.operator is MatchOperator.EQUAL:
        return (matcher.value,)
    if matcher.operator is MatchOperator.REGEX and _ALTERNATIVES.fullmatch(matcher.value):
        return tuple(matcher.value.strip("()").replace("\\.", ".").split("|"))
    return ()


def bounds_named(matcher: Matcher) -> frozenset[Decimal]:
    """As numbers; `+Inf` is a bound of every histogram and counts for nothing here."""
    return frozenset(Decimal(value) for value in alternatives(matcher) if _NUMBER.fullmatch(value))
