"""Services that speak another dialect: that it exists, that it becomes what we know, and what then stays silent."""

from collections.abc import Iterable, Iterator

from watchkeeper import model, promql
from watchkeeper.model import Emitter
from watchkeeper.problem import Problem, Severity
from watchkeeper.spec import references, schema, series
from watchkeeper.spec.definitions import Definitions
from watchkeeper.spec.nodes import Path
from watchkeeper.spec.wording import error, instead, listed


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
    absent = _absent(d, written)
    for what, names in (
        ("alerts that stay silent", _reading(absent, _alerts(d))),
        ("recorded series that stay empty", _reading(absent, _recordings(d))),
        ("objectives that are left out: only the SDK counts them", uncounted(d)),
    ):
        if names:
            summary = f"{what} with dialect `{d.dialect}`"
            yield Problem("dialect", Severity.INFO, d.at("dialect"), summary, found=listed(names, limit=100))


def uncounted(d: Definitions) -> tuple[str, ...]:
    """Objectives that need what only the SDK knows of a request: its class, the time of its first useful token."""
    return tuple(name for name, slo in d.slos.items() if slo.total is None and (slo.class_ or slo.within))


def _absent(d: Definitions, written: schema.Dialect) -> frozenset[str]:
    own = {name for name, metric in d.metrics.items() if metric.emitter is Emitter.SDK}
    return frozenset(own - dialect("", written).spoken)


def _reading(absent: frozenset[str], expressions: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Names of those that read an absent metric. What cannot be read at all is reported elsewhere."""
    return tuple(dict.fromkeys(name for name, text in expressions if absent & _read(text)))


def _read(text: str) -> frozenset[str]:
    try:
        names = promql.metrics(promql.parse(text))
    except promql.PromqlError:
        return frozenset()
    return frozenset(name.removesuffix(end) for name in names for end in ("", *series.HISTOGRAM_ENDINGS))


def _alerts(d: Definitions) -> Iterator[tuple[str, str]]:
    yield from ((name, alert.value) for name, alert in d.alerts.items())


def _recordings(d: Definitions) -> Iterator[tuple[str, str]]:
    yield from ((name, rule.value) for name, recording in d.recordings.items() for rule in recording.rules)


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
