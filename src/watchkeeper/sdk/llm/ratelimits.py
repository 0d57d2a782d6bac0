"""What is left of a provider's rate limits, as the headers of its answers say.

Anthropic: `anthropic-ratelimit-KIND-limit`, `-remaining` (platform.claude.com, API, rate limits, response headers).
OpenAI: `x-ratelimit-limit-KIND`, `x-ratelimit-remaining-KIND` (platform.openai.com, guides, rate limits).
"""

from collections.abc import Iterable, Iterator
from typing import Literal

Kind = Literal["requests", "tokens"]

_PAIRS: tuple[tuple[Kind, bytes, bytes], ...] = (
    ("requests", b"anthropic-ratelimit-requests-remaining", b"anthropic-ratelimit-requests-limit"),
    ("tokens", b"anthropic-ratelimit-tokens-remaining", b"anthropic-ratelimit-tokens-limit"),
    ("tokens", b"anthropic-ratelimit-input-tokens-remaining", b"anthropic-ratelimit-input-tokens-limit"),
    ("tokens", b"anthropic-ratelimit-output-tokens-remaining", b"anthropic-ratelimit-output-tokens-limit"),
    ("requests", b"x-ratelimit-remaining-requests", b"x-ratelimit-limit-requests"),
    ("tokens", b"x-ratelimit-remaining-tokens", b"x-ratelimit-limit-tokens"),
)


def remaining(headers: object) -> dict[Kind, float]:
    """What is left by kind, as a share of the limit: of several limits of a kind the tightest. Nothing if not said."""
    said = dict(_said(headers))
    left: dict[Kind, float] = {}
    for kind, rest, limit in _PAIRS if said else ():
        ratio = _ratio(said.get(rest, b""), said.get(limit, b""))
        if ratio is not None:
            left[kind] = min(ratio, left.get(kind, ratio))
    return left


def _said(headers: object) -> Iterator[tuple[bytes, bytes]]:
    """The headers that matter; the raw pairs are read because a look-up by name costs far more."""
    raw = getattr(headers, "raw", None)
    for name, value in raw if isinstance(raw, Iterable) else ():
        lower = name.lower()
        if b"ratelimit" in lower:
            yield lower, value


def _ratio(rest: bytes, limit: bytes) -> float | None:
    if not (rest.isdigit() and limit.isdigit() and int(limit)):
        return None
    return int(rest) / int(limit)
