"""Many files to one tree: a pack's files are added up, a project's are laid over them. Positions survive."""

from collections.abc import Iterable

from watchkeeper.problem import Problem, Span
from watchkeeper.spec.nodes import Entry, Mapping, Node, Path, is_null
from watchkeeper.spec.schema import ALTERNATIVES, NAMED, PER_SERVICE
from watchkeeper.spec.wording import error, noun

NOWHERE = Span("pack", 0, 0, 0)


def combine(roots: Iterable[Mapping]) -> tuple[Mapping, tuple[Problem, ...]]:
    """The files of a pack as one; whatever two of them define is a problem."""
    combined: dict[str, Entry] = {}
    problems: list[Problem] = []
    for root in roots:
        for key, entry in root.entries.items():
            present = combined.get(key)
            if present is None:
                combined[key] = entry
            elif key in NAMED and isinstance(present.value, Mapping) and isinstance(entry.value, Mapping):
                combined[key] = Entry(present.key, _joined(key, present.value, entry.value, problems))
            elif not is_null(entry.value):
                problems.append(_twice(f"`{key}`", present.key, entry.key))
    return Mapping(combined, NOWHERE), tuple(problems)


def _joined(section: str, first: Mapping, second: Mapping, problems: list[Problem]) -> Mapping:
    names = dict(first.entries)
    for name, entry in second.entries.items():
        if name in names:
            problems.append(_twice(f"{noun(section)} `{name}`", names[name].key, entry.key))
        else:
            names[name] = entry
    return Mapping(names, first.span, first.flow)


def _twice(what: str, first: Span, second: Span) -> Problem:
    return error(
        "defined-twice",
        second,
        f"{what} is defined in two files of one pack",
        found=f"first defined at {first}",
        allowed="each name once",
        fix="keep one of the two; only a project file may change what a pack defines",
    )


def overlay(base: Mapping, over: Mapping, path: Path = ()) -> Mapping:
    """`over` laid over `base`: maps merge key by key, everything else replaces what was there."""
    merged = _without_alternatives(base, over, path)
    for key, entry in over.entries.items():
        below = merged.get(key)
        if below is None:
            merged[key] = entry
        elif isinstance(below.value, Mapping):
            merged[key] = Entry(entry.key, _laid(below.value, entry.value, (*path, key)))
        else:
            merged[key] = entry
    return Mapping(merged, over.span, over.flow)


def _laid(base: Mapping, over: Node, path: Path) -> Node:
    if isinstance(over, Mapping):
        return overlay(base, over, path)
    # a section with everything in it commented out changes nothing
    return base if is_null(over) and len(path) == 1 else over


def _without_alternatives(base: Mapping, over: Mapping, path: Path) -> dict[str, Entry]:
    """What is below, without the keys that one of the keys above excludes."""
    kept = dict(base.entries)
    if len(path) != 2:
        return kept
    for group in ALTERNATIVES.get(str(path[0]), ()):
        if any(keys & over.entries.keys() for keys in group):
            for keys in group:
                if not keys & over.entries.keys():
                    kept = {key: entry for key, entry in kept.items() if key not in keys}
    return kept


def of_service(root: Mapping, service: Mapping | None) -> Mapping:
    """What holds for one service: everything shared, with its own laid over it."""
    shared = {key: entry for key, entry in root.entries.items() if key not in {"service", "services"}}
    base = Mapping(shared, root.span, root.flow)
    if service is None:
        return base
    own = {key: entry for key, entry in service.entries.items() if key in PER_SERVICE}
    merged = overlay(base, Mapping(own, service.span, service.flow))
    return Mapping(merged.entries, root.span, root.flow)
