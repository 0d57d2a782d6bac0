"""The values a label can have: those listed, and so many more that nobody can list."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

from watchkeeper.promql.nodes import Matcher, MatchOperator

_ALTERNATIVES = re.compile(r"[^.*+?()\[\]{}\\^$]+")


@dataclass(frozen=True, slots=True)
class Domain:
    listed: frozenset[str] = frozenset()
    cap: int = 0

    @property
    def size(self) -> int:
        return len(self.listed) + self.cap

    def __or__(self, other: "Domain") -> "Domain":
        """A cap is about the same values wherever the label is."""
        return Domain(self.listed | other.listed, max(self.cap, other.cap))

    def admitted(self, label: str, matchers: Iterable[Matcher]) -> "Domain":
        """The values that matchers let through. Which of those not listed fit a pattern cannot be told: all."""
        return reduce(_through, (matcher for matcher in matchers if matcher.label == label), self)


def admits(matcher: Matcher, value: str) -> bool:
    match matcher.operator:
        case MatchOperator.EQUAL:
            return value == matcher.value
        case MatchOperator.NOT_EQUAL:
            return value != matcher.value
        case MatchOperator.REGEX:
            return re.fullmatch(matcher.value, value) is not None
        case MatchOperator.NOT_REGEX:
            return re.fullmatch(matcher.value, value) is None


def _through(domain: Domain, matcher: Matcher) -> Domain:
    listed = frozenset(value for value in domain.listed if admits(matcher, value))
    cap = domain.cap
    if matcher.operator is MatchOperator.EQUAL:
        cap = min(cap, 1)
    elif matcher.operator is MatchOperator.REGEX and _ALTERNATIVES.fullmatch(matcher.value):
        cap = min(cap, matcher.value.count("|") + 1)
    return Domain(listed, cap)
