"""What a span may show outside the process. Done in the thread that sends, to the spans that are sent."""

import hashlib
import hmac
import re
from collections.abc import Mapping

from watchkeeper.sdk.labels import safe_text
from watchkeeper.sdk.tracing.policy import Scrubbing
from watchkeeper.sdk.tracing.spans import Value

MASK = "****"
"""What the gateway writes, too."""
URLS = frozenset({"url.full", "url.query", "http.url", "http.target"})
_PSEUDONYM = re.compile("[0-9a-f]{64}")
_USER_INFO = re.compile("(://)[^/@?#]*@")
_SHORT = 1024
"""Characters of an attribute that the definitions do not name."""
_SCANNED = 32768
"""Longer texts are cut before they are searched: a pattern's time grows with its text."""


class Scrubber:
    """Masks, shortens, and replaces names of people by pseudonyms. Without a key those are masked, too."""

    def __init__(self, scrubbing: Scrubbing, key: bytes | None) -> None:
        self._scrubbing = scrubbing
        self._key = key
        self._limits = dict(scrubbing.limits)
        self._keys = re.compile("|".join(f"(?:{key})" for key in scrubbing.keys) or "(?!)", re.IGNORECASE)
        self._values = re.compile("|".join(f"(?:{value})" for value in scrubbing.values) or "(?!)")
        names = "|".join(map(re.escape, scrubbing.query_parameters))
        self._parameters = re.compile(rf"((?:^|[?&;])(?:{names})=)[^&;#]*" if names else "(?!)()", re.IGNORECASE)
        self._ids = re.compile(scrubbing.ids_in_path or "(?!)")
        self._literals = tuple((re.compile(pattern), by) for pattern, by in scrubbing.literals)

    def name(self, name: str) -> str:
        """Of a span or event. One with an id in it would be a name per object."""
        return self._ids.sub("/{id}", self.text(name, 256))

    def text(self, text: str, limit: int = _SHORT) -> str:
        return self._values.sub(MASK, _encodable(text))[:limit]

    def attributes(self, attributes: Mapping[str, Value]) -> dict[str, Value]:
        return {safe_text(name, 256): self._value(name, value) for name, value in attributes.items()}

    def pseudonym(self, value: str) -> str:
        """HMAC-SHA-256: the same person is the same text, and nobody without the key can tell who."""
        if _PSEUDONYM.fullmatch(value):  # made already, by a service before us
            return value
        if self._key is None:
            return MASK
        return hmac.new(self._key, value.encode("utf-8", "replace"), hashlib.sha256).hexdigest()

    def _value(self, name: str, value: Value) -> Value:
        if self._keys.search(name):
            return MASK
        if name in self._scrubbing.pseudonyms:
            return self.pseudonym(str(value))
        if not isinstance(value, str):
            return value
        if name in URLS:
            value = _USER_INFO.sub(rf"\1{MASK}@", self._parameters.sub(rf"\1{MASK}", value[:_SCANNED]))
        elif name in self._scrubbing.statements:
            value = self._without_literals(value[:_SCANNED])
        return self.text(value, self._limits.get(name, _SHORT))

    def _without_literals(self, statement: str) -> str:
        for pattern, by in self._literals:
            statement = pattern.sub(by, statement)
        return statement


def _encodable(text: str) -> str:
    """Encodable text of bounded length; a traceback keeps its lines."""
    cut = text[:_SCANNED]
    return cut if cut.isascii() else cut.encode("utf-8", "replace").decode("utf-8")
