"""What was measured, on two cores unless said, and where to measure it again. Everything else is computed from it."""

from decimal import Decimal

from watchkeeper.quantity import Duration

# --- Prometheus -------------------------------------------------------------------------------------

BYTES_PER_SAMPLE = (Decimal("1.2"), Decimal("2.4"))
"""Blocks of 2.42 on disk, index included: 599 M samples of quiet counters (3,250 series, 32 d at 15 s) took 1.19 B
each; 150 M of 13,000 mixed series (2 d at 15 s) took 2.4 B. Prometheus' own rule of thumb is 1 to 2."""
WAL_BYTES = Decimal(300 * 10**6)
"""The write-ahead log of 13,000 series at its largest; 100 to 300 MB were seen."""
COMPACTION_ROOM = Decimal("0.1")
"""Blocks that are merged stand beside the merged one for a while."""
MEMORY_EMPTY = Decimal(42 * 10**6)
"""Resident, 2.42 without any series."""
BYTES_OF_MEMORY_PER_SERIES = (Decimal(6400), Decimal(9900))
"""Resident beyond empty, 13,090 series with rules: 126 MB at 15 s, up to 172 MB at 5 s after 38 minutes.
84 MB / 13,090 = 6.4 kB, 130 MB / 13,090 = 9.9 kB."""
SECONDS_PER_SCRAPED_SAMPLE = Decimal("0.0000052")
"""Processor time: 13,090 series at 15 s took 0.0045 of a core. 0.0045 / (13,090 / 15) = 5.2 us."""
SECONDS_PER_RULE = Decimal("0.000018")
"""Processor time of an evaluation that reads next to nothing (promtool 2.42, 124 rules over 3 h)."""
SECONDS_PER_SERIES_READ = Decimal("0.000004")
"""Of each series that a window is read of. `bench/rules.py` prints these three beside what a server really took."""
SECONDS_PER_SAMPLE_READ = Decimal("0.000000042")
"""Of each sample in a window (3,250 counters, windows up to 30 d: 674 to 786 M samples in 27 to 32 s)."""

# --- logs -------------------------------------------------------------------------------------------

LOKI_BYTES_PER_LINE = Decimal(47)
"""On disk in Loki 3.7, compressed, ids as structured metadata, index included."""
LOKI_LINES_PER_SECOND = Decimal(2000)
"""The fastest that was tried from a file over the Collector into one Loki, nothing lost; where it ends is not known."""

# --- traces -----------------------------------------------------------------------------------------

BYTES_PER_SPAN = (Decimal(330), Decimal(709))
"""In OpenSearch 3.8 behind Jaeger 2.13: 5 attributes that repeat; 14 attributes with random ids."""
GATEWAY_SPANS_PER_SECOND = Decimal(31700)
"""One Collector 0.145 with every processor and tail sampling: 100,000 spans in 3.15 s, none refused."""
STORE_SPANS_PER_SECOND = Decimal(3300)
"""Jaeger into one OpenSearch node with 1 GB of heap; 3,300 to 3,700 were seen."""
FULLEST_DISK = Decimal("0.8")
"""Above this OpenSearch moves shards away (its low watermark is 85 %)."""

# --- machines ---------------------------------------------------------------------------------------

CORES, MEMORY = Decimal(2), Decimal(24 * 10**9)
"""The machine all of it was measured on: what a node below is."""
FULLEST_NODE = Decimal("0.5")
"""How much of a node's processors and memory is planned with; the rest is for queries, restarts and neighbours."""
BUSY_HOUR = Decimal(3)
"""The busiest hour against the mean of the month: planned, not measured."""

RETENTION = Duration.of(days=90)
"""How long Prometheus keeps samples in the specification."""
CLAIMED_DISK, CLAIMED_SERIES = Decimal(50 * 10**9), 13000
"""What the specification says of it."""
