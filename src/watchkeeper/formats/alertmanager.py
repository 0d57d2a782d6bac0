"""The parts of an Alertmanager configuration we write (https://prometheus.io/docs/alerting/latest/configuration/).

Matchers are always `name="value"` or `name=~"one|two"` with double quotes: the forms that 0.25 and the strict mode of
newer versions both take. Alertmanager anchors the expressions itself.
"""

import re
from dataclasses import dataclass

from watchkeeper.formats.yaml import Tree
from watchkeeper.quantity import Duration


def matcher(name: str, *values: str) -> str:
    """Exactly one of the values."""
    if len(values) == 1:
        return f'{name}="{_quoted(values[0])}"'
    alternatives = "|".join(re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", value) for value in values)
    return f'{name}=~"{_quoted(alternatives)}"'


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@dataclass(frozen=True, slots=True)
class Route:
    receiver: str
    matchers: tuple[str, ...]
    group_by: tuple[str, ...]
    group_wait: Duration | None
    """None, here and below: that of the route above."""
    group_interval: Duration | None
    repeat_interval: Duration | None
    active: tuple[str, ...]
    """Names of time intervals; not inherited, so a route below another names its own."""
    mute: tuple[str, ...]
    continue_: bool
    routes: tuple["Route", ...]

    def tree(self) -> dict[str, Tree]:
        tree: dict[str, Tree] = {"receiver": self.receiver}
        times = (
            ("group_wait", self.group_wait),
            ("group_interval", self.group_interval),
            ("repeat_interval", self.repeat_interval),
        )
        lists = (("active_time_intervals", self.active), ("mute_time_intervals", self.mute))
        if self.group_by:
            tree["group_by"] = list(self.group_by)
        if self.matchers:
            tree["matchers"] = list(self.matchers)
        tree |= {name: time.promql for name, time in times if time is not None}
        tree |= {name: list(names) for name, names in lists if names}
        if self.continue_:
            tree["continue"] = True
        if self.routes:
            tree["routes"] = [route.tree() for route in self.routes]
        return tree


@dataclass(frozen=True, slots=True)
class Span:
    """One period of a time interval."""

    weekdays: tuple[str, ...]
    """`monday:friday`; ranges do not go beyond saturday."""
    times: tuple[tuple[str, str], ...]
    """From and to, `24:00` included; empty for the whole day."""
    location: str

    def tree(self) -> Tree:
        times: list[Tree] = [{"start_time": start, "end_time": end} for start, end in self.times]
        return {"weekdays": list(self.weekdays)} | ({"times": times} if times else {}) | {"location": self.location}


@dataclass(frozen=True, slots=True)
class TimeInterval:
    name: str
    spans: tuple[Span, ...]

    def tree(self) -> Tree:
        return {"name": self.name, "time_intervals": [span.tree() for span in self.spans]}


@dataclass(frozen=True, slots=True)
class Inhibition:
    source_matchers: tuple[str, ...]
    target_matchers: tuple[str, ...]
    equal: tuple[str, ...]

    def tree(self) -> Tree:
        return {
            "source_matchers": list(self.source_matchers),
            "target_matchers": list(self.target_matchers),
            "equal": list(self.equal),
        }
