"""Prometheus' HTTP API, as far as we read it. Times are Unix seconds, durations seconds."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, Literal, TypeAlias, TypeVar

import msgspec

from watchkeeper.live.connection import Client, Connection, Pairs, plain_text
from watchkeeper.live.labels import Labels
from watchkeeper.model.deployment import Credentials
from watchkeeper.quantity import Duration


@dataclass(frozen=True, slots=True)
class Sample:
    labels: Labels
    timestamp: float
    value: float


@dataclass(frozen=True, slots=True)
class Series:
    labels: Labels
    points: tuple[tuple[float, float], ...]
    """Pairs of time and value, ascending."""


class AlertState(StrEnum):
    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"


@dataclass(frozen=True, slots=True)
class FiringAlert:
    """An alert whose expression holds now: `pending` until its `for` has passed."""

    name: str
    state: AlertState
    labels: Labels
    annotations: Labels
    active_at: datetime
    value: float


class Health(StrEnum):
    OK = "ok"
    ERROR = "err"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    query: str
    health: Health
    last_error: str
    labels: Labels
    state: AlertState | None
    """None for a recording rule."""


@dataclass(frozen=True, slots=True)
class RuleGroup:
    name: str
    file: str
    interval: float
    last_evaluation: datetime
    evaluation_seconds: float
    rules: tuple[Rule, ...]


class TargetHealth(StrEnum):
    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Target:
    job: str
    url: str
    labels: Labels
    health: TargetHealth
    last_error: str
    last_scrape: datetime
    scrape_seconds: float


class Prometheus(Client):
    """One Prometheus server. Every call may raise `LiveError`."""

    def __init__(self, url: str, credentials: Credentials | None = None, *, timeout_seconds: float = 10.0) -> None:
        super().__init__(Connection("Prometheus", url, credentials, timeout_seconds))

    def instant(self, query: str, at: float | None = None) -> tuple[Sample, ...]:
        """The value of each series of `query` now, or at a time. A scalar is one sample without labels."""
        form = {"query": query} if at is None else {"query": query, "time": _moment(at)}
        answer = self._connection.decode(self._post("query", form), _Success[_Instant]).data
        if isinstance(answer, _Vector):
            return tuple(item.sample() for item in answer.result)
        if isinstance(answer, _Scalar):
            time, value = answer.result
            return (Sample(Labels({}), time, float(value)),)
        raise self._connection.unreadable("an instant query must yield a vector or a scalar")

    def range(self, query: str, start: float, end: float, step: float) -> tuple[Series, ...]:
        """The values of each series of `query` from `start` to `end`, both included; at most 11,000 points each."""
        form = {"query": query, "start": _moment(start), "end": _moment(end), "step": _moment(step)}
        answer = self._connection.decode(self._post("query_range", form), _Success[_Matrix])
        return tuple(item.series() for item in answer.data.result)

    def alerts(self) -> tuple[FiringAlert, ...]:
        """Pending and firing alerts, in the order of the rule files."""
        answer = self._connection.decode(self._get("alerts"), _Success[_Alerts])
        return tuple(alert.resolved() for alert in answer.data.alerts)

    def rules(self) -> tuple[RuleGroup, ...]:
        answer = self._connection.decode(self._get("rules"), _Success[_Groups])
        return tuple(group.resolved() for group in answer.data.groups)

    def targets(self) -> tuple[Target, ...]:
        """What is scraped; dropped targets are left out."""
        answer = self._connection.decode(self._get("targets", {"state": "active"}), _Success[_Targets])
        return tuple(target.resolved() for target in answer.data.active_targets)

    def names(self) -> frozenset[str]:
        """Every name under which there are samples."""
        return frozenset(self.label_values("__name__"))

    def types(self) -> dict[str, str]:
        """What each scraped metric says it is; of several answers the first."""
        answer = self._connection.decode(self._get("metadata"), _Success[dict[str, list[_Metadata]]])
        return {name: told[0].type for name, told in answer.data.items() if told}

    def label_names(self, metric: str) -> frozenset[str]:
        """Every label that any series of a metric has."""
        answer = self._connection.decode(self._get("labels", {"match[]": metric}), _Success[list[str]])
        return frozenset(answer.data) - {"__name__"}

    def label_values(self, label: str, metric: str = "") -> tuple[str, ...]:
        """The values of a label, of one metric or of all."""
        query = {"match[]": metric} if metric else None
        return tuple(self._connection.decode(self._get(f"label/{label}/values", query), _Success[list[str]]).data)

    def shortest_scrape(self) -> Duration | None:
        """The shortest interval at which anything is scraped; None where nothing is."""
        answer = self._connection.decode(self._get("targets", {"state": "active"}), _Success[_Intervals])
        intervals = [Duration.parse(target.scrape_interval) for target in answer.data.active_targets]
        return min(intervals, default=None)

    def ready(self) -> bool:
        """True when queries are served; False while it starts. Raises `Unreachable` when nobody listens."""
        return self._connection.status("/-/ready") == 200

    def _get(self, path: str, query: Pairs | None = None) -> bytes:
        return self._connection.get(f"/api/v1/{path}", explain=_reason, query=query)

    def _post(self, path: str, form: Pairs) -> bytes:
        return self._connection.post(f"/api/v1/{path}", explain=_reason, form=form)


def _moment(seconds: float) -> str:
    return f"{seconds:.3f}"


def _reason(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Failure).error
    except (ValueError, RecursionError):
        return plain_text(body)


Data = TypeVar("Data")


class _Success(msgspec.Struct, Generic[Data]):
    status: Literal["success"]
    data: Data


class _Failure(msgspec.Struct):
    status: Literal["error"]
    error: str


class _VectorItem(msgspec.Struct):
    metric: dict[str, str]
    value: tuple[float, str]

    def sample(self) -> Sample:
        time, value = self.value
        return Sample(Labels(self.metric), time, float(value))


class _MatrixItem(msgspec.Struct):
    metric: dict[str, str]
    values: list[tuple[float, str]]

    def series(self) -> Series:
        return Series(Labels(self.metric), tuple((time, float(value)) for time, value in self.values))


class _Vector(msgspec.Struct, tag_field="resultType", tag="vector"):
    result: list[_VectorItem]


class _Matrix(msgspec.Struct, tag_field="resultType", tag="matrix"):
    result: list[_MatrixItem]


class _Scalar(msgspec.Struct, tag_field="resultType", tag="scalar"):
    result: tuple[float, str]


class _String(msgspec.Struct, tag_field="resultType", tag="string"):
    result: tuple[float, str]


_Instant: TypeAlias = _Vector | _Scalar | _Matrix | _String


class _Alert(msgspec.Struct, rename="camel"):
    labels: dict[str, str]
    annotations: dict[str, str]
    state: AlertState
    active_at: datetime
    value: str

    def resolved(self) -> FiringAlert:
        return FiringAlert(
            self.labels.get("alertname", ""),
            self.state,
            Labels(self.labels),
            Labels(self.annotations),
            self.active_at,
            float(self.value),
        )


class _Alerts(msgspec.Struct):
    alerts: list[_Alert]


class _RecordingRule(msgspec.Struct, tag="recording", rename="camel"):
    name: str
    query: str
    health: Health
    labels: dict[str, str] = {}
    last_error: str = ""

    def resolved(self) -> Rule:
        return Rule(self.name, self.query, self.health, self.last_error, Labels(self.labels), None)


class _AlertingRule(msgspec.Struct, tag="alerting", rename="camel"):
    name: str
    query: str
    health: Health
    state: AlertState
    labels: dict[str, str] = {}
    last_error: str = ""

    def resolved(self) -> Rule:
        return Rule(self.name, self.query, self.health, self.last_error, Labels(self.labels), self.state)


class _Group(msgspec.Struct, rename="camel"):
    name: str
    file: str
    interval: float
    rules: list[_RecordingRule | _AlertingRule]
    evaluation_time: float
    last_evaluation: datetime

    def resolved(self) -> RuleGroup:
        rules = tuple(rule.resolved() for rule in self.rules)
        return RuleGroup(self.name, self.file, self.interval, self.last_evaluation, self.evaluation_time, rules)


class _Groups(msgspec.Struct):
    groups: list[_Group]


class _Target(msgspec.Struct, rename="camel"):
    labels: dict[str, str]
    scrape_pool: str
    scrape_url: str
    last_error: str
    last_scrape: datetime
    last_scrape_duration: float
    health: TargetHealth

    def resolved(self) -> Target:
        return Target(
            self.scrape_pool,
            self.scrape_url,
            Labels(self.labels),
            self.health,
            self.last_error,
            self.last_scrape,
            self.last_scrape_duration,
        )


class _Targets(msgspec.Struct, rename="camel"):
    active_targets: list[_Target]


class _Metadata(msgspec.Struct):
    type: str


class _Interval(msgspec.Struct, rename="camel"):
    scrape_interval: str


class _Intervals(msgspec.Struct, rename="camel"):
    active_targets: list[_Interval]
