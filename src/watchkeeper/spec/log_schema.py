"""What may stand under `logs` and `log_alerts`."""

from pydantic import Field

from watchkeeper.model import PiiCheck
from watchkeeper.spec import scalars as s
from watchkeeper.spec.written import Switched, Written


class LogField(Written):
    type: s.FieldType
    present: s.Presence
    help: s.Text
    example: s.Word | None = None
    fields: dict[s.SeriesName, "LogField"] = Field(default_factory=dict, description="Of an object: what is in it.")


class LevelNumbers(Written):
    number: s.Whole
    python: s.Whole
    otel: s.Whole
    aliases: tuple[s.Word, ...] = ()
    means: s.Text


class Levels(Written):
    debug: LevelNumbers
    info: LevelNumbers
    warn: LevelNumbers
    error: LevelNumbers
    fatal: LevelNumbers


class Correlation(Written):
    headers: tuple[s.HeaderName, ...] = Field(min_length=1)
    accepts: s.Pattern
    fields: tuple[s.SeriesName, ...] = Field(min_length=1)


class LogEvent(Written):
    level: s.LogLevel
    component: s.Name
    help: s.Text
    fields: tuple[s.SeriesName, ...] = ()


class Tiers(Written):
    hot: s.Time
    warm: s.Time
    cold: s.Time


class KeptStream(Written):
    match: dict[s.SeriesName, s.Word] = Field(min_length=1)
    keep: s.Time


class Kept(Written):
    keep: s.Time
    tiers: Tiers | None = None
    streams: tuple[KeptStream, ...] = ()


class PiiClass(Written):
    help: s.Text
    pattern: s.Pattern
    check: s.PiiCheck = PiiCheck.NONE


class Redaction(Written):
    keys: tuple[s.Pattern, ...] = ()
    pseudonyms: tuple[s.SeriesName, ...] = ()
    classes: dict[s.Name, PiiClass] = Field(default_factory=dict)
    mask: tuple[s.Name, ...] = Field(description="The classes that are masked.")


class Logs(Written):
    """The line, its words, how long it is kept and what is masked in it."""

    line: dict[s.SeriesName, LogField]
    levels: Levels
    correlation: Correlation
    events: dict[s.EventName, LogEvent]
    retention: dict[s.Name, Kept] = Field(min_length=1)
    audit: s.Time
    redaction: Redaction


class Lines(Written):
    """Which lines: any of the levels, any of the events, any of the components."""

    levels: tuple[s.LogLevel, ...] = ()
    events: tuple[s.EventName, ...] = ()
    components: tuple[s.Name, ...] = ()


class LogRatio(Written):
    name: s.AlertName
    above: s.Share
    of: Lines = Lines()
    at_least: s.Rate
    summary: s.Text


class LogAlert(Switched):
    severity: s.Severity
    kind: s.Kind
    component: s.Name
    team: s.Name | None = None
    lines: Lines | None = None
    kernel: s.Pattern | None = Field(default=None, description="Lines of the kernel's log that fit this pattern.")
    by: tuple[s.SeriesName, ...] = Field(default=(), description="Fields of the line; only Loki knows them.")
    above: s.Rate | None = Field(default=None, description="Lines a second; without it one line is enough.")
    over: s.Time
    for_: s.Time | None = Field(default=None, alias="for")
    ratio: LogRatio | None = None
    outside: s.Text | None = Field(default=None, description="PromQL for what the process itself cannot count.")
    summary: s.Text
    impact: s.Text
    actions: tuple[s.Text, ...] = Field(min_length=1)
    escalation: s.Text
    runbook: s.Runbook
    panel: s.Panel | None = None
