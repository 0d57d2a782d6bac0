"""The catalog against a page that a scrape reads: what is missing, undeclared, of another type, more than planned."""

from collections.abc import Iterator

from watchkeeper.checks import inventory
from watchkeeper.checks.definitions import Definitions
from watchkeeper.formats import exposition
from watchkeeper.model import Metric
from watchkeeper.problem import Problem, Severity, Span
from watchkeeper.spec.wording import closest, listed

OVERFLOW = "__other__"
"""Where the SDK counts values beyond a label's domain."""
_UNSAID = frozenset({"unknown", "untyped"})


def compare(definitions: Definitions, families: tuple[exposition.Family, ...], page: str) -> tuple[Problem, ...]:
    """`page` is the name under which problems speak of the page, its address say."""
    declared = {metric.name: metric for metric in definitions.catalog.metrics}
    known = inventory.of_catalog(definitions.catalog)
    found: list[Problem] = []
    for family in families:
        metric = declared.get(family.name)
        if metric is None:
            found.append(_undeclared(family, page, declared))
            continue
        found += _type(family, metric, page)
        found += _labels(family, known.families[metric.name], page)
        found += _plan(family, metric, page)
    found += _missing(definitions, {family.name for family in families}, page)
    return tuple(sorted(found, key=lambda each: each.position))


def _at(page: str, line: int, name: str) -> Span:
    return Span(page, line, 1, 1 + len(name))


def _undeclared(family: exposition.Family, page: str, declared: dict[str, Metric]) -> Problem:
    near = closest(family.name, declared)
    return Problem(
        "undeclared-metric",
        Severity.WARNING,
        _at(page, family.line, family.name),
        f"`{family.name}` is exposed but not declared",
        allowed=near or "",
        fix="declare it under `metrics`, or stop exposing it: nobody counts its series",
    )


def _type(family: exposition.Family, metric: Metric, page: str) -> Iterator[Problem]:
    if family.type not in {metric.type.value, *_UNSAID}:
        yield Problem(
            "other-type",
            Severity.ERROR,
            _at(page, family.line, family.name),
            f"`{family.name}` is exposed as a {family.type}",
            found=family.type,
            allowed=metric.type.value,
            fix="mend the declaration or the code that exposes it: rates and thresholds rely on the type",
        )


def _labels(family: exposition.Family, known: inventory.Family, page: str) -> Iterator[Problem]:
    """Each label and each value once, at the first sample that has it."""
    if known.labels is None:
        return
    told: set[tuple[str, str]] = set()
    for sample in family.samples:
        for label, value in sample.labels:
            if label in {"le", "quantile"}:
                continue
            if label not in known.labels:
                key, summary, allowed = (label, ""), f"`{family.name}` has an undeclared label `{label}`", known.labels
            elif not _inside(known.values_of(label), value):
                key, summary = (label, value), f"label `{label}` of `{family.name}` has a value outside its domain"
                allowed = dict.fromkeys(known.values_of(label) or ())
            else:
                continue
            if key not in told:
                told.add(key)
                yield Problem(
                    "outside-domain",
                    Severity.ERROR,
                    _at(page, sample.line, sample.name),
                    summary,
                    found=f'{label}="{value}"',
                    allowed=listed(allowed),
                    fix="declare it, or mend the code: an alert on what is declared never sees it",
                )


def _inside(values: frozenset[str] | None, value: str) -> bool:
    return values is None or value in values or value == OVERFLOW


def _plan(family: exposition.Family, metric: Metric, page: str) -> Iterator[Problem]:
    series = len({(sample.name, sample.labels) for sample in family.samples})
    if series > metric.planned:
        yield Problem(
            "over-plan",
            Severity.WARNING,
            _at(page, family.line, family.name),
            f"`{family.name}` has more series than planned",
            found=f"{series} series",
            allowed=f"{metric.planned} a process",
            fix="look which label grew, and raise its plan or bound it",
        )


def _missing(definitions: Definitions, exposed: set[str], page: str) -> Iterator[Problem]:
    """Of those who expose anything on this page: a probe's page lacks no metrics of the SDK."""
    metrics = definitions.catalog.metrics
    here = {metric.emitter for metric in metrics if metric.name in exposed}
    for metric in metrics:
        if metric.emitter in here and metric.name not in exposed:
            yield Problem(
                "missing-metric",
                Severity.WARNING,
                definitions.key("metrics", metric.name),
                f"`{metric.name}` is declared but not on {page}",
                fix="expose it, or remove it: what reads it sees nothing",
            )
    if not here:
        yield Problem(
            "missing-metric",
            Severity.ERROR,
            Span(page, 0, 0, 0),
            "none of the declared metrics is on this page",
            fix="name the address where the service exposes its metrics",
        )
