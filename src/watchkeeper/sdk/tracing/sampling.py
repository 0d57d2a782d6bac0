"""Which traces are kept: decided once, when the local root ends and everything about it is known.

An error or a slow trace is kept whatever the shares say. The share is asked of the trace id, so that every service that
sees the trace answers the same; how, says https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
"""

import time
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

from watchkeeper.sdk.tracing.policy import Rule, TracePolicy
from watchkeeper.sdk.tracing.spans import Span, Trace

ROUTE = "http.route"
STATUS = "http.response.status_code"
_BITS = 56
_RANDOM = (1 << _BITS) - 1
_MEMBER = "ot"


@lru_cache(64)
def threshold(share: float) -> int:
    """The smallest of the low 56 bits of a trace id that is kept at this share, taken as the decimal it is written."""
    return round((1 - Fraction(repr(share))) * (1 << _BITS))


def state_of(share: float, state: str) -> str:
    """The trace's `tracestate` with our share in it: `ot=th:e6666666666666` for 10 %."""
    digits = f"{threshold(share):014x}".rstrip("0") or "0"
    others = [member for member in state.split(",") if member and not member.strip().startswith(f"{_MEMBER}=")]
    return ",".join((f"{_MEMBER}=th:{digits}", *others))


class Sampler:
    """Decides for one process. The cap is a bucket of a second's worth: full at the start, filled as time goes."""

    def __init__(self, policy: TracePolicy, environment: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._policy = policy
        self._environment = environment
        self._clock = clock
        self._room = float(policy.cap_per_second)
        self._filled = clock()

    def keeps(self, trace: Trace, root: Span) -> bool:
        """The root has ended. Where the share decides, the trace's state says which it was."""
        fitting = [rule for rule in self._policy.rules if _fits(rule, trace, root)]
        patience = max((rule.kept.slow_seconds for rule in fitting), default=self._policy.others.slow_seconds)
        if trace.erroneous or _status(root) >= 500 or root.seconds > patience:
            return True
        share = (fitting[0].kept if fitting else self._policy.others).share(self._environment)
        if trace.id & _RANDOM < threshold(share) or not self._has_room():
            return False
        trace.state = state_of(share, trace.state)
        return True

    def _has_room(self) -> bool:
        now = self._clock()
        cap = float(self._policy.cap_per_second)
        self._room = min(cap, self._room + (now - self._filled) * cap)
        self._filled = now
        if self._room < 1:
            return False
        self._room -= 1
        return True


def _status(root: Span) -> int:
    status = root.attributes.get(STATUS)
    return status if isinstance(status, int) else 0


def _fits(rule: Rule, trace: Trace, root: Span) -> bool:
    if trace.request_class in rule.request_classes or root.attributes.get(ROUTE) in rule.routes:
        return True
    spans = (root, *trace.waiting)
    return any(attribute in span.attributes for attribute in rule.attributes for span in spans)
