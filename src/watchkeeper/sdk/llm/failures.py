"""How a model call ended, in one word. The vendors' exceptions are told apart by what they carry, not by import."""

import asyncio
from enum import StrEnum

from watchkeeper.sdk.llm.reading import text_at, value_of


class CallOutcome(StrEnum):
    OK = "ok"
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    INVALID = "invalid"
    AUTH = "auth"
    CUT = "cut"
    """The answer began and did not come to its end, or the call was cancelled before its first token."""
    OTHER = "other"


_STATUSES = {
    401: CallOutcome.AUTH,
    403: CallOutcome.AUTH,
    408: CallOutcome.TIMEOUT,
    429: CallOutcome.RATE_LIMITED,
    503: CallOutcome.OVERLOADED,
    504: CallOutcome.TIMEOUT,
    529: CallOutcome.OVERLOADED,
}
_TYPES = {
    "rate_limit_error": CallOutcome.RATE_LIMITED,
    "overloaded_error": CallOutcome.OVERLOADED,
    "timeout_error": CallOutcome.TIMEOUT,
    "authentication_error": CallOutcome.AUTH,
    "permission_error": CallOutcome.AUTH,
    "invalid_request_error": CallOutcome.INVALID,
}
_TIMEOUTS = {"APITimeoutError", "TimeoutException", "TimeoutError"}
_CONNECTIONS = {"APIConnectionError", "TransportError", "ConnectionError", "OSError"}


def outcome_of(error: BaseException, *, streaming: bool) -> CallOutcome:
    """`streaming`: the answer had begun."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & _TIMEOUTS:
        return CallOutcome.TIMEOUT
    if isinstance(error, asyncio.CancelledError | GeneratorExit | KeyboardInterrupt):
        return CallOutcome.CUT
    if names & _CONNECTIONS:
        return CallOutcome.CUT if streaming else CallOutcome.CONNECTION
    return _by_answer(error)


def _by_answer(error: BaseException) -> CallOutcome:
    """An error event within a stream carries the status 200, so the envelope's own word comes first."""
    body = value_of(error, "body")
    named = text_at(body, "error", "type") or text_at(body, "type")
    status = value_of(error, "status_code")
    if named in _TYPES:
        return _TYPES[named]
    if isinstance(status, int):
        invalid = 400 <= status < 500
        return _STATUSES.get(status, CallOutcome.INVALID if invalid else CallOutcome.OTHER)
    return CallOutcome.OTHER
