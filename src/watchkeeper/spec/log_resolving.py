"""Logs and their alerts, from what is written to what it means."""

from collections.abc import Mapping

from watchkeeper import model
from watchkeeper.quantity import Duration
from watchkeeper.spec import log_schema as written

AT_ONCE = Duration.of()


def logs(found: written.Logs) -> model.Logs:
    return model.Logs(
        line=_fields(found.line),
        levels=_levels(found.levels),
        correlation=model.Correlation(found.correlation.headers, found.correlation.accepts, found.correlation.fields),
        events=tuple(
            model.LogEvent(name, event.level, event.component, event.help, event.fields)
            for name, event in found.events.items()
        ),
        retention=tuple(_kept(name, kept) for name, kept in found.retention.items()),
        audit=found.audit,
        redaction=_redaction(found.redaction),
    )


def _fields(found: Mapping[str, written.LogField]) -> tuple[model.LogField, ...]:
    return tuple(
        model.LogField(name, field.type, field.present, field.help, field.example or "", _fields(field.fields))
        for name, field in found.items()
    )


def _levels(found: written.Levels) -> tuple[model.LevelNumbers, ...]:
    named = {
        model.LogLevel.DEBUG: found.debug,
        model.LogLevel.INFO: found.info,
        model.LogLevel.WARN: found.warn,
        model.LogLevel.ERROR: found.error,
        model.LogLevel.FATAL: found.fatal,
    }
    return tuple(
        model.LevelNumbers(level, n.number, n.python, n.otel, n.aliases, n.means) for level, n in named.items()
    )


def _kept(environment: str, found: written.Kept) -> model.Kept:
    streams = tuple(model.KeptStream(tuple(stream.match.items()), stream.keep) for stream in found.streams)
    tiers = model.Tiers(found.tiers.hot, found.tiers.warm, found.tiers.cold) if found.tiers else None
    return model.Kept(environment, found.keep, streams, tiers)


def _redaction(found: written.Redaction) -> model.Redaction:
    classes = (
        model.PiiClass(name, each.help, each.pattern, each.check, name in found.mask)
        for name, each in found.classes.items()
    )
    return model.Redaction(found.keys, found.pseudonyms, tuple(classes))


def log_alert(name: str, found: written.LogAlert, team: str) -> model.LogAlert:
    return model.LogAlert(
        name=name,
        severity=found.severity,
        kind=found.kind,
        component=found.component,
        team=found.team or team,
        lines=_lines(found.lines) if found.lines else model.KernelLines(found.kernel or ""),
        by=found.by,
        above=found.above,
        over=found.over,
        for_=found.for_ or AT_ONCE,
        ratio=_ratio(found.ratio) if found.ratio else None,
        outside=found.outside or "",
        summary=found.summary,
        impact=found.impact,
        actions=found.actions,
        escalation=found.escalation,
        runbook=found.runbook,
        panel=found.panel or "",
    )


def _lines(found: written.Lines) -> model.Lines:
    return model.Lines(found.levels, found.events, found.components)


def _ratio(found: written.LogRatio) -> model.LogRatio:
    return model.LogRatio(found.name, found.above, _lines(found.of), found.at_least, found.summary)
