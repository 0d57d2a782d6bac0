"""Spans as the bytes of an OTLP request: protobuf, written by hand, so that no library is needed to send them.

Field numbers are those of opentelemetry/proto/trace/v1/trace.proto and its neighbours, version 1.
"""

import struct
from collections.abc import Iterable, Mapping

from watchkeeper.sdk.tracing.scrubbing import Scrubber
from watchkeeper.sdk.tracing.spans import Event, Span, Value

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_ERROR = 2
"""`Status.StatusCode.STATUS_CODE_ERROR`."""
_SAMPLED = 1
"""The flag that W3C Trace Context calls so."""
_INT64 = 1 << 63


class Encoder:
    """Writes requests of one service."""

    def __init__(self, resource: Mapping[str, str], version: str, scrubber: Scrubber) -> None:
        self._scrubber = scrubber
        self._resource = _field(1, _attributes(1, resource))
        self._scope = _field(1, _text(1, "watchkeeper") + _text(2, version))

    def request(self, spans: Iterable[Span]) -> bytes:
        """An `ExportTraceServiceRequest`."""
        bodies = b"".join(_field(2, self._span(span)) for span in spans)
        return _field(1, self._resource + _field(2, self._scope + bodies))

    def _span(self, span: Span) -> bytes:
        parts = [
            _field(1, span.trace.id.to_bytes(16)),
            _field(2, span.id.to_bytes(8)),
            _text(3, span.trace.state),
            _field(4, span.parent_id.to_bytes(8)) if span.parent_id else b"",
            _text(5, self._scrubber.name(span.name)),
            _number(6, span.kind),
            _fixed(7, span.started),
            _fixed(8, span.ended),
            _attributes(9, self._scrubber.attributes(span.attributes)),
            *(_field(11, self._event(event)) for event in span.events),
            _field(15, self._status(span)) if span.error else b"",
            _tag(16, _FIXED32) + struct.pack("<I", _SAMPLED),
        ]
        return b"".join(parts)

    def _event(self, event: Event) -> bytes:
        attributes = self._scrubber.attributes(event.attributes)
        return (
            _fixed(1, event.unix_nanoseconds) + _text(2, self._scrubber.name(event.name)) + _attributes(3, attributes)
        )

    def _status(self, span: Span) -> bytes:
        return _text(2, self._scrubber.text(span.message)) + _number(3, _ERROR)


def _attributes(number: int, values: Mapping[str, Value]) -> bytes:
    return b"".join(_field(number, _text(1, name) + _field(2, _any(value))) for name, value in values.items())


def _any(value: Value) -> bytes:
    if isinstance(value, bool):
        return _tag(2, _VARINT) + _varint(int(value))
    if isinstance(value, int) and -_INT64 <= value < _INT64:
        return _tag(3, _VARINT) + _varint(value % (1 << 64))
    if isinstance(value, int | float):
        return _tag(4, _FIXED64) + struct.pack("<d", value)
    return _field(1, value.encode("utf-8", "replace"))


def _tag(number: int, wire: int) -> bytes:
    return _varint(number << 3 | wire)


def _varint(value: int) -> bytes:
    digits = bytearray()
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    digits.append(value)
    return bytes(digits)


def _field(number: int, body: bytes) -> bytes:
    return _tag(number, _BYTES) + _varint(len(body)) + body


def _text(number: int, text: str) -> bytes:
    """Nothing for an empty text, which is what it is by default."""
    return _field(number, text.encode("utf-8", "replace")) if text else b""


def _number(number: int, value: int) -> bytes:
    return _tag(number, _VARINT) + _varint(value)


def _fixed(number: int, value: int) -> bytes:
    return _tag(number, _FIXED64) + struct.pack("<Q", value)
