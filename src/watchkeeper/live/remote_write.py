"""Prometheus remote write 1.0: samples with times of our own choosing, written straight into a server.

The protocol buffer is small enough to write by hand, and a snappy block may consist of literals only,
so this needs neither a protobuf compiler nor a compressor.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from watchkeeper.live.connection import Connection, plain_text
from watchkeeper.model.deployment import Credentials

STALE: float = struct.unpack("<d", struct.pack("<Q", 0x7FF0_0000_0000_0002))[0]
"""Ends a series at its time: from then on an instant query no longer finds it. One particular not-a-number."""

_LITERAL_LIMIT = 65536
_BATCH_SAMPLES = 100_000


@dataclass(frozen=True, slots=True)
class WrittenSeries:
    """Samples of one series, oldest first, in Unix seconds kept to the millisecond; `labels` hold `__name__`."""

    labels: Mapping[str, str]
    samples: Sequence[tuple[float, float]]


def write(url: str, series: Iterable[WrittenSeries], credentials: Credentials | None = None) -> int:
    """Send everything to a Prometheus started with its remote-write receiver. Returns the number of samples sent."""
    headers = {
        "Content-Type": "application/x-protobuf",
        "Content-Encoding": "snappy",
        "X-Prometheus-Remote-Write-Version": "0.1.0",
    }
    sent = 0
    with Connection("Prometheus", url, credentials, timeout_seconds=60.0) as connection:
        for batch in _batches(series):
            content = snappy_literals(encode(batch))
            connection.post("/api/v1/write", explain=plain_text, content=content, headers=headers)
            sent += sum(len(one.samples) for one in batch)
    return sent


def encode(series: Iterable[WrittenSeries]) -> bytes:
    """The protocol buffer `prometheus.WriteRequest`."""
    return b"".join(_field(1, _time_series(one)) for one in series)


def snappy_literals(plain: bytes) -> bytes:
    """A valid snappy block that holds `plain` uncompressed."""
    block = bytearray(_varint(len(plain)))
    for start in range(0, len(plain), _LITERAL_LIMIT):
        chunk = plain[start : start + _LITERAL_LIMIT]
        # Tag 61 << 2: a literal whose length minus one follows in two bytes.
        block += bytes([61 << 2]) + struct.pack("<H", len(chunk) - 1) + chunk
    return bytes(block)


def _batches(series: Iterable[WrittenSeries]) -> Iterator[list[WrittenSeries]]:
    batch: list[WrittenSeries] = []
    size = 0
    for one in series:
        batch.append(one)
        size += len(one.samples)
        if size >= _BATCH_SAMPLES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _time_series(series: WrittenSeries) -> bytes:
    labels = (_field(1, _label(name, value)) for name, value in sorted(series.labels.items()))
    samples = (_field(2, _sample(time, value)) for time, value in series.samples)
    return b"".join((*labels, *samples))


def _label(name: str, value: str) -> bytes:
    return _field(1, name.encode()) + _field(2, value.encode())


def _sample(time: float, value: float) -> bytes:
    # Times before 1970 are negative: ten bytes of two's complement.
    return b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(round(time * 1000) & 0xFFFF_FFFF_FFFF_FFFF)


def _field(number: int, payload: bytes) -> bytes:
    """A length-delimited field."""
    return bytes([number << 3 | 2]) + _varint(len(payload)) + payload


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
