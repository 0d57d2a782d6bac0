"""Who is asking: signed tokens, and who has asked lately."""

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

PROBE = "probe"
"""The user of the synthetic conversations from outside."""

TOKEN_SECONDS = 12 * 3600.0
ACTIVE_SECONDS = 300.0


class InvalidTokenError(Exception):
    """Not a token of ours, or too old."""


def signing_key(file: Path) -> bytes:
    """Kept, so that tokens outlive a restart; made when there is none yet."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(32))
    return file.read_text().encode()


@dataclass(frozen=True, slots=True)
class Tokens:
    """`base64(user|expiry).signature`."""

    key: bytes
    clock: Callable[[], float] = time.time

    def issue(self, user: str) -> str:
        expiry = int(self.clock() + TOKEN_SECONDS)
        claims = base64.urlsafe_b64encode(f"{user}|{expiry}".encode()).decode()
        return f"{claims}.{self._sign(claims)}"

    def read(self, token: str) -> str:
        """The user. Raises InvalidTokenError."""
        claims, _, signature = token.partition(".")
        if not hmac.compare_digest(self._sign(claims), signature):
            raise InvalidTokenError
        try:
            user, expiry = base64.urlsafe_b64decode(claims).decode().rsplit("|", 1)
        except (binascii.Error, ValueError) as error:
            raise InvalidTokenError from error
        if float(expiry) < self.clock():
            raise InvalidTokenError
        return user

    def _sign(self, claims: str) -> str:
        return hmac.new(self.key, claims.encode(), hashlib.sha256).hexdigest()


@dataclass(slots=True)
class Presence:
    """How many users have asked something in the last five minutes."""

    report: Callable[[float], None]
    clock: Callable[[], float] = time.monotonic
    _seen: dict[str, float] = field(default_factory=dict)

    def note(self, user: str) -> None:
        now = self.clock()
        self._seen.pop(user, None)
        self._seen[user] = now
        while self._seen and self._oldest() < now - ACTIVE_SECONDS:
            del self._seen[next(iter(self._seen))]
        self.report(len(self._seen))

    def _oldest(self) -> float:
        return next(iter(self._seen.values()))
