"""PagerDuty's Events API v2, from the receiving side: what it takes, what it refuses, and in which words."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from watchkeeper.inbox.json_values import Object, decode_object, objects, text
from watchkeeper.inbox.keyring import Keyring
from watchkeeper.inbox.message import Action, Draft, Kind, Link, PagerDutyEvent, Reply, Verdict, rejected
from watchkeeper.inbox.rate import Rate

EVENT_LIMIT = 512 * 1024
SUMMARY_LIMIT = 1024
DEDUP_KEY_LIMIT = 255
ROUTING_KEY_LENGTH = 32
EVENTS_PER_MINUTE = 120
SEVERITIES = ("critical", "warning", "error", "info")
ACTIONS = (Action.TRIGGER, Action.ACKNOWLEDGE, Action.RESOLVE)

_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Event:
    routing_key: str
    action: Action
    dedup_key: str
    severity: str
    summary: str
    source: str
    details: PagerDutyEvent


def validate(body: bytes) -> Event | tuple[str, ...]:
    """The event, or every reason why PagerDuty would refuse it."""
    event = decode_object(body)
    if event is None:
        return ("Event object is not valid JSON",)
    errors = (*_envelope_errors(event), *_payload_errors(event))
    return errors or _event(event)


def receive(body: bytes, keyring: Keyring, rate: Rate) -> Verdict:
    """`rate` counts events by receiver."""
    if len(body) > EVENT_LIMIT:
        return _invalid(413, (f"Event is {len(body)} bytes long (at most {EVENT_LIMIT})",), body)
    event = validate(body)
    if not isinstance(event, Event):
        return _invalid(400, event, body)
    receiver = keyring.pagerduty(event.routing_key)
    if not receiver:
        return _invalid(400, ("Invalid routing key",), body)
    if not rate.take(receiver):
        return _throttled(body, receiver)
    draft = Draft(
        kind=Kind.PAGERDUTY,
        receiver=receiver,
        action=event.action,
        summary=event.summary,
        payload=event.details,
        dedup_key=event.dedup_key,
        severity=event.severity,
        source=event.source,
    )
    answer = {"status": "success", "message": "Event processed", "dedup_key": event.dedup_key}
    return Verdict(draft, Reply(202, _json(answer), _JSON))


def _invalid(status: int, errors: tuple[str, ...], body: bytes) -> Verdict:
    answer = {"status": "invalid event", "message": "Event object is invalid", "errors": list(errors)}
    return rejected("pagerduty", Reply(status, _json(answer), _JSON), errors, body=body)


def _throttled(body: bytes, receiver: str) -> Verdict:
    reason = "Requests for this service are arriving too quickly. Please retry later."
    answer = {"status": "throttle exceeded", "message": reason, "errors": []}
    return rejected("pagerduty", Reply(429, _json(answer), _JSON), (reason,), body=body, receiver=receiver)


def _json(answer: Mapping[str, str | Sequence[str]]) -> str:
    return msgspec.json.encode(answer).decode()


def _envelope_errors(event: Object) -> tuple[str, ...]:
    errors = []
    key = text(event, "routing_key")
    if not key:
        errors.append("'routing_key' is missing or blank")
    elif len(key) != ROUTING_KEY_LENGTH:
        errors.append(f"Length of 'routing_key' is incorrect (should be {ROUTING_KEY_LENGTH} characters)")
    action = text(event, "event_action")
    if not action:
        errors.append("'event_action' is missing or blank")
    elif action not in ACTIONS:
        errors.append(f"'event_action' is invalid (must be one of the following: {_quoted(ACTIONS)})")
    errors += _dedup_key_errors(event, action)
    return tuple(errors)


def _dedup_key_errors(event: Object, action: str) -> tuple[str, ...]:
    key = event.get("dedup_key")
    if key is not None and not isinstance(key, str):
        return ("'dedup_key' is not a string",)
    if not key and action in {Action.ACKNOWLEDGE, Action.RESOLVE}:
        return ("'dedup_key' is missing or blank",)
    if key and len(key) > DEDUP_KEY_LIMIT:
        return (f"'dedup_key' is too long (at most {DEDUP_KEY_LIMIT} characters)",)
    return ()


def _payload_errors(event: Object) -> tuple[str, ...]:
    """Only a trigger must say what is wrong; what the others carry is still checked."""
    payload = event.get("payload")
    if payload is None:
        return ("'payload' is missing or blank",) if text(event, "event_action") == Action.TRIGGER else ()
    if not isinstance(payload, dict):
        return ("'payload' is not an object",)
    return (*_required_errors(payload), *_severity_errors(payload), *_detail_errors(payload))


def _required_errors(payload: Object) -> tuple[str, ...]:
    missing = [
        f"'payload.{key}' is missing or blank" for key in ("summary", "source") if not text(payload, key).strip()
    ]
    if len(text(payload, "summary")) > SUMMARY_LIMIT:
        missing.append(f"'payload.summary' is too long (at most {SUMMARY_LIMIT} characters)")
    return tuple(missing)


def _severity_errors(payload: Object) -> tuple[str, ...]:
    severity = text(payload, "severity")
    if not severity:
        return ("'payload.severity' is missing or blank",)
    if severity not in SEVERITIES:
        return (f"'payload.severity' is invalid (must be one of the following: {_quoted(SEVERITIES)})",)
    return ()


def _detail_errors(payload: Object) -> tuple[str, ...]:
    details = payload.get("custom_details")
    if details is None or isinstance(details, dict | str):
        return ()
    return ("'payload.custom_details' is not an object",)


def _quoted(words: tuple[str, ...]) -> str:
    *first, last = (f"'{word}'" for word in words)
    return f"{', '.join(first)} or {last}"


def _event(event: Object) -> Event:
    payload = event.get("payload")
    fields: Object = payload if isinstance(payload, dict) else {}
    return Event(
        routing_key=text(event, "routing_key"),
        action=Action(text(event, "event_action")),
        # PagerDuty makes a key for a trigger without one; the same event gets the same key here.
        dedup_key=text(event, "dedup_key")
        or hashlib.md5(msgspec.json.encode(event), usedforsecurity=False).hexdigest(),
        severity=text(fields, "severity"),
        summary=text(fields, "summary"),
        source=text(fields, "source"),
        details=_details(event, fields),
    )


def _details(event: Object, fields: Object) -> PagerDutyEvent:
    details = fields.get("custom_details")
    items = details.items() if isinstance(details, dict) else [("details", details)] if details else []
    return PagerDutyEvent(
        client=text(event, "client"),
        client_url=text(event, "client_url"),
        component=text(fields, "component"),
        group=text(fields, "group"),
        class_=text(fields, "class"),
        timestamp=text(fields, "timestamp"),
        custom_details={key: msgspec.Raw(msgspec.json.encode(value)) for key, value in items},
        links=tuple(Link(text(link, "href"), text(link, "text")) for link in objects(event, "links")),
    )
