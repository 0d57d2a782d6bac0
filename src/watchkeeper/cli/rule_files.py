"""Rule files that others wrote, and what is known of the metrics they read."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from watchkeeper import checks
from watchkeeper.checks.declared import read_inventory
from watchkeeper.checks.inventory import Inventory, Served, of_page, of_server
from watchkeeper.live import page
from watchkeeper.live.prometheus import Prometheus
from watchkeeper.problem import Problem
from watchkeeper.spec.reading import read, unreadable

_ENDINGS = {".rules", ".yaml", ".yml"}
_LOGQL = re.compile(r"(?:^|[(\s,])\{[^{}\n]*[=~][^{}\n]*\}\s*(?:\||!~|!>|!=\s*[\"`])", re.MULTILINE)
"""A stream and what is done with its lines: only Loki's rules have that."""
_GROUPS = re.compile(r"^\s*[\"']?groups[\"']?\s*:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Gathered:
    texts: dict[str, str]
    """Rule files by name."""
    problems: tuple[Problem, ...]
    """Files that cannot be read."""
    others: tuple[str, ...]
    """YAML files of a directory that hold no `groups:`."""
    of_loki: tuple[str, ...]
    """Files with rules of Loki, which are other expressions in the same form."""


def gather(places: Iterable[Path]) -> Gathered:
    """Files as they are named; of a directory those below it that hold rules."""
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    others: list[str] = []
    of_loki: list[str] = []
    for place in places:
        named = not _is_folder(place)
        paths, closed = ([place], []) if named else _below(place)
        problems += closed
        for path in paths:
            source = read(path, str(path))
            if isinstance(source, Problem):
                problems.append(source)
            elif not named and not _GROUPS.search(source.text):
                others.append(source.file)
            elif _LOGQL.search(source.text):
                of_loki.append(source.file)
            else:
                texts[source.file] = source.text
    return Gathered(texts, tuple(problems), tuple(others), tuple(of_loki))


def _is_folder(place: Path) -> bool:
    try:
        return place.is_dir()
    except OSError:
        return False  # reading it says why


def _below(folder: Path) -> tuple[list[Path], list[Problem]]:
    """Files, and directories that cannot be looked into: rules that nobody read are not sound."""
    closed: list[Problem] = []

    def refused(failure: OSError) -> None:
        closed.append(unreadable(str(failure.filename), failure))

    found = [Path(parent, name) for parent, _, names in os.walk(folder, onerror=refused) for name in names]
    return sorted(path for path in found if path.suffix in _ENDINGS and _may_be_read(path)), closed


def _may_be_read(path: Path) -> bool:
    """Pipes and links that lead nowhere are passed over; what is kept from us is not."""
    try:
        return path.is_file()
    except OSError:
        return True


def declared(path: Path) -> Inventory | tuple[Problem, ...]:
    """The inventory in a file, or why there is none."""
    source = read(path, str(path))
    if isinstance(source, Problem):
        return (source,)
    found = read_inventory(source.text, source.file)
    return found.problems if found.inventory is None else found.inventory


def scraped(url: str) -> Inventory:
    """Raises `LiveError`."""
    _, families = page.fetch(url)
    return of_page(families)


def served(url: str, texts: dict[str, str]) -> Inventory:
    """Asks only about what the rules read. Raises `LiveError`."""
    with Prometheus(url) as server:
        names = server.names()
        read_here = checks.series_read(texts) & names
        return of_server(
            Served(
                names,
                server.types(),
                {name: server.label_names(name) for name in sorted(read_here)},
                {
                    name: frozenset(server.label_values("le", name))
                    for name in sorted(read_here)
                    if name.endswith("_bucket")
                },
                server.shortest_scrape(),
            )
        )


def pages(folder: Path) -> frozenset[str]:
    """Names of the runbook pages in a directory."""
    return frozenset(page.name for page in folder.glob("*.md"))
