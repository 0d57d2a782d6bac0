"""The door: files to a catalog, or to every reason why there is none."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from watchkeeper import model
from watchkeeper.problem import Problem, Severity, Span
from watchkeeper.spec import (
    dashboards,
    delivery,
    dialects,
    expressions,
    intervals,
    logs,
    measurements,
    nodes,
    objectives,
    references,
    tracing,
)
from watchkeeper.spec.definitions import Definitions, define, service_names
from watchkeeper.spec.merging import combine, of_service, overlay
from watchkeeper.spec.parsing import parse
from watchkeeper.spec.reading import Source, Texts, examples, pack_sources, project_path, read, runbook_pages
from watchkeeper.spec.resolving import resolve
from watchkeeper.spec.schedules import schedules
from watchkeeper.spec.validating import MAX_PROBLEMS
from watchkeeper.spec.wording import error

REFERENCE_SERVICE = "llm-copilot-agent"
"""The service that the shipped pack is about while no project file names another."""
PROJECT_FILE = "watchkeeper.yaml"

Check: TypeAlias = Callable[[Definitions], Iterator[Problem]]
SharedCheck: TypeAlias = Callable[[Sequence[Definitions]], Iterator[Problem]]

CHECKS: tuple[Check, ...] = (
    references.runbooks,
    references.classes,
    references.budget_policy,
    objectives.anything,
    objectives.events,
    objectives.burn_alerts,
    objectives.own_tiers,
    intervals.rules,
    objectives.bounds,
    measurements.names,
    measurements.buckets,
    measurements.labels,
    expressions.alerts,
    expressions.objectives,
    expressions.recordings,
    expressions.log_alerts,
    logs.section,
    logs.line,
    logs.retention,
    logs.redaction,
    logs.alerts,
    references.receivers,
    delivery.owners,
    dialects.chosen,
    dialects.targets,
    dialects.silent,
    dashboards.dashboards,
    dashboards.shown,
    tracing.names,
    tracing.propagation,
    tracing.waits,
    tracing.memory,
    tracing.rules,
    tracing.buckets,
    tracing.retention,
    tracing.redaction,
)
SHARED_CHECKS: tuple[SharedCheck, ...] = (
    references.matches,
    references.labels_named,
    references.inhibition_cycles,
    schedules,
    delivery.teams,
    delivery.limits,
    delivery.twins,
    delivery.always_heard,
    delivery.inhibitions,
    tracing.request_classes,
)


@dataclass(frozen=True, slots=True)
class Loaded:
    catalog: model.Catalog | None
    """None while there is any error."""
    problems: tuple[Problem, ...]
    """Sorted by place."""
    sources: Mapping[str, str]
    """The text of every file read, secrets masked, by the name that problems use."""
    project: str | None
    """The project file, by that name; None for a pack alone."""


class _Files:
    """Reads and parses; remembers the texts and what was wrong with them."""

    def __init__(self) -> None:
        self.sources: dict[str, str] = {}
        self.problems: list[Problem] = []
        self.whole = True

    def take(self, source: Source | Problem) -> nodes.Mapping | None:
        if isinstance(source, Problem):
            self.problems.append(source)
            self.whole = False
            return None
        self.sources[source.file] = source.text
        parsed = parse(source.text, source.file)
        self.problems += parsed.problems
        self.whole = self.whole and parsed.root is not None
        return parsed.root

    def folder(self, found: Texts | Problem) -> Texts:
        if isinstance(found, Problem):
            self.take(found)
            return {}
        return found

    def texts(self, found: Mapping[str, Source | Problem]) -> dict[str, str]:
        """Those that can be read, by name."""
        self.problems += [each for each in found.values() if isinstance(each, Problem)]
        return {name: each.text for name, each in sorted(found.items()) if isinstance(each, Source)}


def load(project: Path | None = None, *, pack: Traversable | None = None, today: date | None = None) -> Loaded:
    """A project file over the shipped pack (or the pack alone) as one catalog, with every problem found. Never raises.

    `pack` replaces the shipped pack; `today` decides which switched-off definitions count again.
    """
    shipped = files("watchkeeper") / "pack" if pack is None else pack
    today = date.today() if today is None else today  # noqa: DTZ011 - days in `until` are the reader's own
    read_files = _Files()
    pack_roots = [read_files.take(source) for source in pack_sources(shipped)]
    base, twice = combine(root for root in pack_roots if root is not None)
    root, found = base, read_files.folder(runbook_pages(shipped, "pack"))
    name = None
    if project is not None:
        path = project_path(project, PROJECT_FILE)
        name = str(path)
        source = read(path, name)
        own = read_files.take(source)
        root = overlay(base, own) if own is not None else base
        if isinstance(source, Source):  # else what lies beside it is nobody's
            found |= read_files.folder(runbook_pages(path.parent, str(path.parent)))
    pages = tuple(model.RunbookPage(name, text) for name, text in read_files.texts(found).items())
    examples_found = read_files.folder(examples(shipped, "pack"))
    shown = tuple(model.Example(name, text) for name, text in read_files.texts(examples_found).items())
    problems = [*read_files.problems, *twice]
    if not read_files.whole:
        return _loaded(None, problems, read_files.sources, name)
    services, wrong = _services(root, today, frozenset(found), named=project is not None)
    problems += wrong
    failed = any(problem.severity is Severity.ERROR for problem in problems)
    return _loaded(None if failed else resolve(services, pages, shown), problems, read_files.sources, name)


def _services(
    root: nodes.Mapping, today: date, runbooks: frozenset[str], *, named: bool
) -> tuple[list[Definitions], list[Problem]]:
    """Each service's definitions, and what is wrong with them."""
    names, problems = service_names(root)
    if not names and not problems and named:
        problems.append(_nameless(root))
    services: list[Definitions] = []
    for name, own in (names or {REFERENCE_SERVICE: None}).items():
        definitions, wrong = define(name, of_service(root, own), runbooks, today)
        services.append(definitions)
        problems += wrong
        problems += _checked(definitions)
    for check in SHARED_CHECKS:
        problems += islice(check(services), MAX_PROBLEMS + 1)
    return services, problems


def _checked(definitions: Definitions) -> Iterator[Problem]:
    for check in CHECKS:
        yield from islice(check(definitions), MAX_PROBLEMS + 1)


def _nameless(root: nodes.Mapping) -> Problem:
    return error(
        "missing-key",
        Span(root.span.file, 0, 0, 0),
        "no service is named",
        allowed="`service: NAME`",
        fix="add `service: NAME` with the name of what you watch",
    )


def _loaded(
    catalog: model.Catalog | None, problems: Iterable[Problem], sources: Mapping[str, str], project: str | None
) -> Loaded:
    """Services share most definitions: what is wrong there is said once."""
    unique = sorted(dict.fromkeys(problems), key=lambda problem: problem.position)
    shown = unique[:MAX_PROBLEMS]
    if len(unique) > MAX_PROBLEMS:
        more = f"more than {MAX_PROBLEMS} problems; the others are not shown"
        shown.append(error("too-many", Span(unique[-1].span.file, 0, 0, 0), more, fix="mend the first ones first"))
    secrets = [problem.span for problem in unique if problem.code == "secret"]
    return Loaded(catalog, tuple(shown), MappingProxyType(_masked(sources, secrets)), project)


def _masked(sources: Mapping[str, str], secrets: Sequence[Span]) -> dict[str, str]:
    """The texts to show, without what must not be shown."""
    masked = dict(sources)
    for file in {span.file for span in secrets}:
        parts = re.split(r"(\r\n|\r|\n)", masked[file])
        for span in secrets:
            if span.file == file:
                index, start, end = 2 * (span.line - 1), span.column - 1, span.end - 1
                line = parts[index]
                parts[index] = line[:start] + "*" * len(line[start:end]) + line[end:]
        masked[file] = "".join(parts)
    return masked
