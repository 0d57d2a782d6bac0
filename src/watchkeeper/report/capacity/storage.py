"""Series, samples, and what Prometheus needs to keep them."""

from dataclasses import dataclass
from decimal import Decimal

from watchkeeper import measured
from watchkeeper.formats.prometheus import Recording
from watchkeeper.model import Scrape
from watchkeeper.quantity import Duration
from watchkeeper.report.capacity.counting import Counting
from watchkeeper.report.capacity.figure import Amount, Figure, Section, Unit, grouped, in_bytes, said


@dataclass(frozen=True, slots=True)
class Stream:
    """Series that get a sample at the same pace."""

    what: str
    series: int
    every: Duration

    @property
    def per_second(self) -> Decimal:
        return self.series / self.every.seconds

    @property
    def words(self) -> str:
        return f"{self.series:,} / {self.every.words}"


def scraped(counting: Counting) -> tuple[Stream, ...]:
    load, intervals = counting.load, counting.load.catalog.intervals
    return tuple(
        Stream(scrape.value, sum(load.series(m) for m in load.catalog.metrics if m.scrape is scrape), every)
        for scrape, every in (
            (Scrape.CRITICAL, intervals.scrape_critical),
            (Scrape.STANDARD, intervals.scrape_standard),
        )
    )


def recorded(counting: Counting) -> tuple[Stream, ...]:
    """By the interval of their group, the fastest first."""
    made = [rule for rule in counting.rules if isinstance(rule.rule, Recording)]
    return tuple(
        Stream("recorded", sum(counting.recorded(rule) for rule in made if rule.interval == every), every)
        for every in sorted({rule.interval for rule in made})
    )


def per_second(streams: tuple[Stream, ...]) -> Decimal:
    return sum((stream.per_second for stream in streams), Decimal(0))


def total(streams: tuple[Stream, ...]) -> int:
    return sum(stream.series for stream in streams)


def memory(series: int) -> Amount:
    low, high = (measured.MEMORY_EMPTY + series * each for each in measured.BYTES_OF_MEMORY_PER_SERIES)
    return Amount(low, high, Unit.BYTES)


def disk(samples_per_second: Decimal) -> Amount:
    """Of the blocks of the whole retention."""
    samples = samples_per_second * measured.RETENTION.seconds
    low, high = (samples * each for each in measured.BYTES_PER_SAMPLE)
    return Amount(low, high, Unit.BYTES)


def volume(blocks: Amount) -> Decimal:
    """What the volume must hold at worst."""
    return blocks.high * (1 + measured.COMPACTION_ROOM) + measured.WAL_BYTES


def section(counting: Counting) -> Section:
    raw, made = scraped(counting), recorded(counting)
    return Section("metrics", (*_series(raw, made), *_samples(raw, made), *_kept(raw, made)), (_claim(counting),))


def _series(raw: tuple[Stream, ...], made: tuple[Stream, ...]) -> tuple[Figure, ...]:
    classes = " + ".join(f"{stream.series:,} {stream.what}" for stream in raw)
    paces = " + ".join(f"{stream.series:,} every {stream.every.words}" for stream in made)
    return (
        Figure("series scraped", Amount.of(total(raw), Unit.COUNT), classes),
        Figure("series recorded", Amount.of(total(made), Unit.COUNT), paces or "nothing is recorded"),
    )


def _samples(raw: tuple[Stream, ...], made: tuple[Stream, ...]) -> tuple[Figure, ...]:
    by_class = (
        Figure(f"samples, {stream.what}", Amount.of(stream.per_second, Unit.PER_SECOND), stream.words) for stream in raw
    )
    paces = " + ".join(stream.words for stream in made)
    return (*by_class, Figure("samples, recorded", Amount.of(per_second(made), Unit.PER_SECOND), paces or "none"))


def _kept(raw: tuple[Stream, ...], made: tuple[Stream, ...]) -> tuple[Figure, ...]:
    rate, series = per_second((*raw, *made)), total((*raw, *made))
    blocks = disk(rate)
    least, most = measured.BYTES_PER_SAMPLE
    small, large = measured.BYTES_OF_MEMORY_PER_SERIES
    return (
        Figure(
            f"disk for {measured.RETENTION.words}",
            blocks,
            f"{grouped(rate)} samples/s x {grouped(measured.RETENTION.seconds)} s x {least} to {most} B",
        ),
        Figure(
            "volume",
            Amount.of(volume(blocks), Unit.BYTES),
            f"{in_bytes(blocks.high)} + {said(measured.COMPACTION_ROOM, Unit.SHARE)} while blocks are merged"
            f" + {in_bytes(measured.WAL_BYTES)} not yet in blocks",
        ),
        Figure(
            "memory",
            memory(series),
            f"{in_bytes(measured.MEMORY_EMPTY)} + {series:,} series x {in_bytes(small)} to {in_bytes(large)}",
        ),
    )


def _claim(counting: Counting) -> str:
    """Beside ours, what the specification states (docs/decisions/storage-computed.md)."""
    critical = counting.load.catalog.intervals.scrape_critical
    samples = measured.CLAIMED_SERIES / critical.seconds * measured.RETENTION.seconds
    worst = in_bytes(samples * measured.BYTES_PER_SAMPLE[1])
    return (
        f"The specification says {in_bytes(measured.CLAIMED_DISK)} for {measured.CLAIMED_SERIES:,} series. That is what"
        f" they take if all are scraped every {critical.words} and none of them is quiet: {worst}."
    )
