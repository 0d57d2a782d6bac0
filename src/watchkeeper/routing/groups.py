"""Which routes take an alert, and the group it joins there (alertmanager: dispatch/route.go, dispatch/dispatch.go)."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from watchkeeper.formats.alertmanager_reading import Matcher, Route

Labels: TypeAlias = Mapping[str, str]

ALL_LABELS = "..."
"""Group by every label."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One route that takes an alert, and the group of alerts it is sent with."""

    route: Route
    group_key: str
    """As Alertmanager calls the group, in webhooks and in its notification log."""

    @property
    def receiver(self) -> str:
        return self.route.receiver

    @property
    def dedup_key(self) -> str:
        """What PagerDuty knows the incident by."""
        return hashlib.sha256(self.group_key.encode()).hexdigest()


def deliveries(root: Route, labels: Labels) -> tuple[Delivery, ...]:
    """In the order of the routes; the root takes what no other does."""
    return tuple(
        Delivery(path[-1], f"{_route_key(path)}:{_group_labels(path[-1], labels)}") for path in _taking((root,), labels)
    )


def _taking(path: tuple[Route, ...], labels: Labels) -> Iterator[tuple[Route, ...]]:
    """The ways from the root to the routes that take the labels; `path` ends at one that fits them."""
    below = False
    for route in path[-1].routes:
        if all(matcher.holds(labels.get(matcher.name, "")) for matcher in route.matchers):
            below = True
            yield from _taking((*path, route), labels)
            if not route.continue_:
                break
    if not below:
        yield path


def _route_key(path: tuple[Route, ...]) -> str:
    return "/".join(_matchers(route.matchers) for route in path)


def _matchers(matchers: tuple[Matcher, ...]) -> str:
    return "{" + ",".join(map(str, matchers)) + "}"


def _group_labels(route: Route, labels: Labels) -> str:
    grouped = labels if ALL_LABELS in route.group_by else set(route.group_by) & labels.keys()
    return "{" + ", ".join(sorted(f"{name}={_quoted(labels[name])}" for name in grouped)) + "}"


_ESCAPED = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"} | {
    '"': '\\"',
    "\\": "\\\\",
}


def _quoted(text: str) -> str:
    """As Go's %q writes it."""
    return '"' + "".join(_ESCAPED.get(char, char if char.isprintable() else _code(char)) for char in text) + '"'


def _code(char: str) -> str:
    point = ord(char)
    if point < 0x80:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
