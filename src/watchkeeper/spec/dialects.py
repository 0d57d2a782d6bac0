"""Services that speak another dialect: that it exists, that it becomes what we know, and what then stays silent."""

import textwrap
from collections.abc import Iterator

from watchkeeper import model, promql
from watchkeeper.model import Emitter
from watchkeeper.problem import Problem, Severity
from watchkeeper.spec import references, schema, series
from watchkeeper.spec.definitions import Definitions
from watchkeeper.spec.nodes import Path
from watchkeeper.spec.wording import error, instead, listed

LOG_EVENTS = "log_events_total"
_COLUMNS = 100


def chosen(d: Definitions) -> Iterator[Problem]:
    if d.dialect is not None:
        yield from references.unknown(d, "dialects", d.dialect, ("dialect",))


def targets(d: Definitions) -> Iterator[Problem]:
    """What theirs become must be ours."""
    for name, written in d.dialects.items():
        places: list[tuple[Path, str]] = [
            (("dialects", name, "families", theirs), ours) for theirs, ours in written.families.items()
        ]
        for key, rules in (("series", written.series), ("copies", written.copies), ("critical", written.critical)):
            places += [(("dialects", name, key, index, "to"), rule.to) for index, rule in enumerate(rules)]
        for path, metric in places:
            if metric not in d.named("metrics"):
                yield error(
                    "unknown-metric",
                    d.at(*path),
                    f"dialect `{name}` speaks of a metric that is not defined",
                    found=metric,
                    allowed="a metric of ours",
                    fix=instead(metric, series.names(d), "define it under `metrics`"),
                )


def silent(d: Definitions) -> Iterator[Problem]:
    """By name, what cannot be seen of a service without our SDK: said once, and no obstacle."""
    written = d.dialects.get(d.dialect or "")
    if written is None:
        return
    metrics = _absent(d, written)
    recordings = _empty(metrics, d)
    absent = metrics | recordings
    for what, names in (
        ("alerts that stay silent", tuple(name for name, alert in d.alerts.items() if absent & _read(alert.value))),
        ("alerts on log lines that only Loki can give", tuple(_of_lines_alone(absent, d))),
        ("recorded series that stay empty", tuple(recordings)),
        ("panels that stay empty", tuple(_panels(absent, d))),
        ("objectives that are left out: only the SDK counts them", uncounted(d)),
    ):
        if names:
            summary = f"{what} with dialect `{d.dialect}`"
            found = textwrap.fill(listed(names, limit=len(names)), _COLUMNS, break_on_hyphens=False)
            yield Problem("dialect", Severity.INFO, d.at("dialect"), summary, found=found)


def uncounted(d: Definitions) -> tuple[str, ...]:
    """Objectives on what only the SDK knows: a request's class and first useful token, or a counter of its own."""
    written = d.dialects.get(d.dialect or "")
    if written is None:
        return ()
    absent = _absent(d, written)
    return tuple(
        name
        for name, slo in d.slos.items()
        if (absent & _read(slo.total) if slo.total is not None else slo.class_ or slo.within)
    )


def _absent(d: Definitions, written: schema.Dialect) -> frozenset[str]:
    own = {name for name, metric in d.metrics.items() if metric.emitter is Emitter.SDK}
    return frozenset(own - dialect("", written).spoken)


def _empty(metrics: frozenset[str], d: Definitions) -> frozenset[str]:
    """Recordings that read an absent metric, or one another that does."""
    read = {name: frozenset().union(*(_read(rule.value) for rule in each.rules)) for name, each in d.recordings.items()}
    absent = metrics
    while more := {name for name, names in read.items() if name not in absent and absent & names}:
        absent |= more
    return absent - metrics


def _of_lines_alone(absent: frozenset[str], d: Definitions) -> Iterator[str]:
    """Of a process's own end others tell as well."""
    for name, alert in d.log_alerts.items():
        if LOG_EVENTS in absent and alert.lines is not None and alert.outside is None:
            yield from (name, alert.ratio.name) if alert.ratio else (name,)


def _panels(absent: frozenset[str], d: Definitions) -> Iterator[str]:
    for key, dashboard in d.dashboards.items():
        for name, panel in dashboard.panels.items():
            if all(absent & _read(query.value) for query in panel.queries):
                yield f"{key}/{name}"


def _read(text: str) -> frozenset[str]:
    """What cannot be read at all is reported elsewhere."""
    try:
        names = promql.metrics(promql.parse(text))
    except promql.PromqlError:
        return frozenset()
    return frozenset(name.removesuffix(end) for name in names for end in ("", *series.HISTOGRAM_ENDINGS))


# --- what it means ----------------------------------------------------------------------------------


def dialect(name: str, written: schema.Dialect) -> model.Dialect:
    parts = (
        (written.series, model.Part.STANDARD),
        (written.copies, model.Part.COPY),
        (written.critical, model.Part.CRITICAL),
    )
    return model.Dialect(
        name,
        written.help,
        tuple(written.labels.items()),
        tuple(written.families.items()),
        tuple(_renamed(rule, part) for rules, part in parts for rule in rules),
    )


def _renamed(rule: schema.Renamed, part: model.Part) -> model.Renamed:
    return model.Renamed(rule.from_, tuple(rule.when.items()), rule.to, tuple(rule.set_.items()), part)
