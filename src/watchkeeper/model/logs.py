"""Logs: the line and its words, who keeps them how long, what must not stand in them, and the alerts that read them."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from watchkeeper.model.alert import Kind, Severity
from watchkeeper.quantity import Duration, Ratio


class LogLevel(StrEnum):
    """As label values and in definitions; a line has them in capitals."""

    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"
    FATAL = "fatal"


class RetentionClass(StrEnum):
    """The value of a line, and a stream label: by its event (audit), else by its level (fatal), else std."""

    STD = "std"
    FATAL = "fatal"
    AUDIT = "audit"


STREAM_LABELS = ("service_name", "deployment_environment_name", "retention_class")
"""Everything else about a line is structured metadata: a label more is a stream more for each of its values."""

AUDIT_TENANT = "audit"
"""Audit lines have a tenant of their own in Loki; every other tenant is named like its environment."""


class FieldType(StrEnum):
    """What may stand in a field of a line."""

    TIMESTAMP = "timestamp"
    LEVEL = "level"
    TEXT = "text"
    NUMBER = "number"
    OBJECT = "object"


class Presence(StrEnum):
    """On every line; on lines written while a request is served; where the code that logs gives it."""

    ALWAYS = "always"
    REQUEST = "request"
    GIVEN = "given"


@dataclass(frozen=True, slots=True)
class LogField:
    name: str
    type: FieldType
    present: Presence
    help: str
    example: str
    """As text; empty for an object, whose fields have their own."""
    fields: tuple["LogField", ...]


@dataclass(frozen=True, slots=True)
class LevelNumbers:
    """One level in the three numberings a reader meets."""

    level: LogLevel
    number: int
    """The specification's."""
    python: int
    otel: int
    """OpenTelemetry's severity number."""
    aliases: tuple[str, ...]
    """Other words for it, as foreign loggers write them."""
    means: str


@dataclass(frozen=True, slots=True)
class Correlation:
    """Which id of a caller is taken over: the first of these headers whose value fits; else a new UUID."""

    headers: tuple[str, ...]
    accepts: str
    """Regular expression for the whole value."""
    fields: tuple[str, ...]
    """The ids of a line that lead to other lines and to the trace."""


@dataclass(frozen=True, slots=True)
class LogEvent:
    """A name out of the closed vocabulary: what varies goes into fields, never into the name."""

    name: str
    level: LogLevel
    component: str
    help: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tiers:
    """How long lines are fast, slower and slow to ask for. Loki has no tiers; see `compile.loki`."""

    hot: Duration
    warm: Duration
    cold: Duration

    @property
    def whole(self) -> Duration:
        return self.hot + self.warm + self.cold


@dataclass(frozen=True, slots=True)
class KeptStream:
    """Lines with these stream labels are kept longer or shorter than the rest."""

    match: tuple[tuple[str, str], ...]
    keep: Duration


@dataclass(frozen=True, slots=True)
class Kept:
    """How long the lines of one environment live."""

    environment: str
    """Its tenant in Loki has the same name."""
    keep: Duration
    streams: tuple[KeptStream, ...]
    """The first that fits decides."""
    tiers: Tiers | None

    @property
    def longest(self) -> Duration:
        return max((self.keep, *(stream.keep for stream in self.streams)))


class PiiCheck(StrEnum):
    """What code does behind a pattern to be sure. Agents have no code: they mask whatever the pattern hits."""

    NONE = "none"
    LUHN = "luhn"
    IP = "ip"


@dataclass(frozen=True, slots=True)
class PiiClass:
    name: str
    help: str
    pattern: str
    """Means the same to Python's `re` and to RE2."""
    check: PiiCheck
    masked: bool


@dataclass(frozen=True, slots=True)
class Redaction:
    keys: tuple[str, ...]
    """Patterns for names of fields whose whole value is masked."""
    pseudonyms: tuple[str, ...]
    """Fields whose value is replaced by a hash: people can be told apart and not be named."""
    classes: tuple[PiiClass, ...]


@dataclass(frozen=True, slots=True)
class Logs:
    line: tuple[LogField, ...]
    levels: tuple[LevelNumbers, ...]
    """All five, the quietest first."""
    correlation: Correlation
    events: tuple[LogEvent, ...]
    retention: tuple[Kept, ...]
    audit: Duration
    """How long lines of audit events are kept, in a tenant of their own."""
    redaction: Redaction

    def numbers(self, level: LogLevel) -> LevelNumbers:
        return next(numbers for numbers in self.levels if numbers.level is level)


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines that have one of these levels, one of these events and one of these components; empty is any."""

    levels: tuple[LogLevel, ...]
    events: tuple[str, ...]
    components: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KernelLines:
    """Lines of the kernel's log that fit a pattern: a process that was killed writes none."""

    pattern: str


@dataclass(frozen=True, slots=True)
class LogRatio:
    """The twin of a rate: a share of other lines, which also speaks at night, and not of a handful of lines."""

    name: str
    above: Ratio
    of: Lines
    at_least: Decimal
    """Lines a second of `of`; below, a share says nothing."""
    summary: str


@dataclass(frozen=True, slots=True)
class LogAlert:
    name: str
    severity: Severity
    kind: Kind
    component: str
    team: str
    lines: Lines | KernelLines
    by: tuple[str, ...]
    """Fields that tell one problem from another; only Loki knows them."""
    above: Decimal | None
    """Lines a second; None: a single line is enough."""
    over: Duration
    for_: Duration
    ratio: LogRatio | None
    outside: str
    """PromQL, more than zero when it happened: what the dying process can no longer count. Empty for none."""
    summary: str
    impact: str
    actions: tuple[str, ...]
    escalation: str
    runbook: str
    panel: str
    """`dashboard/panel` that shows it; empty for none."""
