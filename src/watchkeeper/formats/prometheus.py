"""Prometheus rule files, typed and printed (https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/).

Only fields that Prometheus 2.42 and 3.x both know.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from watchkeeper.formats.yaml import Tree, dump
from watchkeeper.quantity import Duration

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Recording:
    record: str
    expr: str
    labels: Pairs = ()

    def tree(self) -> Tree:
        return {"record": self.record, "expr": self.expr} | ({"labels": dict(self.labels)} if self.labels else {})


@dataclass(frozen=True, slots=True)
class Alerting:
    alert: str
    expr: str
    for_: Duration
    labels: Pairs
    annotations: Pairs

    def tree(self) -> Tree:
        waiting = {"for": self.for_.promql} if self.for_ else {}
        return (
            {"alert": self.alert, "expr": self.expr}
            | waiting
            | {"labels": dict(self.labels), "annotations": dict(self.annotations)}
        )


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    interval: Duration
    rules: tuple[Recording | Alerting, ...]

    def tree(self) -> Tree:
        return {"name": self.name, "interval": self.interval.promql, "rules": [rule.tree() for rule in self.rules]}


def rule_file(groups: Iterable[Group]) -> str:
    return dump({"groups": [group.tree() for group in groups]})
