"""From shares to the policies of a gateway. Policies are OR-ed there, so each trace may meet one share only.

See docs/decisions/sampling-policies-exclusive.md.
"""

from collections.abc import Iterator
from decimal import ROUND_CEILING

from watchkeeper import conventions
from watchkeeper.compile.versions import Collector
from watchkeeper.formats.otelcol import (
    AtMost,
    Between,
    Chance,
    Condition,
    Erroneous,
    Has,
    HasNot,
    Longer,
    Policy,
    TailSampling,
)
from watchkeeper.model import Reference, Sampling, SamplingRule
from watchkeeper.quantity import Ratio, plain

LARGEST_TRACE_BYTES = 20_000_000
"""A trace that never ends must not take the memory of all others."""


def tail_sampling(
    sampling: Sampling, reference: Reference, environment: str, *, gateways: int, collector: Collector
) -> TailSampling:
    known = collector.decides_after_root
    return TailSampling(
        policies=(*_always(sampling), *_shares(sampling, environment, gateways)),
        decision_wait=sampling.decision_wait,
        after_root=sampling.decision_wait_after_root if known else None,
        traces=sampling.traces_in_memory,
        new_traces_per_second=int(reference.requests_per_second.to_integral_value(rounding=ROUND_CEILING)),
        largest_trace_bytes=LARGEST_TRACE_BYTES if known else None,
    )


def matchers(rule: SamplingRule) -> tuple[tuple[str, Has], ...]:
    """What makes a trace one of the rule's, each by the word that its policy is called by."""
    found: list[tuple[str, Has]] = []
    if rule.routes:
        found.append(("route", Has(conventions.ROUTE_ATTRIBUTE, rule.routes)))
    if rule.request_classes:
        found.append(("class", Has(conventions.REQUEST_CLASS_ATTRIBUTE, rule.request_classes)))
    found += [(attribute, Has(attribute)) for attribute in rule.attributes]
    return tuple(found)


def _always(sampling: Sampling) -> Iterator[Policy]:
    yield Policy("errors", (Erroneous(),))
    for name, key in conventions.STATUS_ATTRIBUTES.items():
        yield Policy(name, (Between(key, 500, 599),))
    yield from _slow(sampling)


def _slow(sampling: Sampling) -> Iterator[Policy]:
    """A trace is slow after the longest time that a rule allows it, else after the time for all."""
    for threshold in sorted({sampling.slow_after, *(rule.slow_after for rule in sampling.rules)}):
        more_patient = [rule for rule in sampling.rules if rule.slow_after > threshold]
        without = tuple(HasNot(has) for rule in more_patient for _, has in matchers(rule))
        name = f"slow-{threshold}"
        if threshold >= sampling.slow_after:
            yield Policy(name, (Longer(threshold), *without))
            continue
        for rule in sampling.rules:
            if rule.slow_after == threshold:
                for word, has in matchers(rule):
                    yield Policy(f"{name}-{rule.name}-{word}", (Longer(threshold), has, *without))


def _shares(sampling: Sampling, environment: str, gateways: int) -> Iterator[Policy]:
    """One policy per way to belong to a rule, each without the traces of those before it, and one for the others."""
    parts: list[tuple[str, Ratio, tuple[Condition, ...]]] = []
    before: tuple[HasNot, ...] = ()
    for rule in sampling.rules:
        share = sampling.share_of(rule, environment)
        for word, has in matchers(rule):
            parts.append((f"{rule.name}-{word}-{plain(share.percent)}", share, (has, *before)))
            before = (*before, HasNot(has))
    share = sampling.share(environment)
    parts.append((f"others-{plain(share.percent)}", share, before))
    cap = AtMost(sampling.cap_per_second * sampling.spans_per_trace // (len(parts) * gateways))
    # the cap comes last: what chance has left out costs nothing of it
    return (Policy(name, (*conditions, Chance(of), cap)) for name, of, conditions in parts)
