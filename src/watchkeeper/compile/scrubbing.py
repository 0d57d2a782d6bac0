"""What a gateway does to spans and lines before anybody counts or keeps them: the net below the SDK's own redaction.

The redaction processor does not see span names, status messages and event names, nor keys inside maps; the statements
here do.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from watchkeeper import conventions
from watchkeeper.formats.otelcol import literal, ottl_string
from watchkeeper.formats.yaml import Tree
from watchkeeper.model import (
    ID_IN_PATH,
    PSEUDONYM,
    STATEMENT_NUMBER,
    STATEMENT_TEXT,
    Logs,
    RetentionClass,
    SpanAttribute,
    Tracing,
)

MASK = "****"
"""What the redaction processor writes, too."""
_URLS = ("url.full", "url.query", "http.url", "http.target")
RETENTION = 'log.attributes["retention_class"]'
_OF_EVENTS = "exception."
"""Attributes that stand in an event of the span."""


@dataclass(frozen=True, slots=True)
class Net:
    """What is private in lines is private in spans."""

    keys: tuple[str, ...]
    secrets: tuple[str, ...]
    pseudonyms: tuple[str, ...]

    @classmethod
    def of(cls, tracing: Tracing, logs: Logs | None) -> "Net":
        own = tracing.pseudonyms.attributes
        if logs is None:
            return cls((), (), own)
        redaction = logs.redaction
        masked = tuple(each.pattern for each in redaction.classes if each.masked)
        return cls(
            tuple(f"(?i){key}" for key in redaction.keys), masked, tuple(dict.fromkeys((*own, *redaction.pseudonyms)))
        )

    def replaced(self, *places: str) -> Iterator[str]:
        secrets = "|".join(f"(?:{secret})" for secret in self.secrets)
        return (_replaced(place, secrets, MASK) for place in places if secrets)


def transformation(tracing: Tracing, net: Net) -> dict[str, Tree]:
    return {
        "error_mode": "ignore",
        "trace_statements": [
            _group("span", [*_spans(tracing, net), *net.replaced("span.name", "span.status.message")]),
            _group("spanevent", net.replaced("spanevent.name")),
        ],
        "log_statements": [_group("log", _lines(net))],
    }


def limits(tracing: Tracing) -> dict[str, Tree]:
    """After redaction: half a secret is found by no pattern."""
    events = [each for each in tracing.attributes if each.name.startswith(_OF_EVENTS)]
    spans = [each for each in tracing.attributes if each not in events]
    groups = [_group("span", _lengths("span", spans)), _group("spanevent", _lengths("spanevent", events))]
    return {"error_mode": "ignore", "trace_statements": groups}


def _group(context: str, statements: Iterable[str]) -> Tree:
    """Statements of one context. In one list with those of events, those of spans would skip every span without one."""
    return {"context": context, "statements": [literal(each) for each in statements]}


def redaction(net: Net) -> dict[str, Tree]:
    return {
        "allow_all_keys": True,
        "redact_all_types": True,
        "summary": "silent",
        "blocked_key_patterns": [literal(key) for key in net.keys],
        "blocked_values": [literal(secret) for secret in net.secrets],
    }


def _spans(tracing: Tracing, net: Net) -> Iterator[str]:
    yield "flatten(span.attributes)"
    yield from _pseudonyms(net, "span")
    yield from _addresses(tracing)
    yield from _statements(tracing)
    yield _replaced("span.name", ID_IN_PATH, "/{id}")


def _lines(net: Net) -> Iterator[str]:
    """The class of retention is never taken from the sender: it decides who keeps the line, and for how long."""
    audit = f"^{re.escape(conventions.AUDIT_EVENTS)}"
    event = _attribute("log", "event")
    yield "flatten(log.attributes)"
    yield from _pseudonyms(net, "log")
    yield _class(RetentionClass.STD)
    yield f"{_class(RetentionClass.FATAL)} where log.severity_number >= SEVERITY_NUMBER_FATAL"
    yield f"{_class(RetentionClass.AUDIT)} where {event} != nil and IsMatch({event}, {ottl_string(audit)})"


def _class(value: RetentionClass) -> str:
    return f'set({RETENTION}, "{value}")'


def _pseudonyms(net: Net, context: str) -> Iterator[str]:
    """Who sends a raw value gets it masked: a gateway has no key, so that it can neither make nor undo a pseudonym."""
    for name in net.pseudonyms:
        value = _attribute(context, name)
        yield f'set({value}, "{MASK}") where {value} != nil and not IsMatch({value}, {ottl_string(PSEUDONYM)})'


def _addresses(tracing: Tracing) -> Iterator[str]:
    names = "|".join(re.escape(name) for name in tracing.redaction.query_parameters)
    for url in _URLS:
        value = _attribute("span", url)
        yield _replaced(value, rf"(?i)((?:^|[?&;])(?:{names})=)[^&;#]*", "${1}" + MASK)
        yield _replaced(value, "(://)[^/@?#]*@", "${1}" + MASK + "@")


def _statements(tracing: Tracing) -> Iterator[str]:
    for name in tracing.redaction.statements:
        yield _replaced(_attribute("span", name), STATEMENT_TEXT, "?")
        yield _replaced(_attribute("span", name), STATEMENT_NUMBER, "${1}?")


def _lengths(context: str, attributes: Iterable[SpanAttribute]) -> Iterator[str]:
    for attribute in attributes:
        if attribute.limit is not None:
            value = _attribute(context, attribute.name)
            cut = f"Substring({value}, 0, {attribute.limit})"
            yield f"set({value}, {cut}) where IsString({value}) and Len({value}) > {attribute.limit}"


def _attribute(context: str, name: str) -> str:
    return f"{context}.attributes[{ottl_string(name)}]"


def _replaced(place: str, pattern: str, by: str) -> str:
    return f"replace_pattern({place}, {ottl_string(pattern)}, {ottl_string(by)})"


def environment(name: str) -> dict[str, Tree]:
    """Who sends no environment gets the gateway's."""
    return {"attributes": [{"key": conventions.ENVIRONMENT_ATTRIBUTE, "value": name, "action": "insert"}]}


def only(*, audit: bool) -> dict[str, Tree]:
    """Audit lines are kept by another tenant than all others."""
    unwanted = f'{RETENTION} {"!=" if audit else "=="} "{RetentionClass.AUDIT}"'
    return {"error_mode": "ignore", "logs": {"log_record": [unwanted]}}
