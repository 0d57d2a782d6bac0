"""Traces that would not be what their owner means: shares that hide each other, waits that are too short, leaks."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from watchkeeper import model
from watchkeeper.problem import Problem
from watchkeeper.quantity import Duration, plain
from watchkeeper.spec.definitions import Definitions
from watchkeeper.spec.nodes import Path
from watchkeeper.spec.resolving import resolve_reference
from watchkeeper.spec.resolving_tracing import name, sampling
from watchkeeper.spec.tracing_schema import SamplingRule, Tracing
from watchkeeper.spec.wording import error, instead, listed

SETTLING = Duration.of(seconds=10)
"""What the last spans of the longest call take to arrive: batches, queues, two hops."""
PRIVATE_DOMAINS = frozenset({"internal", "intranet", "lan", "local", "localhost", "test"})
"""Domains of one word that nobody can buy."""


def _tracing(d: Definitions) -> Iterator[Tracing]:
    if d.tracing is not None:
        yield d.tracing


def names(d: Definitions) -> Iterator[Problem]:
    for tracing in _tracing(d):
        for kind, written in tracing.names.items():
            span_name = name(kind, written)
            if not span_name.fields:
                yield error(
                    "bad-pattern",
                    d.at("tracing", "names", kind, "pattern"),
                    f"span name `{kind}` has no field",
                    found=written.pattern,
                    allowed="words and {fields} of small letters and _",
                    fix="put what differs between spans in braces: DB {operation} {table}",
                )
            elif not span_name.fits(written.example):
                yield error(
                    "bad-example",
                    d.at("tracing", "names", kind, "example"),
                    f"the example of span name `{kind}` does not fit its pattern",
                    found=written.example,
                    allowed=f"{written.pattern}, each field one word, without ids",
                    fix="mend the example or the pattern",
                )


def propagation(d: Definitions) -> Iterator[Problem]:
    for tracing in _tracing(d):
        extract = tracing.propagation.extract
        if extract[0] is not model.Carrier.W3C:
            yield error(
                "bad-order",
                d.at("tracing", "propagation", "extract", 0),
                "`w3c` does not win over other headers",
                found=", ".join(extract),
                allowed="w3c first: it is the format whose meaning all agree on",
                fix="write w3c first",
            )
        for key in ("extract", "inject", "inject_on_request"):
            carriers: Sequence[model.Carrier] = getattr(tracing.propagation, key)
            yield from _twice(d, "propagation", key, carriers)
        for index, carrier in enumerate(tracing.propagation.inject_on_request):
            if carrier in tracing.propagation.inject:
                yield error(
                    "duplicate",
                    d.at("tracing", "propagation", "inject_on_request", index),
                    f"`{carrier}` is injected always and on request",
                    allowed="one of the two",
                    fix="remove one",
                )
        yield from _baggage(d, tracing)


def _twice(d: Definitions, section: str, key: str, words: Sequence[str]) -> Iterator[Problem]:
    for index, word in enumerate(words):
        if word in words[:index]:
            yield error(
                "duplicate",
                d.at("tracing", section, key, index),
                f"`{key}` names `{word}` twice",
                allowed="each once",
                fix="remove one",
            )


def _baggage(d: Definitions, tracing: Tracing) -> Iterator[Problem]:
    pseudonyms = tracing.pseudonyms.attributes
    for index, key in enumerate(tracing.propagation.baggage.keys):
        if key not in pseudonyms:
            yield error(
                "leak",
                d.at("tracing", "propagation", "baggage", "keys", index),
                f"baggage would carry `{key}` as it is",
                found=key,
                allowed=listed(pseudonyms),
                fix=instead(key, pseudonyms, f"add `{key}` to `tracing.pseudonyms.attributes`"),
            )
    for index, host in enumerate(tracing.propagation.baggage.hosts):
        domain = host.removeprefix("*.")
        if host != domain and "." not in domain and domain not in PRIVATE_DOMAINS:
            yield error(
                "leak",
                d.at("tracing", "propagation", "baggage", "hosts", index),
                f"baggage would go to everybody under `.{domain}`",
                found=host,
                allowed="hosts of your own, or *. and a domain of your own",
                fix="name the hosts that are your own",
            )


def waits(d: Definitions) -> Iterator[Problem]:
    """A decision before the longest call has ended is made on half a trace."""
    for tracing in _tracing(d):
        written = tracing.sampling
        if written.decision_wait_after_root > written.decision_wait:
            yield error(
                "bad-wait",
                d.at("tracing", "sampling", "decision_wait_after_root"),
                "the wait after the root is longer than the whole wait",
                found=str(written.decision_wait_after_root),
                allowed=f"at most decision_wait, {written.decision_wait}",
                fix="shorten it",
            )
        if tracing.client_timeouts:
            kind, longest = max(tracing.client_timeouts.items(), key=lambda item: (item[1], item[0]))
            needed = longest + SETTLING
            if written.decision_wait < needed:
                yield error(
                    "bad-wait",
                    d.at("tracing", "sampling", "decision_wait"),
                    f"traces are decided before a call of kind `{kind}` can have ended",
                    found=str(written.decision_wait),
                    allowed=f"{longest} + {SETTLING} = {needed} and more",
                    fix=f"write {needed}",
                )
        for kind in tracing.client_timeouts:
            if kind not in tracing.names:
                yield error(
                    "unknown-reference",
                    d.key("tracing", "client_timeouts", kind),
                    f"there is no kind of span `{kind}`",
                    found=kind,
                    allowed=listed(tracing.names),
                    fix=instead(kind, tracing.names, "define it under `tracing.names`"),
                )


def memory(d: Definitions) -> Iterator[Problem]:
    """Every request is a trace. A gateway that is alone for a while must hold them all."""
    if d.reference is None:
        return
    rate = resolve_reference(d.reference).requests_per_second
    for tracing in _tracing(d):
        needed = sampling(tracing).memory_needed(rate)
        if tracing.sampling.traces_in_memory < needed:
            wait = plain(tracing.sampling.decision_wait.seconds)
            yield error(
                "too-small",
                d.at("tracing", "sampling", "traces_in_memory"),
                "undecided traces would be thrown away at the usual load",
                found=str(tracing.sampling.traces_in_memory),
                allowed=f"{plain(round(rate, 1))} traces/s x {wait} s x {model.HEADROOM} = {needed} and more",
                fix=f"write {needed}, or a round number above it",
            )


def rules(d: Definitions) -> Iterator[Problem]:
    for tracing in _tracing(d):
        taken: dict[str, str] = {}
        for rule_name, rule in tracing.sampling.rules.items():
            if not (rule.routes or rule.request_classes or rule.attributes):
                yield error(
                    "empty",
                    d.key("tracing", "sampling", "rules", rule_name),
                    f"sampling rule `{rule_name}` does not say which traces it is for",
                    allowed="`routes`, `request_classes` or `attributes`",
                    fix="name at least one",
                )
            for key, index, word in _matched(rule):
                if word in taken:
                    yield error(
                        "duplicate",
                        d.at("tracing", "sampling", "rules", rule_name, key, index),
                        f"sampling rule `{taken[word]}` takes `{word}` before `{rule_name}`",
                        allowed="each in one rule: the first that fits counts",
                        fix="remove one",
                    )
                taken.setdefault(word, rule_name)


def _matched(rule: SamplingRule) -> Iterator[tuple[str, int, str]]:
    for key, words in (
        ("routes", rule.routes),
        ("request_classes", rule.request_classes),
        ("attributes", rule.attributes),
    ):
        for index, word in enumerate(words):
            yield key, index, word


def request_classes(services: Sequence[Definitions]) -> Iterator[Problem]:
    """A rule may speak of a class that only one of the services has, or that is switched off: it takes no trace."""
    known = {word for d in services for word in d.named("classes") | d.off.get("classes", frozenset())}
    d = services[0]
    for tracing in _tracing(d):
        for rule_name, rule in tracing.sampling.rules.items():
            for index, word in enumerate(rule.request_classes):
                if word not in known:
                    yield error(
                        "unknown-reference",
                        d.at("tracing", "sampling", "rules", rule_name, "request_classes", index),
                        f"there is no class `{word}`",
                        found=word,
                        allowed=listed(known),
                        fix=instead(word, known, "define it under `classes`"),
                    )


def buckets(d: Definitions) -> Iterator[Problem]:
    for tracing in _tracing(d):
        bounds = tracing.duration_buckets
        for index, (lower, upper) in enumerate(pairwise(bounds), 1):
            if upper <= lower:
                yield error(
                    "bad-buckets",
                    d.at("tracing", "duration_buckets", index),
                    "the bounds of span durations do not ascend",
                    found=f"{upper} after {lower}",
                    allowed="each bound above the one before",
                    fix="sort them, each once",
                )
        slow: list[tuple[Path, Duration]] = [(("slow_after",), tracing.sampling.slow_after)]
        slow += [
            (("rules", name, "slow_after"), rule.slow_after)
            for name, rule in tracing.sampling.rules.items()
            if rule.slow_after is not None
        ]
        for path, threshold in slow:
            if threshold not in bounds:
                near = min(bounds, key=lambda bound: (abs(bound.seconds - threshold.seconds), bound))
                yield error(
                    "no-bucket",
                    d.at("tracing", "sampling", *path),
                    f"no bucket of span durations ends at {threshold}",
                    found=str(threshold),
                    allowed=", ".join(map(str, bounds)),
                    fix=f"write {near}, or add {threshold} to `tracing.duration_buckets`",
                )


def retention(d: Definitions) -> Iterator[Problem]:
    """Indices are of a day each, and go as a whole."""
    for tracing in _tracing(d):
        if tracing.retention / Duration.of(days=1) % 1 != Decimal(0):
            yield error(
                "bad-window",
                d.at("tracing", "retention"),
                "traces are kept for whole days",
                found=str(tracing.retention),
                allowed="1d, 7d, 14d",
                fix="write days",
            )


def redaction(d: Definitions) -> Iterator[Problem]:
    """What masks fields of lines masks attributes of spans, too: a key that is too wide takes counts of tokens."""
    if d.logs is None:
        return
    for tracing in _tracing(d):
        for index, pattern in enumerate(d.logs.redaction.keys):
            hit = next((each for each in tracing.attributes if re.search(f"(?i){pattern}", each)), None)
            if hit is not None:
                yield error(
                    "too-wide",
                    d.at("logs", "redaction", "keys", index),
                    f"`{pattern}` would mask the attribute `{hit}` of spans",
                    found=pattern,
                    allowed="patterns that fit no attribute listed under `tracing.attributes`",
                    fix="make it narrower",
                )
