"""Samples, disk and memory, worked out by hand; and what the specification claims beside ours."""

from decimal import Decimal

from capacity_world import counting, recording
from watchkeeper.model import Catalog, Pace
from watchkeeper.quantity import Duration
from watchkeeper.report.capacity.figure import Amount, Unit
from watchkeeper.report.capacity.storage import (
    Stream,
    disk,
    memory,
    per_second,
    recorded,
    scraped,
    section,
    total,
    volume,
)


def figures(catalog: Catalog) -> dict[str, tuple[str, str]]:
    made = recording("endpoint:requests:rate", "sum by (endpoint) (rate(requests_total[5m]))")
    slow = recording("slow", "sum(requests_total)", pace=Pace.SLOW)
    told = section(counting(catalog, made, slow))
    return {figure.label: (figure.amount.words, figure.derivation) for figure in told.figures}


def test_scraped_and_recorded_series_by_their_pace(catalog: Catalog) -> None:
    counted = counting(
        catalog,
        recording("endpoint:requests:rate", "sum by (endpoint) (rate(requests_total[5m]))"),
        recording("slow", "sum(requests_total)", pace=Pace.SLOW),
    )
    # critical: events 4 and the probe 1; standard: requests 12, latency 50
    five, fifteen, thirty = (Duration.of(seconds=seconds) for seconds in (5, 15, 30))
    assert scraped(counted) == (Stream("critical", 5, five), Stream("standard", 62, fifteen))
    assert recorded(counted) == (Stream("recorded", 5, thirty), Stream("recorded", 1, Duration.of(minutes=2)))
    # 5 / 5 + 62 / 15 = 5.1333; 5 / 30 + 1 / 120 = 0.175
    assert round(per_second(scraped(counted)), 4) == Decimal("5.1333")
    assert per_second(recorded(counted)) == Decimal("0.175")
    assert total((*scraped(counted), *recorded(counted))) == 73


def test_disk_is_samples_by_bytes() -> None:
    # 1,000/s x 7,776,000 s = 7.776 G samples, at 1.2 B and at 2.4 B
    assert disk(Decimal(1000)) == Amount(Decimal(9_331_200_000), Decimal(18_662_400_000), Unit.BYTES)
    # 18.6624 GB x 1.1 + 0.3 GB
    assert volume(disk(Decimal(1000))) == Decimal(20_828_640_000)


def test_memory_gives_back_what_it_was_measured_from() -> None:
    # 13,090 series took 126 MB at 15 s and 172 MB at 5 s
    assert memory(13_090).words == "126 to 172 MB"


def test_every_figure_says_where_it_comes_from(catalog: Catalog) -> None:
    assert figures(catalog) == {
        "series scraped": ("67", "5 critical + 62 standard"),
        "series recorded": ("6", "5 every 30 s + 1 every 2 min"),
        "samples, critical": ("1/s", "5 / 5 s"),
        "samples, standard": ("4.13/s", "62 / 15 s"),
        "samples, recorded": ("0.175/s", "5 / 30 s + 1 / 2 min"),
        # 5.3083/s x 7,776,000 s = 41.28 M samples
        "disk for 90 d": ("49.5 to 99.1 MB", "5.31 samples/s x 7,776,000 s x 1.2 to 2.4 B"),
        # 99.066 MB x 1.1 + 300 MB
        "volume": ("409 MB", "99.1 MB + 10 % while blocks are merged + 300 MB not yet in blocks"),
        # 42 MB + 73 x 6,400 B = 42.467 MB; 42 MB + 73 x 9,900 B = 42.723 MB
        "memory": ("42.5 to 42.7 MB", "42 MB + 73 series x 6.4 kB to 9.9 kB"),
    }


def test_what_the_specification_claims_stands_beside(catalog: Catalog) -> None:
    # 13,000 / 5 s x 7,776,000 s x 2.4 B = 48.52 GB
    (note,) = section(counting(catalog)).notes
    assert note.startswith("The specification says 50 GB for 13,000 series.")
    assert note.endswith("if all are scraped every 5 s and none of them is quiet: 48.5 GB.")
