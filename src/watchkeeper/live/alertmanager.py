"""Alertmanager's HTTP API (v2), as far as we use it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Self

import msgspec

from watchkeeper.live.connection import Client, Connection, Pairs, plain_text
from watchkeeper.live.labels import Labels
from watchkeeper.model.deployment import Credentials


class AlertState(StrEnum):
    """`suppressed`: inhibited, silenced or muted. `unprocessed`: received a moment ago."""

    ACTIVE = "active"
    SUPPRESSED = "suppressed"
    UNPROCESSED = "unprocessed"


@dataclass(frozen=True, slots=True)
class NotifiedAlert:
    """An alert as Alertmanager holds it, and who is told about it."""

    name: str
    fingerprint: str
    state: AlertState
    labels: Labels
    annotations: Labels
    receivers: tuple[str, ...]
    inhibited_by: tuple[str, ...]
    """Fingerprints of the alerts that inhibit it."""
    silenced_by: tuple[str, ...]
    """Identifiers of silences."""
    starts_at: datetime
    ends_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class NewAlert:
    """An alert to post. Without `ends_at` it ends `resolve_timeout` after the last post."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str] = field(default_factory=dict)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    generator_url: str = ""


class SilenceState(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"


class Matcher(msgspec.Struct, frozen=True, rename="camel"):
    name: str
    value: str
    is_regex: bool
    is_equal: bool = True

    @property
    def operator(self) -> str:
        return ("=" if self.is_equal else "!") + ("~" if self.is_regex else "" if self.is_equal else "=")

    def __str__(self) -> str:
        return f'{self.name}{self.operator}"{self.value}"'


@dataclass(frozen=True, slots=True)
class Silence:
    id: str
    state: SilenceState
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str


@dataclass(frozen=True, slots=True)
class Status:
    version: str
    started_at: datetime
    cluster: str
    """`ready`, `settling`, or `disabled` for a single node."""
    configuration: str
    """The configuration in force, secrets removed by Alertmanager."""


class Alertmanager(Client):
    """One Alertmanager. Every call may raise `LiveError`."""

    def __init__(self, url: str, credentials: Credentials | None = None, *, timeout_seconds: float = 10.0) -> None:
        super().__init__(Connection("Alertmanager", url, credentials, timeout_seconds))

    def alerts(self) -> tuple[NotifiedAlert, ...]:
        """All alerts that have not ended, suppressed ones included."""
        answer = self._connection.decode(self._get("alerts"), list[_Alert])
        return tuple(alert.resolved() for alert in answer)

    def post(self, alerts: Sequence[NewAlert]) -> None:
        """Start, keep alive or (with `ends_at` in the past) end alerts. Labels are their identity."""
        content = msgspec.json.encode([_PostedAlert.of(alert) for alert in alerts])
        headers = {"Content-Type": "application/json"}
        self._connection.post("/api/v2/alerts", explain=_reason, content=content, headers=headers)

    def silences(self) -> tuple[Silence, ...]:
        """All silences, expired ones included."""
        answer = self._connection.decode(self._get("silences"), list[_Silence])
        return tuple(silence.resolved() for silence in answer)

    def status(self) -> Status:
        answer = self._connection.decode(self._get("status"), _Status)
        return Status(answer.version_info.version, answer.uptime, answer.cluster.status, answer.config.original)

    def ready(self) -> bool:
        """True when alerts are taken. Raises `Unreachable` when nobody listens."""
        return self._connection.status("/-/ready") == 200

    def _get(self, path: str, query: Pairs | None = None) -> bytes:
        return self._connection.get(f"/api/v2/{path}", explain=_reason, query=query)


def _reason(body: bytes) -> str:
    """Alertmanager says what is wrong as a JSON string, or as an object with a message."""
    try:
        answer = msgspec.json.decode(body, type=_Failure | str)
    except (ValueError, RecursionError):
        return plain_text(body)
    return answer.message if isinstance(answer, _Failure) else answer


class _Failure(msgspec.Struct):
    message: str


class _Receiver(msgspec.Struct):
    name: str


class _AlertStatus(msgspec.Struct, rename="camel"):
    state: AlertState
    inhibited_by: list[str]
    silenced_by: list[str]


class _Alert(msgspec.Struct, rename="camel"):
    fingerprint: str
    labels: dict[str, str]
    annotations: dict[str, str]
    receivers: list[_Receiver]
    status: _AlertStatus
    starts_at: datetime
    ends_at: datetime
    updated_at: datetime

    def resolved(self) -> NotifiedAlert:
        return NotifiedAlert(
            name=self.labels.get("alertname", ""),
            fingerprint=self.fingerprint,
            state=self.status.state,
            labels=Labels(self.labels),
            annotations=Labels(self.annotations),
            receivers=tuple(receiver.name for receiver in self.receivers),
            inhibited_by=tuple(self.status.inhibited_by),
            silenced_by=tuple(self.status.silenced_by),
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            updated_at=self.updated_at,
        )


class _PostedAlert(msgspec.Struct, omit_defaults=True):
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: datetime | None = msgspec.field(name="startsAt", default=None)
    ends_at: datetime | None = msgspec.field(name="endsAt", default=None)
    generator_url: str = msgspec.field(name="generatorURL", default="")

    @classmethod
    def of(cls, alert: NewAlert) -> Self:
        return cls(dict(alert.labels), dict(alert.annotations), alert.starts_at, alert.ends_at, alert.generator_url)


class _SilenceStatus(msgspec.Struct):
    state: SilenceState


class _Silence(msgspec.Struct, rename="camel"):
    id: str
    status: _SilenceStatus
    matchers: list[Matcher]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str

    def resolved(self) -> Silence:
        return Silence(
            self.id,
            self.status.state,
            tuple(self.matchers),
            self.starts_at,
            self.ends_at,
            self.created_by,
            self.comment,
        )


class _VersionInfo(msgspec.Struct):
    version: str


class _Cluster(msgspec.Struct):
    status: str


class _Config(msgspec.Struct):
    original: str


class _Status(msgspec.Struct, rename="camel"):
    version_info: _VersionInfo
    uptime: datetime
    cluster: _Cluster
    config: _Config
