"""Remote write by hand: bytes worked out on paper, and series read back from a real server."""

import struct

import pytest

from watchkeeper.live import remote_write
from watchkeeper.live.remote_write import STALE, WrittenSeries, encode, snappy_literals


def test_a_sample_is_encoded_as_on_paper() -> None:
    # label: 0a 01 'a' 12 01 'b' = 6 bytes; sample: 09 + 8 bytes of 1.0, 10 + varint(300 ms) = ac 02, 12 bytes
    label = bytes.fromhex("0a06 0a0161 120162")
    sample = bytes.fromhex("120c 09 000000000000f03f 10 ac02")
    assert encode([WrittenSeries({"a": "b"}, [(0.3, 1.0)])]) == bytes([0x0A, 22]) + label + sample


def test_labels_are_sorted_by_name() -> None:
    text = encode([WrittenSeries({"z": "1", "__name__": "up", "job": "x"}, [])])
    assert text.index(b"__name__") < text.index(b"job") < text.index(b"z")


def test_a_long_label_has_a_length_of_two_bytes() -> None:
    # value of 200 bytes: 12 c8 01; label: 3 + 3 + 200 = 206 = ce 01; series: 3 + 206 = 209 = d1 01
    expected = bytes.fromhex("0ad101 0ace01 0a0161 12c801") + b"v" * 200
    assert encode([WrittenSeries({"a": "v" * 200}, [])]) == expected


def test_times_before_1970_are_twos_complement() -> None:
    text = encode([WrittenSeries({}, [(-0.001, 0.0)])])
    assert text.endswith(b"\x10" + b"\xff" * 9 + b"\x01")


def test_a_stale_marker_keeps_its_bits() -> None:
    text = encode([WrittenSeries({}, [(0.0, STALE)])])
    assert struct.pack("<Q", 0x7FF0_0000_0000_0002) in text


@pytest.mark.parametrize("size", [0, 1, 59, 60, 65535, 65536, 65537, 200_000])
def test_snappy_blocks_read_back_by_the_format_description(size: int) -> None:
    plain = bytes(number % 251 for number in range(size))
    assert _read_snappy(snappy_literals(plain)) == plain


def _read_snappy(block: bytes) -> bytes:
    """The part of the snappy format that has literals only: length as varint, then tags `length - 1` in 2 bytes."""
    length, shift, at = 0, 0, 0
    while True:
        length |= (block[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if block[at - 1] < 0x80:
            break
    plain = bytearray()
    while at < len(block):
        assert block[at] == 61 << 2
        count = struct.unpack_from("<H", block, at + 1)[0] + 1
        plain += block[at + 3 : at + 3 + count]
        at += 3 + count
    assert len(plain) == length
    return bytes(plain)


def test_batches_hold_whole_series_and_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_write, "_BATCH_SAMPLES", 3)
    series = [WrittenSeries({"n": str(number)}, [(0.0, 1.0), (1.0, 2.0)]) for number in range(5)]
    sizes = [len(batch) for batch in remote_write._batches(series)]
    assert sizes == [2, 2, 1]
