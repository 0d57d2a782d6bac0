"""What cannot be meant about logs: retention Loki would refuse, words nobody writes, alerts that look at nothing."""

from collections.abc import Iterable, Iterator

from watchkeeper.model import AUDIT_TENANT, STREAM_LABELS, FieldType, RetentionClass
from watchkeeper.problem import Problem
from watchkeeper.quantity import Duration
from watchkeeper.spec import log_schema as written
from watchkeeper.spec.definitions import Definitions
from watchkeeper.spec.nodes import Path
from watchkeeper.spec.wording import error, instead, listed

SHORTEST_KEPT = Duration.of(days=1)
"""Loki's own bound for any retention; it refuses to start with less, and a reload keeps the old one."""


def section(d: Definitions) -> Iterator[Problem]:
    """Log alerts speak in the words of `logs`."""
    if d.log_alerts and d.logs is None and "logs" not in d.root.entries:
        yield error(
            "missing-key",
            d.key("log_alerts"),
            "there are log alerts, but no `logs`",
            allowed="`logs:` with the line, its levels and events, and the retention",
            fix="add it, or extend a pack that has it",
        )


def line(d: Definitions) -> Iterator[Problem]:
    if d.logs is None:
        return
    for name, field in d.logs.line.items():
        yield from _field(d, field, ("logs", "line", name))
    for index, field_name in enumerate(d.logs.correlation.fields):
        if field_name not in d.logs.line:
            yield _unknown(d, "field of a line", field_name, d.logs.line, ("logs", "correlation", "fields", index))


def _field(d: Definitions, field: written.LogField, path: Path) -> Iterator[Problem]:
    is_object = field.type is FieldType.OBJECT
    if is_object is bool(field.fields) and is_object is (field.example is None):
        for name, inner in field.fields.items():
            yield from _field(d, inner, (*path, "fields", name))
        return
    wanted = "`fields` and no example of its own" if is_object else "an `example` and no `fields`"
    yield error(
        "conflict",
        d.key(*path),
        f"field `{path[-1]}` of a line is {field.type}",
        allowed=wanted,
        fix=f"give it {wanted}",
    )


def retention(d: Definitions) -> Iterator[Problem]:
    if d.logs is None:
        return
    yield from _long_enough(d, d.logs.audit, ("logs", "audit"))
    for name, kept in d.logs.retention.items():
        path = ("logs", "retention", name)
        if name == AUDIT_TENANT:
            yield error(
                "conflict",
                d.key(*path),
                f"`{name}` is no environment",
                allowed="environments; audit lines have a tenant of their own",
                fix="write how long they are kept under `logs.audit`",
            )
        yield from _long_enough(d, kept.keep, (*path, "keep"))
        yield from _tiers(d, kept, path)
        for index, stream in enumerate(kept.streams):
            yield from _long_enough(d, stream.keep, (*path, "streams", index, "keep"))
            yield from _stream_labels(d, stream, (*path, "streams", index, "match"))


def _long_enough(d: Definitions, keep: Duration, path: Path) -> Iterator[Problem]:
    if keep < SHORTEST_KEPT:
        yield error(
            "retention",
            d.at(*path),
            "lines are kept for less than a day",
            found=keep.words,
            allowed="1d and more: Loki deletes by the day",
            fix="write 1d",
        )


def _tiers(d: Definitions, kept: written.Kept, path: Path) -> Iterator[Problem]:
    if kept.tiers is None:
        return
    whole = kept.tiers.hot + kept.tiers.warm + kept.tiers.cold
    if whole != kept.keep:
        yield error(
            "retention",
            d.key(*path, "tiers"),
            f"the tiers of `{path[-1]}` do not add up to what is kept",
            found=f"{whole.words} in tiers, {kept.keep.words} kept",
            allowed="hot + warm + cold = keep",
            fix=f"write `keep: {whole}`, or change the tiers",
        )


def _stream_labels(d: Definitions, stream: written.KeptStream, path: Path) -> Iterator[Problem]:
    for label in stream.match:
        if label not in STREAM_LABELS:
            yield error(
                "unknown-label",
                d.key(*path, label),
                f"`{label}` is no stream label, and Loki keeps lines by stream labels only",
                found=label,
                allowed=listed(STREAM_LABELS),
                fix=instead(label, STREAM_LABELS, "match `retention_class`, which agents set by level"),
            )
    chosen = stream.match.get("retention_class")
    if chosen is not None and chosen not in list(RetentionClass):
        path = (*path, "retention_class")
        yield _unknown(d, "retention class", chosen, RetentionClass, path, otherwise="name one of these")


def redaction(d: Definitions) -> Iterator[Problem]:
    if d.logs is None:
        return
    classes = d.logs.redaction.classes
    for index, name in enumerate(d.logs.redaction.mask):
        if name not in classes:
            yield _unknown(d, "class of private data", name, classes, ("logs", "redaction", "mask", index))


def alerts(d: Definitions) -> Iterator[Problem]:
    names: dict[str, tuple[str, ...]] = {name: ("alerts", name) for name in d.named("alerts")}
    for name, alert in d.log_alerts.items():
        yield from _once(d, names, name, ("log_alerts", name))
        if alert.ratio is not None:
            yield from _once(d, names, alert.ratio.name, ("log_alerts", name, "ratio", "name"))
        yield from _form(d, name, alert)
        if d.logs is not None:
            yield from _words(d, d.logs, name, alert)


def _once(d: Definitions, names: dict[str, tuple[str, ...]], name: str, path: tuple[str, ...]) -> Iterator[Problem]:
    if name in names:
        yield error(
            "duplicate",
            d.key(*path) if len(path) == 2 else d.at(*path),
            f"two alerts are called `{name}`",
            found=f"the other at {d.key(*names[name])}",
            allowed="each name once, log alerts and their ratios included",
            fix="rename one of the two",
        )
    names[name] = path


def _form(d: Definitions, name: str, alert: written.LogAlert) -> Iterator[Problem]:
    if alert.lines is None and alert.kernel is None:
        yield error(
            "missing-key",
            d.key("log_alerts", name),
            f"log alert `{name}` looks at no lines",
            allowed="`lines:` of the service, or `kernel:` a pattern",
            fix="add `lines: {levels: [error, fatal]}`, say",
        )
    if alert.kernel is not None and alert.outside is None:
        yield error(
            "missing-key",
            d.key("log_alerts", name, "kernel"),
            f"log alert `{name}` looks at the kernel's log only",
            allowed="`outside:` PromQL, which sees it where no Loki does: nobody counts the kernel's lines",
            fix="add `outside: increase(node_vmstat_oom_kill[5m])`, say",
        )
    if alert.ratio is not None and (alert.above is None or alert.lines is None):
        yield error(
            "conflict",
            d.key("log_alerts", name, "ratio"),
            f"log alert `{name}` has a ratio and no rate",
            allowed="a ratio beside `lines` and `above`: the twin of a rate",
            fix="add `above: 1/s`, or remove the ratio: one line is enough already",
        )


def _words(d: Definitions, logs: written.Logs, name: str, alert: written.LogAlert) -> Iterator[Problem]:
    path: Path = ("log_alerts", name)
    selections = [(alert.lines or written.Lines(), (*path, "lines"))]
    if alert.ratio is not None:
        selections.append((alert.ratio.of, (*path, "ratio", "of")))
    components = {event.component for event in logs.events.values()}
    for lines, inside in selections:
        for index, event in enumerate(lines.events):
            if event not in logs.events:
                yield _unknown(d, "log event", event, logs.events, (*inside, "events", index))
        for index, component in enumerate(lines.components):
            if component not in components:
                yield _unknown(d, "log event of component", component, components, (*inside, "components", index))
    for index, field in enumerate(alert.by):
        known = _given_by(logs, alert)
        if field not in known:
            yield _unknown(d, "field in these lines", field, known, (*path, "by", index))


def _given_by(logs: written.Logs, alert: written.LogAlert) -> frozenset[str]:
    """Fields that every event the alert looks at has."""
    events = alert.lines.events if alert.lines else ()
    given = [frozenset(logs.events[event].fields) for event in events if event in logs.events]
    always = frozenset(logs.line)
    return always | frozenset.intersection(*given) if given else always


def _unknown(
    d: Definitions,
    what: str,
    word: str,
    allowed: Iterable[str],
    path: Path,
    *,
    otherwise: str = "name one of these, or define it",
) -> Problem:
    words = list(allowed)
    return error(
        "unknown-reference",
        d.at(*path),
        f"there is no {what} `{word}`",
        found=word,
        allowed=listed(words, limit=30),
        fix=instead(word, words, otherwise),
    )
