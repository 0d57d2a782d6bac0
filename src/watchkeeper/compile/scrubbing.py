"""What a gateway does to spans and lines before anybody counts or keeps them: the net below the SDK's own redaction.

The redaction processor does not see span names, status messages and event names, nor keys inside maps; the statements
here do.
"""

import re
from collections.abc import Iterable, Iterator

from watchkeeper import conventions
from watchkeeper.formats.otelcol import literal, ottl_string
from watchkeeper.formats.yaml import Tree
from watchkeeper.model import ID_IN_PATH, PSEUDONYM, STATEMENT_NUMBER, STATEMENT_TEXT, SpanAttribute, Tracing

MASK = "****"
"""What the redaction processor writes, too."""
_URLS = ("url.full", "url.query", "http.url", "http.target")
_BARE = ("name", "status.message")
"""Texts of a span that are no attributes."""
_OF_EVENTS = "exception."
"""Attributes that stand in an event of the span."""


def transformation(tracing: Tracing) -> dict[str, Tree]:
    secrets = "|".join(f"(?:{secret.pattern})" for secret in tracing.redaction.values)
    return {
        "error_mode": "ignore",
        "trace_statements": [
            _group("span", [*_spans(tracing), *(_replaced(f"span.{place}", secrets, MASK) for place in _BARE)]),
            _group("spanevent", [_replaced("spanevent.name", secrets, MASK)]),
        ],
        "log_statements": [_group("log", _lines(tracing))],
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


def redaction(tracing: Tracing) -> dict[str, Tree]:
    return {
        "allow_all_keys": True,
        "redact_all_types": True,
        "summary": "silent",
        "blocked_key_patterns": [literal(pattern) for pattern in tracing.redaction.keys],
        "blocked_values": [literal(secret.pattern) for secret in tracing.redaction.values],
    }


def _spans(tracing: Tracing) -> Iterator[str]:
    yield "flatten(span.attributes)"
    yield from _pseudonyms(tracing, "span")
    yield from _addresses(tracing)
    yield from _statements(tracing)
    yield _replaced("span.name", ID_IN_PATH, "/{id}")


def _lines(tracing: Tracing) -> Iterator[str]:
    kept = 'log.attributes["retention_class"]'
    yield "flatten(log.attributes)"
    yield from _pseudonyms(tracing, "log")
    yield f'set({kept}, "std") where {kept} == nil'
    yield f'set({kept}, "fatal") where log.severity_number >= SEVERITY_NUMBER_FATAL and {kept} != "audit"'


def _pseudonyms(tracing: Tracing, context: str) -> Iterator[str]:
    """Who sends a raw value gets it masked: a gateway has no key, so that it can neither make nor undo a pseudonym."""
    for name in tracing.pseudonyms.attributes:
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
