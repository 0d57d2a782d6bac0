"""How long logs and traces are kept, which traces are, and how often anything is scraped and evaluated."""

from collections.abc import Iterator
from dataclasses import fields

from watchkeeper.model import Catalog, Intervals, Kept, Logs, Tracing
from watchkeeper.quantity import Duration, Ratio
from watchkeeper.report.diff.change import Change, Meaning, both
from watchkeeper.report.diff.pairing import pairs

_GONE = "what is older can no longer be asked for"


def changes(old: Catalog, new: Catalog) -> Iterator[Change]:
    yield from _intervals(old.intervals, new.intervals)
    if old.logs is not None and new.logs is not None:
        yield from _logs(old.logs, new.logs)
    elif old.logs != new.logs:
        yield _section("logs", there=new.logs is not None)
    if old.tracing is not None and new.tracing is not None:
        yield from _traces(old.tracing, new.tracing)
    elif old.tracing != new.tracing:
        yield _section("traces", there=new.tracing is not None)


def _section(name: str, *, there: bool) -> Change:
    if there:
        return Change(Meaning.OTHER, name, "", "defined", "engines get configuration for them")
    return Change(Meaning.BLIND, name, "defined", "", "no engine gets configuration for them")


def _intervals(old: Intervals, new: Intervals) -> Iterator[Change]:
    """What that does to each alert and to samples is told with those."""
    for field in fields(Intervals):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if before != after:
            subject = field.name.replace("_", " ")
            yield Change(Meaning.OTHER, f"interval {subject}", before.words, after.words, "how often it happens")


def _logs(old: Logs, new: Logs) -> Iterator[Change]:
    for pair in pairs(old.retention, new.retention, lambda kept: kept.environment):
        if pair.both:
            yield from _kept(f"logs of {pair.name}", *pair.both)
        elif pair.old is not None:
            yield Change(Meaning.CHEAPER, f"logs of {pair.name}", pair.old.keep.words, "", "no longer kept apart")
        elif pair.new is not None:
            yield Change(Meaning.DEARER, f"logs of {pair.name}", "", pair.new.keep.words, "kept from now on")
    yield from _longer("audit logs", old.audit, new.audit)


def _kept(subject: str, old: Kept, new: Kept) -> Iterator[Change]:
    yield from _longer(subject, old.keep, new.keep)
    streams = pairs(old.streams, new.streams, lambda stream: " ".join(f"{k}={v}" for k, v in stream.match))
    for pair in streams:
        before = pair.old.keep if pair.old else old.keep
        after = pair.new.keep if pair.new else new.keep
        yield from _longer(f"{subject}, {pair.name}", before, after)


def _longer(subject: str, before: Duration, after: Duration) -> Iterator[Change]:
    if before != after:
        longer = after > before
        meaning, why = (Meaning.DEARER, "takes disk for longer") if longer else (Meaning.CHEAPER, _GONE)
        yield Change(meaning, subject, f"kept {before.words}", f"kept {after.words}", why)


def _traces(old: Tracing, new: Tracing) -> Iterator[Change]:
    yield from _longer("traces", old.retention, new.retention)
    for name in dict.fromkeys(name for side in (old, new) for name, _ in side.sampling.environments):
        yield from _share(f"traces of {name}", old.sampling.share(name), new.sampling.share(name))
    for pair in pairs(old.sampling.rules, new.sampling.rules, lambda rule: rule.name):
        if pair.both:
            before_rule, after_rule = pair.both
            yield from _share(f"traces of rule {pair.name}", before_rule.share, after_rule.share)
        else:
            told = both(lambda rule: rule.share.words if rule else "", pair.old, pair.new)
            yield Change(Meaning.OTHER, f"traces of rule {pair.name}", *told, "a share of their own or none")
    before, after = old.sampling.cap_per_second, new.sampling.cap_per_second
    if before != after:
        told = both(lambda cap: f"at most {cap:,}/s", before, after)
        meaning = Meaning.DEARER if after > before else Meaning.CHEAPER
        yield Change(meaning, "traces", *told, "kept by their share; errors and slow ones are never cut")


def _share(subject: str, before: Ratio, after: Ratio) -> Iterator[Change]:
    if before != after:
        more = after > before
        why = "more are kept" if more else "fewer are kept to look at; errors and slow ones stay"
        yield Change(Meaning.DEARER if more else Meaning.CHEAPER, subject, before.words, after.words, why)
