"""Correlation ids: taken from the caller when they are harmless, made up otherwise."""

import re
from collections.abc import Iterable

from watchkeeper.sdk.forks import RANDOM

HEADER = b"x-correlation-id"
ACCEPTED = (HEADER, b"x-request-id")
_HARMLESS = re.compile(rb"[A-Za-z0-9._-]{8,64}")

_RANDOM_BITS = 0xFFFFFFFFFFFF0FFF3FFFFFFFFFFFFFFF
_VERSION_AND_VARIANT = 0x40008000000000000000


def new_id() -> str:
    """A random UUID, version 4."""
    digits = f"{RANDOM.getrandbits(128) & _RANDOM_BITS | _VERSION_AND_VARIANT:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def accepted(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The caller's id, unless it has characters or a length that could do harm in a log line."""
    given = {name.lower(): value for name, value in headers if name.lower() in ACCEPTED}
    for name in ACCEPTED:
        value = given.get(name, b"")
        if _HARMLESS.fullmatch(value):
            return value.decode("ascii")
    return None
