"""PagerDuty's Events API v2, as far as we use it."""

import msgspec

from watchkeeper.live.connection import Client, Connection


class PagerDuty(Client):
    """The address events are sent to. Every call may raise `LiveError`."""

    def __init__(self, url: str, *, timeout_seconds: float = 10.0) -> None:
        super().__init__(Connection("PagerDuty", url, None, timeout_seconds))

    def resolve(self, routing_key: str, dedup_key: str, summary: str) -> None:
        """Close an incident. One that is closed, or was never opened, stays as it is."""
        event = {
            "routing_key": routing_key,
            "event_action": "resolve",
            "dedup_key": dedup_key,
            "payload": {"summary": summary, "source": "watchkeeper", "severity": "info"},
        }
        headers = {"Content-Type": "application/json"}
        self._connection.post("", explain=_reason, content=msgspec.json.encode(event), headers=headers)


class _Failure(msgspec.Struct):
    message: str = ""
    errors: list[str] = []


def _reason(body: bytes) -> str:
    try:
        failure = msgspec.json.decode(body, type=_Failure)
    except (ValueError, RecursionError):
        return ""
    return "; ".join(failure.errors) or failure.message
