"""The parts of an Alertmanager configuration we write (https://prometheus.io/docs/alerting/latest/configuration/).

Matchers are always `name="value"` with double quotes: the one form that 0.25 and the strict mode of newer versions
both take.
"""

from dataclasses import dataclass

from watchkeeper.formats.yaml import Tree
from watchkeeper.quantity import Duration


def matcher(name: str, value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{name}="{escaped}"'


@dataclass(frozen=True, slots=True)
class Route:
    receiver: str
    matchers: tuple[str, ...]
    group_by: tuple[str, ...]
    group_wait: Duration
    group_interval: Duration
    repeat_interval: Duration
    continue_: bool
    routes: tuple["Route", ...]

    def tree(self) -> dict[str, Tree]:
        tree: dict[str, Tree] = {"receiver": self.receiver}
        if self.group_by:
            tree["group_by"] = list(self.group_by)
        if self.matchers:
            tree["matchers"] = list(self.matchers)
        tree["group_wait"] = self.group_wait.promql
        tree["group_interval"] = self.group_interval.promql
        tree["repeat_interval"] = self.repeat_interval.promql
        if self.continue_:
            tree["continue"] = True
        if self.routes:
            tree["routes"] = [route.tree() for route in self.routes]
        return tree


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
