"""The bounds of buckets that a matcher on `le` names, and the texts that one bound can be."""

import re
from decimal import Decimal

from watchkeeper.promql.nodes import Matcher, MatchOperator
from watchkeeper.quantity import plain

_ALTERNATIVES = re.compile(r"\(?(?:[0-9e+]|\\?[.+]|\|)+\)?")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?")


def alternatives(matcher: Matcher) -> tuple[str, ...]:
    """The values of `le` as they are written: one, or those of `1|1\\.0`; nothing for a pattern that says more."""
    if matcher.label != "le":
        return ()
    if matcher.operator is MatchOperator.EQUAL:
        return (matcher.value,)
    if matcher.operator is MatchOperator.REGEX and _ALTERNATIVES.fullmatch(matcher.value):
        return tuple(re.sub(r"\\([.+])", r"\1", matcher.value.strip("()")).split("|"))
    return ()


def bounds_named(matcher: Matcher) -> frozenset[Decimal]:
    """As numbers; `+Inf` is a bound of every histogram and counts for nothing here."""
    return frozenset(Decimal(value) for value in alternatives(matcher) if _NUMBER.fullmatch(value))


def canonical(bound: str) -> str:
    """The same text for every spelling of a bound; what is no number stays as it is."""
    return plain(Decimal(bound)) if _NUMBER.fullmatch(bound) else bound


def one_bound(matcher: Matcher) -> Decimal | None:
    """The one that a matcher names, in however many spellings; None for several, for `+Inf` and for a pattern."""
    texts = set(map(canonical, alternatives(matcher)))
    text = texts.pop() if len(texts) == 1 else ""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def spellings(bound: Decimal) -> tuple[str, ...]:
    """Prometheus 3 stores a whole bound as `1.0`, earlier ones as the client writes it: `1` or `1.0`.

    Go, and clients that write as Go does, take `1e+06` from a million on, and `1e-05` below a ten-thousandth.
    """
    texts = [plain(bound)]
    if bound == bound.to_integral_value():
        texts.append(f"{texts[0]}.0")
    if bound and not -4 <= bound.adjusted() < 6:
        digits = len(bound.normalize().as_tuple().digits)
        texts.append(f"{float(bound):.{digits - 1}e}")
    return tuple(texts)
