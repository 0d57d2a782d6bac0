"""Spans: how many there are, which share of them is kept, and what they take for as long as they are kept."""

from decimal import Decimal

from watchkeeper import measured
from watchkeeper.model import HEADROOM, Sampling, Tracing
from watchkeeper.quantity import Duration
from watchkeeper.report.capacity.figure import Amount, Figure, Section, Unit, grouped, in_bytes, said
from watchkeeper.report.capacity.load import ENVIRONMENT, MONTH, Load

_DAY = Duration.of(days=1)


def section(load: Load, tracing: Tracing) -> Section:
    sampling = tracing.sampling
    return Section(
        "traces",
        (
            *_made(load, sampling),
            *_chosen(load, sampling),
            Figure("disk", disk(load, tracing), _disk_words(load, tracing)),
            Figure(
                "waiting for a decision",
                Amount.of(sampling.memory_needed(load.requests_per_second), Unit.COUNT),
                f"{grouped(load.requests_per_second)} traces/s x {sampling.decision_wait.words} x {HEADROOM};"
                f" one gateway holds {sampling.traces_in_memory:,}",
            ),
        ),
        (_cap(load, sampling),),
    )


def spans_per_second(load: Load, sampling: Sampling) -> Decimal:
    """A request is a trace."""
    return load.requests_per_second * sampling.spans_per_trace


def share(sampling: Sampling) -> Amount:
    """Which requests a rule speaks of is not declared: from the share of the rest to the largest of any rule."""
    usual = sampling.share(ENVIRONMENT)
    shares = (usual, *(sampling.share_of(rule, ENVIRONMENT) for rule in sampling.rules))
    return Amount(usual.value, max(shares).value, Unit.SHARE)


def kept_per_second(load: Load, sampling: Sampling) -> Amount:
    """Spans, without errors and slow traces, which are kept all."""
    chosen = share(sampling)
    low, high = (
        min(load.requests_per_second * each, Decimal(sampling.cap_per_second)) * sampling.spans_per_trace
        for each in (chosen.low, chosen.high)
    )
    return Amount(low, high, Unit.PER_SECOND)


def disk(load: Load, tracing: Tracing) -> Amount:
    """Daily indices are deleted whole: the day that is written now is one more."""
    kept = kept_per_second(load, tracing.sampling)
    least, most = measured.BYTES_PER_SPAN
    low, high = (
        rate * each * tracing.searchable.seconds / measured.FULLEST_DISK
        for rate, each in ((kept.low, least), (kept.high, most))
    )
    return Amount(low, high, Unit.BYTES)


def binds_from(load: Load, sampling: Sampling) -> Amount:
    """So many times the reference's traffic reach the cap: with the largest share, and with the usual one."""
    chosen, one = share(sampling), Load(load.catalog, 1).requests_per_second
    low, high = (sampling.cap_per_second / (one * each) for each in (chosen.high, chosen.low))
    return Amount(low, high, Unit.TIMES)


def _made(load: Load, sampling: Sampling) -> tuple[Figure, ...]:
    requests = load.catalog.reference.requests_per_month * load.times
    rate = load.requests_per_second
    return (
        Figure("traces", Amount.of(rate, Unit.PER_SECOND), f"{requests:,} requests / {grouped(MONTH.seconds)} s"),
        Figure(
            "spans",
            Amount.of(spans_per_second(load, sampling), Unit.PER_SECOND),
            f"{grouped(rate)} traces/s x {sampling.spans_per_trace} spans",
        ),
    )


def _chosen(load: Load, sampling: Sampling) -> tuple[Figure, ...]:
    chosen, kept = share(sampling), kept_per_second(load, sampling)
    rules = ", ".join(f"{rule.name} {sampling.share_of(rule, ENVIRONMENT).words}" for rule in sampling.rules)
    return (
        Figure("share kept", chosen, f"{rules or 'no rule'}; of the rest {sampling.share(ENVIRONMENT).words}"),
        Figure(
            "spans kept",
            kept,
            f"{grouped(spans_per_second(load, sampling))} spans/s x {chosen.words}, at most"
            f" {sampling.cap_per_second:,} traces/s; errors and slow traces beside them",
        ),
    )


def _disk_words(load: Load, tracing: Tracing) -> str:
    kept = kept_per_second(load, tracing.sampling)
    least, most = measured.BYTES_PER_SPAN
    return (
        f"{grouped(kept.low)} to {grouped(kept.high)} spans/s x {least} to {most} B x {tracing.searchable.words}"
        f" / {said(measured.FULLEST_DISK, Unit.SHARE)}, which is as full as a disk may be; one copy"
    )


def _cap(load: Load, sampling: Sampling) -> str:
    """Why a cap is no target (docs/decisions/adaptive-cap.md)."""
    one = Load(load.catalog, 1).requests_per_second
    binds = binds_from(load, sampling)
    whole = sampling.cap_per_second / one
    everything = in_bytes(
        one * sampling.spans_per_trace * measured.BYTES_PER_SPAN[1] * _DAY.seconds,
    )
    return (
        f"The cap of {sampling.cap_per_second:,} traces/s binds from {binds.words} the reference's"
        f" {said(one, Unit.PER_SECOND)}, and would from {grouped(whole)} times if all traces were kept. Kept all,"
        f" the reference's would be {everything} a day."
    )
